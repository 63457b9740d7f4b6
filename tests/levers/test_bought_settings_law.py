"""What is recommended for bought tokens, written into a policy and read back, is what was recommended."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from costctl.documents.changes import Value
from costctl.documents.policy import (
    Backend,
    Caps,
    HeaderMatch,
    Match,
    Placement,
    Policy,
    PolicyClass,
    PolicyEvidence,
    Target,
)
from costctl.errors import UsageError
from costctl.levers.bought_levers import CARRIED
from costctl.levers.from_policy import from_policy
from costctl.levers.lever import MOST_COUNT, Lever
from costctl.levers.plan import plan_of
from costctl.levers.platform import Platform
from costctl.levers.reading import setting_of
from costctl.levers.settings import Setting, of_lever, setting
from costctl.levers.to_policy import Written, to_policy
from costctl.policy.checks import check_policy
from costctl.policy.reading import policy_from_text
from tests.levers.worlds import CLASSES, World, worlds
from tests.policy.policies import sound_policy

SOLD = (("openai", "gpt-4.1"), ("azure", "gpt-4.1"), ("anthropic", "claude-sonnet-4-5"))
OTHERS = ("gpt-4.1-nano", "claude-haiku-4-5", "gpt-4.1")
NOTHING = Platform({}, {})
MEASURED = PolicyEvidence(id="seen", kind="measured", statement="Where the calls ran.")


@st.composite
def bought_worlds(draw: st.DrawFn) -> World:
    """A world of pools, of which some classes buy tokens as well, at one provider or two, by one name or by two."""
    world = draw(worlds())
    bought = {
        f"{provider}.{model}": Backend(f"{provider}.{model}", model, provider=provider)
        for provider, model in SOLD
    }
    entries = list(world.policy.classes)
    for name in draw(st.lists(st.sampled_from(CLASSES), min_size=1, max_size=3, unique=True)):
        for place, chosen in enumerate(
            draw(st.lists(st.sampled_from(sorted(bought)), min_size=1, max_size=2, unique=True))
        ):
            entries.append(
                PolicyClass(
                    id=f"{name}.bought.{place}",
                    request_class=name,
                    match=Match(headers=(HeaderMatch("x-request-class", name),), model=(str(bought[chosen].model),)),
                    lane="lane-1",
                    placement=Placement(targets=(Target(chosen, 100),)),
                    why={"/placement/targets": ("seen",)},
                )
            )  # fmt: skip
    policy = msgspec.structs.replace(
        world.policy,
        backends=(*world.policy.backends, *bought.values()),
        classes=tuple(entries),
        evidence=(MEASURED,),
    )
    return World(world.today, policy)


@st.composite
def bought_changes(draw: st.DrawFn, world: World) -> tuple[Setting, ...]:
    """Some settings of what the classes buy, in the order of the levers."""
    buying = sorted({kind.request_class for kind in world.policy.classes if ".bought." in kind.id})
    return tuple(
        of_lever(lever, name, draw(_values(world, lever, name)))
        for lever in CARRIED
        for name in buying
        if draw(st.booleans())
    )


def _values(world: World, lever: Lever, name: str) -> st.SearchStrategy[Value]:
    if lever.kind == "model":
        asked = {
            kind.match.model
            for kind in world.policy.classes
            if ".bought." in kind.id and kind.request_class == name
        }
        return st.sampled_from([each for each in OTHERS if (each,) not in asked])
    if lever.choices:
        return st.sampled_from(lever.choices)
    if lever.kind == "duration":
        return st.integers(0, 10**12).map(lambda us: us / 1e6)
    return st.integers(int(lever.least), int(min(lever.most, MOST_COUNT)))  # fmt: skip


def emitted(world: World, settings: tuple[Setting, ...]) -> Policy:
    """The policy as a file has it."""
    written = to_policy(world.policy, settings, world.today, {})
    assert written.not_carried == ()
    return policy_from_text(msgspec.json.encode(written.policy).decode())


@given(st.data())
def test_what_is_written_of_bought_tokens_is_read_back(data: st.DataObject) -> None:
    world = data.draw(bought_worlds())
    settings = data.draw(bought_changes(world))
    read, left_out = from_policy(emitted(world, settings), world.today)
    assert read == settings
    assert plan_of(read) == plan_of(settings)
    assert not [each for each in left_out if "differ" in each.reason]


@given(st.data())
def test_what_is_bought_changes_no_pool_and_no_policy_of_today_says_any_of_it(data: st.DataObject) -> None:
    world = data.draw(bought_worlds())
    assert from_policy(world.policy, world.today)[0] == ()
    policy = emitted(world, data.draw(bought_changes(world)))
    pools = {each.id for each in policy.backends if each.pool is not None}
    placed = [{target.backend for target in kind.placement.targets} & pools for kind in policy.classes]
    assert placed == [
        {target.backend for target in kind.placement.targets} & pools for kind in world.policy.classes
    ]


@given(st.data())
def test_ids_stay_unique_and_resolve_whatever_model_is_chosen(data: st.DataObject) -> None:
    world = data.draw(bought_worlds())
    found = check_policy(emitted(world, data.draw(bought_changes(world))))
    assert {each.code for each in found} & {"duplicate_id", "unresolved", "no_weight"} == set()


def in_one_entry(name: str, value: Value, *, provider: str | None = "openai") -> Written:
    """A setting of one class, which is bought at the provider, or served by a pool where that is None."""
    backend = Backend("b", "gpt-4.1", pool=None if provider else "gpu", provider=provider)
    kind = PolicyClass("chat", "chat", Match(model=("gpt-4.1",)), "first", Placement((Target("b", 100),)))
    policy = sound_policy(backends=(backend,), classes=(kind,), default_class="chat")
    return to_policy(policy, (setting("class", name, "chat", value),), NOTHING, {})


def test_attempts_are_retries_and_the_first_one() -> None:
    assert in_one_entry("retry.attempts", 3).policy.classes[0].retries == 2


def test_caps_stand_where_consumers_look_for_them() -> None:
    assert in_one_entry("context.most_tokens", 4000).policy.classes[0].caps == Caps(input_tokens=4000)


def test_another_model_is_bought_from_the_same_provider() -> None:
    policy = in_one_entry("model", "gpt-4.1-nano").policy
    (target,) = policy.classes[0].placement.targets
    assert [(each.provider, each.model) for each in policy.backends if each.id == target.backend] == [
        ("openai", "gpt-4.1-nano")
    ]


def test_a_class_that_buys_nothing_cannot_be_told_how_to() -> None:
    (left,) = in_one_entry("service_tier", "flex", provider=None).not_carried
    assert left.reason == "no call of chat is paid by the token"


def test_what_an_entry_says_of_a_provider_that_it_does_not_go_to_is_in_no_setting() -> None:
    first, second = sound_policy().classes
    served = msgspec.structs.replace(first, caps=Caps(steps=3), service_tier="flex")
    read, left_out = from_policy(sound_policy(classes=(served, second)), NOTHING)
    assert read == ()
    assert {each.pointer for each in left_out if "nothing of it is bought" in each.reason} == {
        "/classes/0/caps/steps",
        "/classes/0/service_tier",
    }


def test_a_policy_that_was_written_before_says_nothing_of_what_is_bought() -> None:
    text = msgspec.json.encode(sound_policy()).decode()
    assert not any(word in text for word in ("prompt_cache", "service_tier", "response_cache", "caps"))
    assert policy_from_text(text) == sound_policy()


def test_entries_that_differ_are_named_and_give_no_setting() -> None:
    written = in_one_entry("service_tier", "flex").policy
    other = msgspec.structs.replace(written.classes[0], id="other", service_tier="batch")
    read, left_out = from_policy(msgspec.structs.replace(written, classes=(*written.classes, other)), NOTHING)
    assert read == ()
    assert {each.pointer for each in left_out if "differ" in each.reason} == {
        "/classes/0/service_tier",
        "/classes/1/service_tier",
    }


@pytest.mark.parametrize("lever", CARRIED, ids=lambda lever: lever.id)
def test_a_replay_says_that_it_knows_nothing_of_what_is_bought(lever: Lever) -> None:
    with pytest.raises(UsageError, match="no replay knows") as refused:
        setting_of(f"class.chat.{lever.name}=1", {"class": ("chat",), "pool": ("gpu",)})
    assert "costctl recommend" in refused.value.next_step
