"""Data stays where it may be, no longer than it may, from the settings to every consumer: planted worlds, and laws."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from costctl.documents.coverage import Exact, NotApplicable
from costctl.documents.data_settings import (
    DataBoundary,
    DataSettings,
    Keeping,
    ProviderSettings,
    Store,
    stricter,
)
from costctl.documents.policy import (
    Backend,
    HeaderMatch,
    Match,
    Policy,
    PolicyBoundary,
    PolicyKeeping,
    PolicyStore,
    PromptCache,
    ResponseCache,
)
from costctl.documents.settings import ClassSettings, Settings
from costctl.errors import CostctlError, InfeasibleError
from costctl.levers.boundary import reason_kept, reason_outside, undeclared
from costctl.policy.checks import check_policy
from costctl.policy.classified import boundary_of
from costctl.policy.difference import policy_difference
from costctl.policy.keeping import without_broken
from costctl.policy.mislabelled import leak_without_label
from costctl.policy.targets.registry import TARGETS
from costctl.policy.targets.target import Target
from tests.policy.policies import kind_named, policy_of, sound_policy
from tests.policy.random_policies import policies
from tests.thoroughness import how_many

MANY = settings(max_examples=how_many(10, thorough=50))
DAY_US = 86_400_000_000
UNKEPT = PolicyBoundary(enforcement="required", cacheable_us=0, logging=False, retention_us=0, batch=False)
NOTHING = PolicyStore(at_most_us=0)
KEEPS_NOTHING = PolicyKeeping(prompt_cache=NOTHING, logs=NOTHING, batch=NOTHING)
PLACES = ("eu", "uk", "us")


def provider(place: str, **keeps: Store) -> ProviderSettings:
    """A provider that works in a jurisdiction."""
    return ProviderSettings(jurisdiction=place, keeps=Keeping(**keeps))


def test_personal_data_of_the_eu_is_outside_of_a_place_that_caches_it_in_the_us() -> None:
    personal = DataBoundary(jurisdictions=("eu",))
    cached = provider("eu", prompt_cache=Store(at_most="1h", jurisdiction="us"))
    assert reason_outside(personal, provider("eu")) is None
    assert reason_outside(personal, cached) == (
        "of its cached prompts the jurisdiction is us, and only eu is allowed"
    )


def test_data_of_the_uk_is_not_sent_to_a_fallback_in_the_eu() -> None:
    backends = (Backend(id="london", jurisdiction="uk"), Backend(id="dublin", jurisdiction="eu"))
    kind = kind_named(
        "chat",
        "london",
        "dublin",
        data_boundary=PolicyBoundary(enforcement="required", jurisdictions=("uk",)),
    )
    (found,) = [each for each in check_policy(policy_of(kind, backends=backends)) if "boundary" in each.code]
    assert found.message == "chat must not reach dublin: its jurisdiction is eu, and only uk is allowed."


def test_a_batch_whose_files_are_kept_30_days_is_refused_where_7_are_allowed() -> None:
    week = DataBoundary(retention="7d")
    month = provider("eu", logs=Store("0s"), prompt_cache=Store("0s"), batch=Store("30d"))
    assert reason_kept(week, month, tier="default") is None
    assert reason_kept(week, month, tier="batch") == (
        "it keeps files of batches for up to 30 days, and at most 7 days is allowed"
    )


def test_what_a_provider_does_not_declare_is_outside_and_is_named() -> None:
    found = provider("eu", logs=Store("0s"))
    assert undeclared(DataBoundary(retention="0s"), found) == ("keeps.prompt_cache",)


def test_a_prompt_cache_that_must_be_asked_is_within_only_where_nobody_asks() -> None:
    asked = provider("eu", prompt_cache=Store("1h", when="asked"))
    uncached = DataBoundary(cacheable=False)
    assert reason_outside(uncached, asked) is None
    assert reason_kept(uncached, asked, keep="none") is None
    assert reason_kept(uncached, asked) is not None


def test_a_class_is_within_its_own_boundary_and_that_of_its_classification() -> None:
    data = DataSettings(classifications={"personal": DataBoundary(jurisdictions=("eu", "uk"), batch=False)})
    declared = ClassSettings(boundary=DataBoundary(jurisdictions=("uk", "us")), data="personal")
    found = Settings(data=data, classes={"chat": declared}).classes["chat"].boundary
    assert found == DataBoundary(jurisdictions=("uk",), batch=False)


@pytest.mark.parametrize("told", ["secret", "personal"])
def test_data_that_may_go_nowhere_is_refused(told: str) -> None:
    data = DataSettings(
        attribute="data.kind", classifications={"personal": DataBoundary(jurisdictions=("eu",))}
    )
    declared = ClassSettings(boundary=DataBoundary(jurisdictions=("uk",)))
    with pytest.raises(InfeasibleError):
        boundary_of("chat", declared, data, told)


def test_a_request_without_its_classification_must_not_be_served_where_that_may_not_go() -> None:
    of_class = HeaderMatch(name="x-request-class", value="chat")
    personal = HeaderMatch(name="x-data-classification", value="personal")
    backends = (Backend(id="dublin", jurisdiction="eu"), Backend(id="ohio", jurisdiction="us"))
    eu = PolicyBoundary(enforcement="required", jurisdictions=("eu",))
    told = kind_named("personal", "dublin", match=Match(headers=(of_class, personal)), data_boundary=eu)
    untold = kind_named("chat", "ohio", match=Match(headers=(of_class,)))
    leak = leak_without_label(policy_of(told, untold, backends=backends))
    assert leak is not None
    assert (leak.kind.id, leak.backend) == ("personal", "ohio")


def test_what_breaks_a_boundary_is_taken_out_of_a_class_and_said() -> None:
    asked = PolicyKeeping(
        prompt_cache=PolicyStore(at_most_us=DAY_US, when="asked"), logs=NOTHING, batch=NOTHING
    )
    backend = Backend(id="api", keeps=asked)
    kind = kind_named(
        "chat",
        "api",
        data_boundary=UNKEPT,
        service_tier="batch",
        response_cache=ResponseCache(ttl_us=1),
        prompt_cache=PromptCache(keep="1h"),
    )
    within, lost = without_broken(kind, {"api": backend}, "declared")
    assert (within.service_tier, within.response_cache, within.prompt_cache) == (
        None,
        None,
        PromptCache(keep="none"),
    )
    assert [each.setting for each in lost] == ["prompt_cache", "service_tier", "response_cache"]
    assert without_broken(within, {"api": backend}, "declared") == (within, ())


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"retention_us": 0}, {"retention_us": DAY_US}),
        ({"cacheable_us": 0}, {}),
        ({"logging": False}, {}),
        ({"batch": False}, {}),
    ],
)
def test_more_that_may_be_kept_is_a_wider_boundary_and_comes_first(
    before: dict[str, Any], after: dict[str, Any]
) -> None:
    def policy(terms: dict[str, Any]) -> Policy:
        boundary = PolicyBoundary(enforcement="required", jurisdictions=("eu",), **terms)
        return policy_of(
            kind_named("chat", "dublin", data_boundary=boundary),
            backends=(Backend(id="dublin", jurisdiction="eu", keeps=KEEPS_NOTHING),),
        )

    found = policy_difference(policy(before), policy(after), ("old", "new")).changes
    back = policy_difference(policy(after), policy(before), ("new", "old")).changes
    assert (found[0].setting, found[0].direction, back[0].direction) == ("data_boundary", "wider", "narrower")


boundaries = st.builds(
    DataBoundary,
    jurisdictions=st.lists(st.sampled_from(PLACES), unique=True).map(tuple),
    enforcement=st.sampled_from(("required", "advisory")),
    cacheable=st.booleans() | st.sampled_from(("0s", "5m", "1h")),
    logging=st.booleans(),
    retention=st.none() | st.sampled_from(("0s", "5m", "7d")),
    batch=st.booleans(),
)
stores = st.none() | st.builds(
    Store,
    at_most=st.sampled_from(("0s", "5m", "30d")),
    jurisdiction=st.none() | st.sampled_from(PLACES),
    when=st.sampled_from(("always", "asked")),
)
providers = st.builds(
    ProviderSettings,
    jurisdiction=st.none() | st.sampled_from(PLACES),
    keeps=st.builds(Keeping, prompt_cache=stores, logs=stores, batch=stores),
)


@settings(max_examples=how_many(60, thorough=400))
@given(
    boundaries, boundaries, providers, st.sampled_from((None, "batch")), st.sampled_from((None, "none", "1h"))
)
def test_what_both_are_of_may_be_only_where_either_may(
    one: DataBoundary, other: DataBoundary, place: ProviderSettings, tier: str | None, keep: str | None
) -> None:
    assume(are_together(one, other))
    both = stricter(one, other)
    assert stricter(both, one).jurisdictions == both.jurisdictions
    for each in (one, other):
        assert reason_outside(each, place) is None or reason_outside(both, place) is not None
        is_kept = reason_kept(each, place, keep=keep, tier=tier) is None
        assert is_kept or reason_kept(both, place, keep=keep, tier=tier) is not None


def are_together(one: DataBoundary, other: DataBoundary) -> bool:
    """Whether a place is left that both allow."""
    places = (one.jurisdictions, other.jurisdictions)
    return not all(places) or not set(places[0]).isdisjoint(places[1])


def unkept(policy: Policy, keeps: PolicyKeeping) -> Policy:
    """The policy with required boundaries that let nothing be kept, at backends that keep this."""
    return replace(
        policy,
        backends=tuple(replace(each, keeps=keeps) for each in policy.backends),
        classes=tuple(
            without_broken(
                replace(
                    each,
                    data_boundary=replace(UNKEPT, jurisdictions=each.data_boundary.jurisdictions),
                    data_classification="personal",
                ),
                {backend.id: replace(backend, keeps=keeps) for backend in policy.backends},
                "declared",
            )[0]
            if each.data_boundary is not None
            else each
            for each in policy.classes
        ),
    )


@MANY
@given(policies(), st.sampled_from(("always", "asked")))
def test_every_file_that_is_written_says_what_keeps_each_term_of_a_boundary(
    policy: Policy, when: Any
) -> None:
    cache = PolicyStore(at_most_us=0 if when == "always" else DAY_US, when=when)
    bound = unkept(policy, replace(KEEPS_NOTHING, prompt_cache=cache))
    assert check_policy(bound) == ()
    for target in TARGETS:
        for pointer, entry in terms_said(target, bound):
            assert isinstance(entry, Exact | NotApplicable), (target.name, pointer)


def terms_said(target: Target, policy: Policy) -> list[tuple[str, object]]:
    """What the manifest of a file says of every boundary; nothing where the file is refused."""
    try:
        found = target.emit(policy, policy.backends[0].id if target.takes_backend else None)
    except CostctlError:
        return []
    return [(each.pointer, each) for each in found.manifest.entries if "/data_boundary/" in each.pointer]


def test_a_target_of_which_it_is_not_known_what_it_keeps_is_refused() -> None:
    bound = unkept(sound_policy(), KEEPS_NOTHING)
    (llmd,) = [each for each in TARGETS if each.name == "llm-d"]
    with pytest.raises(InfeasibleError, match="cannot keep rag"):
        llmd.emit(bound, None)


def test_litellm_logs_nothing_where_a_boundary_limits_what_is_kept() -> None:
    (litellm,) = [each for each in TARGETS if each.name == "litellm"]
    kind = kind_named("chat", "api", data_boundary=UNKEPT)
    backend = Backend(id="api", model="gpt-5", provider="openai", keeps=KEEPS_NOTHING)
    text = litellm.emit(policy_of(kind, backends=(backend,)), None).files["litellm.yaml"]
    assert "turn_off_message_logging: true" in text


def test_a_policy_without_these_terms_is_written_as_before() -> None:
    text = msgspec.json.encode(sound_policy()).decode()
    assert not {"keeps", "data_classification", "retention_us", "cacheable_us"} & set(text.split('"'))
