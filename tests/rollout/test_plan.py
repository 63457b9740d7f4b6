"""What a plan does first, how a part of the traffic is given a change, and when a person is asked."""

from __future__ import annotations

import math
import tomllib
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from costctl.documents.analysis import Analysis
from costctl.documents.policy import (
    Backend,
    Match,
    Placement,
    Policy,
    PolicyBoundary,
    Queue,
    Target,
    Validity,
)
from costctl.documents.policy_plan import PlanStep
from costctl.documents.sampled import Sampled
from costctl.rollout.exposure import mixed
from costctl.rollout.kinds import OTHER, kind_of
from costctl.rollout.plan import MOST_DAYS, Planned
from tests.policy.policies import EU_ONLY, kind_named, policy_of, pool_named
from tests.rollout.worlds import kinds_of, planned, policies_in, policy_in, with_class

WHY = {"/lane": ("declared",), "/placement": ("declared",)}
UK_ONLY = PolicyBoundary(enforcement="required", jurisdictions=("uk",))
EU, UK, US = (structs.replace(pool_named(name), jurisdiction=name, why={}) for name in ("eu", "uk", "us"))
CHAT = kind_named("chat", "us", why=WHY)
BASE = policy_of(CHAT, kind_named("rag", "us", why=WHY), backends=(EU, UK, US))


def served_at(policy: Policy, place: str, boundary: PolicyBoundary | None = None) -> Policy:
    """The policy with chat served there, within a boundary."""
    return with_class(policy, 0, placement=Placement((Target(place, 100),)), data_boundary=boundary)


def step(found: Planned, kind: str) -> PlanStep:
    """The step of a kind."""
    return next(each for each in found.document.steps if each.folder.split("-", 2)[2].startswith(kind))


def test_a_boundary_that_narrows_comes_first_with_the_placement_that_it_needs_and_at_once() -> None:
    base = structs.replace(BASE, default_class="chat")
    new = with_class(served_at(base, "eu", EU_ONLY), 1, retries=2, why={**WHY, "/retries": ("declared",)})
    found = planned(base, new)
    assert kinds_of(found.document.steps) == ["narrower-chat", "measure", "timeouts-rag"]
    first = found.document.steps[0]
    assert {each.setting for each in first.changes} >= {"data_boundary", "placement.targets"}
    assert [each.name for each in first.stages] == ["all"]
    assert first.asks == ()


def test_what_a_narrower_boundary_needs_comes_before_it() -> None:
    """A request of chat without its header is the default class's, which is served outside."""
    new = structs.replace(served_at(BASE, "eu", EU_ONLY), default_class="chat")
    assert kinds_of(planned(BASE, new).document.steps) == ["told-apart", "narrower-chat"]


def test_a_boundary_that_widens_is_a_step_of_its_own_and_asks_a_person() -> None:
    base = served_at(BASE, "eu", EU_ONLY)
    new = served_at(base, "uk", structs.replace(EU_ONLY, jurisdictions=("eu", "uk")))
    found = planned(base, new)
    assert kinds_of(found.document.steps) == ["measure", "wider-chat", "placement-chat"]
    wider, placed = step(found, "wider"), step(found, "placement")
    assert [each.setting for each in wider.changes] == ["data_boundary"]
    assert len(wider.asks) == 1
    assert placed.asks == ()


def test_a_boundary_that_moves_is_widened_to_both_and_narrowed_when_nothing_is_outside() -> None:
    base = served_at(BASE, "eu", EU_ONLY)
    found = planned(base, served_at(base, "uk", UK_ONLY))
    assert kinds_of(found.document.steps) == ["measure", "wider-chat", "placement-chat", "moved-chat"]
    allowed = [each.classes[0].data_boundary for each in policies_in(found)]
    assert allowed[2] == structs.replace(EU_ONLY, jurisdictions=("eu", "uk"))
    assert allowed[-1] == UK_ONLY


def test_data_that_goes_elsewhere_without_a_boundary_asks_a_person() -> None:
    (reason,) = step(planned(BASE, served_at(BASE, "uk")), "placement").asks
    assert reason == "The data of chat goes to uk, before to us; no required boundary says it may."


def test_requests_of_a_bound_class_that_another_may_take_ask_a_person() -> None:
    bound = policy_of(
        kind_named("all", "eu", match=Match(), data_boundary=EU_ONLY, why=WHY), backends=(EU, UK, US)
    )
    new = structs.replace(bound, classes=(kind_named("chat", "us", why=WHY), *bound.classes))
    asks = step(planned(bound, new), "class-added").asks
    assert asks == ("Requests of all may be taken by chat, at us, outside of their boundary.",)


def test_a_longer_wait_comes_after_the_longer_timeout_that_it_needs() -> None:
    why = {**WHY, "/queue": ("declared",), "/timeout_us": ("declared",)}
    base = with_class(BASE, 0, queue=Queue(max_wait_us=5), timeout_us=10, why=why)
    up = with_class(base, 0, queue=Queue(max_wait_us=50), timeout_us=100)
    assert kinds_of(planned(base, up).document.steps) == ["measure", "timeouts-chat", "queues-chat"]
    assert kinds_of(planned(up, base).document.steps) == ["measure", "queues-chat", "timeouts-chat"]


def test_phases_follow_one_another_and_the_last_step_is_the_new_policy() -> None:
    later = Validity("2026-12-01T06:00:00Z", "2027-01-03T06:00:00Z", "keep_and_warn")
    new = with_class(served_at(BASE, "eu"), 1, retries=2, why={**WHY, "/retries": ("declared",)})
    more = structs.replace(pool_named("more"), jurisdiction="eu", why={})
    new = structs.replace(new, validity=later, backends=(*new.backends, more))
    found = planned(BASE, new)
    assert [each.phase for each in found.document.steps] == ["measure", "measure", "route", "tune", "operate"]
    assert policies_in(found)[-1] == new
    assert planned(BASE, new).files == found.files


def test_a_placement_is_exposed_by_weights_of_its_own_policy_files() -> None:
    found = planned(BASE, served_at(BASE, "eu"))
    moved = step(found, "placement")
    assert [(each.name, each.share) for each in moved.stages] == [
        ("shadow", 0.0),
        ("5 %", 0.05),
        ("50 %", 0.5),
        ("all", 1.0),
    ]
    at = {
        percent: policy_in(found, f"{moved.folder}/policy-{percent}.json").classes[0].placement.targets
        for percent in (5, 50)
    }
    assert at == {5: (Target("us", 19), Target("eu", 1)), 50: (Target("us", 1), Target("eu", 1))}


WEIGHTS = st.lists(
    st.tuples(st.sampled_from("abcde"), st.integers(1, 100)),
    min_size=1,
    max_size=3,
    unique_by=lambda each: each[0],
).map(lambda pairs: tuple(Target(name, weight) for name, weight in pairs))


def share(targets: tuple[Target, ...], name: str) -> Fraction:
    """The part of the requests that a backend has."""
    whole = sum(each.weight for each in targets)
    return Fraction(sum(each.weight for each in targets if each.backend == name), whole)


@given(WEIGHTS, WEIGHTS, st.sampled_from((5, 50)))
def test_a_mixture_gives_the_new_targets_exactly_their_share(
    old: tuple[Target, ...], new: tuple[Target, ...], percent: int
) -> None:
    part = Fraction(percent, 100)
    found = mixed(old, new, percent)
    for name in "abcde":
        assert share(found, name) == (1 - part) * share(old, name) + part * share(new, name)


@pytest.mark.parametrize(
    ("replicas", "names"), [(4, ["shadow", "one replica", "all"]), (1, ["shadow", "all"])]
)
def test_what_a_pool_is_told_is_tried_on_one_of_its_replicas(replicas: int, names: list[str]) -> None:
    base = structs.replace(BASE, backends=(EU, UK, structs.replace(US, replicas=replicas)))
    tuned = structs.replace(US, replicas=replicas, batching="continuous")
    new = structs.replace(base, backends=(EU, UK, tuned))
    found = step(planned(base, new), "batches").stages
    assert [each.name for each in found] == names


def test_every_setting_of_a_class_or_a_backend_has_a_phase() -> None:
    told = {"id", "request_class", "calls", "why", "answers_as", "data_boundary", "placement"}
    names = {*Backend.__struct_fields__, *CHAT.__struct_fields__}
    assert [name for name in sorted(names - told) if kind_of(name) is OTHER] == []


def with_noise(analysis: Analysis, requests_a_day: float) -> Analysis:
    """A baseline of 30 days in which chat is asked so often, and its intervals."""
    days, subject = 30.0, (("request_class", "chat"),)
    (chat,) = (each for each in analysis.classes if each.request_class == "chat")
    report = structs.replace(chat, requests=round(requests_a_day * days), slo=())
    values = {
        "success_ratio": (0.97, 0.96, 0.98, report.requests),
        "usd_per_success": (0.01, 0.0098, 0.0102, report.requests // 3),
        "e2e_p95": (2.0, 1.96, 2.04, report.requests),
    }
    sampled = tuple(
        Sampled(metric, subject, samples, "requests", value, low, high, 0.95, "")
        for metric, (value, low, high, samples) in values.items()
    )
    window = structs.replace(analysis.window, seconds=days * 86_400)
    return structs.replace(analysis, classes=(report,), window=window, sampled=sampled)


def test_days_are_those_until_the_rarest_metric_has_its_samples(sample_analysis: Analysis) -> None:
    found = planned(BASE, served_at(BASE, "eu"), with_noise(sample_analysis, 600.0))
    moved = step(found, "placement")
    for each in moved.watches:
        assert each.requests is not None
        assert each.days == math.ceil(each.requests / 600.0)
    longest = max(each.days or 0 for each in moved.watches)
    assert moved.days == 3 * longest  # 5 %, 50 % and all
    assert found.document.days == sum(each.days or 0 for each in found.document.steps)
    cost = next(each for each in moved.watches if each.metric == "usd_per_success")
    assert cost.design_effect == pytest.approx(3.0)


def test_gates_wait_for_the_planned_samples_and_compare_with_the_baseline(sample_analysis: Analysis) -> None:
    found = planned(BASE, served_at(BASE, "eu"), with_noise(sample_analysis, 600.0))
    moved = step(found, "placement")
    gates = tomllib.loads(found.files[f"{moved.folder}/gates.toml"])["gates"]
    assert [(each["metric"], each["class"], each["min_samples"]) for each in gates] == [
        (each.metric, "chat", each.samples) for each in moved.watches
    ]
    assert [each.get("max_increase", each.get("max_decrease")) for each in gates] == [0.0, 0.0, 0.0]


def test_no_gate_waits_for_a_class_that_is_asked_too_rarely(sample_analysis: Analysis) -> None:
    found = planned(BASE, served_at(BASE, "eu"), with_noise(sample_analysis, 2.0))
    moved = step(found, "placement")
    assert moved.too_few == ("chat",)
    assert all((each.days or 0) <= MOST_DAYS for each in moved.stages)


def test_what_no_baseline_tells_is_not_observed() -> None:
    found = planned(BASE, served_at(BASE, "eu")).document
    assert (found.days, found.unknown) == (0, len(found.steps))
    assert all(each.samples is None and each.reason for each in found.steps[1].watches)
