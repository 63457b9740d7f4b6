"""One value against one limit: the rule by hand, what it may not say, and that it grows stricter with the limit."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from costctl.documents.check import Bound
from costctl.documents.gate_settings import Gate, Limit
from costctl.gates.judge import Judgement, judge, judge_change
from costctl.gates.measured import Measured

ONCE = Measured(
    "analysis", "/x", (("request_class", "chat"),), 1.0, 0.9, 1.2, 0.95, "bootstrap", True, 500, "requests", True,
    "exact",
)  # fmt: skip


def found(value: float | None, low: float | None = None, high: float | None = None, **more: Any) -> Measured:
    """A value with its interval; none where no bound is given."""
    is_interval = low is not None or high is not None
    level = 0.95 if is_interval else None
    return replace(ONCE, value=value, low=low, high=high, level=level, is_interval=is_interval, **more)


def outcome(judgement: Judgement) -> tuple[str, str]:
    return judgement.outcome, judgement.cause


def of_max(limit: float, measured: Measured, **keys: Any) -> Judgement:
    gate = Gate(metric="usd_per_success", request_class="chat", max=limit, **keys)
    return judge(gate, gate.limits[0], measured)


def of_min(limit: float, measured: Measured, **keys: Any) -> Judgement:
    gate = Gate(metric="success_ratio", request_class="chat", min=limit, **keys)
    return judge(gate, gate.limits[0], measured)


def of_change(kind: str, limit: float, new: Measured, old: Measured | None, **keys: Any) -> Judgement:
    gate = Gate(metric="usd_per_success", request_class="chat", **{kind: limit}, **keys)
    return judge_change(gate, gate.limits[0], new, old, 1.0)


@pytest.mark.parametrize(
    ("limit", "expected"),
    [
        (1.3, ("passed", "within")),
        (1.0, ("passed", "within")),
        (0.95, ("passed", "within_noise")),
        (0.9, ("passed", "within_noise")),
        (0.89, ("breached", "beyond")),
    ],
)
def test_a_maximum_is_breached_where_all_of_the_interval_lies_above_it(
    limit: float, expected: tuple[str, str]
) -> None:
    assert outcome(of_max(limit, ONCE)) == expected


@pytest.mark.parametrize(
    ("limit", "expected"),
    [
        (0.8, ("passed", "within")),
        (1.1, ("passed", "within_noise")),
        (1.21, ("breached", "beyond")),
    ],
)
def test_a_minimum_is_breached_where_all_of_the_interval_lies_below_it(
    limit: float, expected: tuple[str, str]
) -> None:
    assert outcome(of_min(limit, ONCE)) == expected


def test_by_how_much_is_told_from_the_value() -> None:
    assert of_max(0.75, ONCE).excess == pytest.approx(0.25)
    assert of_min(1.5, ONCE).excess == pytest.approx(0.5)
    assert of_max(1.5, ONCE).excess == pytest.approx(-0.5)


def test_a_gate_that_is_not_statistical_is_judged_by_the_value() -> None:
    judgement = of_max(0.95, ONCE, statistical=False)
    assert outcome(judgement) == ("breached", "beyond")
    assert judgement.judged is not None
    assert (judgement.judged.low, judgement.judged.level) == (None, None)


def test_a_value_without_an_interval_is_judged_as_it_is_and_says_so() -> None:
    judgement = of_max(0.95, found(1.0))
    assert outcome(judgement) == ("breached", "beyond")
    assert judgement.judged is not None
    assert judgement.judged.level is None


def test_what_is_unknown_is_never_said_to_hold() -> None:
    assert outcome(of_max(9.0, found(None))) == ("cannot_say", "not_observed")
    assert outcome(of_max(9.0, found(None, bound="at_least"))) == ("cannot_say", "not_priced")
    assert outcome(of_change("max_increase", 9.0, ONCE, None)) == ("cannot_say", "not_in_baseline")
    assert outcome(of_change("max_increase", 9.0, ONCE, found(None))) == ("cannot_say", "not_in_baseline")
    assert outcome(of_change("max_increase", 9.0, found(None), ONCE)) == ("cannot_say", "not_observed")
    assert outcome(of_change("max_increase", 9.0, ONCE, found(0.0))) == ("cannot_say", "nothing_in_baseline")


def test_too_few_requests_say_nothing_unless_fewer_are_asked_for() -> None:
    few = replace(ONCE, samples=27)
    judgement = of_max(0.5, few)
    assert (outcome(judgement), judgement.samples_needed) == (("cannot_say", "too_few_samples"), 28)
    assert of_max(0.5, few, min_samples=20).outcome == "breached"
    assert of_max(0.5, few, statistical=False).outcome == "breached"
    assert of_max(0.5, replace(few, needs_samples=False)).outcome == "breached"
    assert of_max(0.5, ONCE, min_samples=501).samples_needed == 501
    assert of_change("max_increase", 9.0, ONCE, few).cause == "too_few_samples"
    assert of_max(0.5, replace(ONCE, samples=None), min_samples=5).cause == "samples_not_counted"


def test_a_percentile_that_is_not_bounded_on_the_side_of_the_limit_says_nothing_beyond_it() -> None:
    open_above = found(1.0, 0.9, None)
    assert outcome(of_max(0.8, open_above)) == ("breached", "beyond")
    assert outcome(of_max(1.5, open_above)) == ("passed", "within")
    assert outcome(of_min(1.5, open_above)) == ("cannot_say", "too_few_samples")


@pytest.mark.parametrize(
    ("bound", "limit", "of_a_max", "of_a_min"),
    [
        ("at_least", 0.8, "breached", "passed"),
        ("at_least", 1.5, "cannot_say", "cannot_say"),
        ("at_most", 0.8, "cannot_say", "cannot_say"),
        ("at_most", 1.5, "passed", "breached"),
    ],
)
def test_a_bound_tells_of_one_side_only(bound: Bound, limit: float, of_a_max: str, of_a_min: str) -> None:
    measured = replace(ONCE, bound=bound)
    assert of_max(limit, measured).outcome == of_a_max
    assert of_min(limit, measured).outcome == of_a_min


def test_a_ratio_of_two_bounds_is_none() -> None:
    assert of_change("max_increase", 9.0, replace(ONCE, bound="at_least"), ONCE).cause == "unpriced_charges"
    assert of_change("max_increase", 0.0, ONCE, replace(ONCE, bound="at_least")).cause == "unpriced_charges"


@pytest.mark.parametrize(
    ("new", "kind", "limit", "expected"),
    [
        (found(1.1, 1.09, 1.11), "max_increase", 0.05, ("breached", "beyond")),
        (found(1.1, 1.09, 1.11), "max_increase", 0.095, ("passed", "within_noise")),
        (found(1.1, 1.0, 1.2), "max_increase", 0.05, ("passed", "within_noise")),
        (found(1.1, 1.09, 1.11), "max_decrease", 0.05, ("passed", "within")),
        (found(0.9, 0.89, 0.91), "max_decrease", 0.05, ("breached", "beyond")),
        (found(0.9, 0.8, 1.0), "max_decrease", 0.05, ("passed", "within_noise")),
        (found(1.1), "max_increase", 0.05, ("breached", "beyond")),
    ],
)
def test_a_change_is_breached_where_the_interval_of_the_change_lies_beyond_it(
    new: Measured, kind: str, limit: float, expected: tuple[str, str]
) -> None:
    assert outcome(of_change(kind, limit, new, found(1.0, 0.99, 1.01))) == expected


def test_where_one_side_has_no_interval_the_change_is_judged_by_the_values_and_says_so() -> None:
    judgement = of_change("max_increase", 0.05, found(1.1, 1.0, 1.2), found(1.0))
    assert outcome(judgement) == ("breached", "beyond")
    assert judgement.judged is not None
    assert judgement.judged.method == "the values; no interval is known of one side"


def test_sums_of_windows_of_unlike_length_do_not_compare() -> None:
    gate = Gate(metric="attributed_usd", max_increase=0.1)
    for ratio, expected in ((1.0, "passed"), (0.96, "passed"), (0.9, "cannot_say"), (7.0, "cannot_say")):
        assert judge_change(gate, gate.limits[0], found(1.0), found(1.0), ratio).outcome == expected
    unit_cost = Gate(metric="usd_per_success", request_class="chat", max_increase=0.1)
    assert judge_change(unit_cost, unit_cost.limits[0], found(1.0), found(1.0), 7.0).outcome == "passed"


ORDER = {"passed": 0, "breached": 1}


@given(
    value=st.floats(0.1, 10), down=st.floats(0, 0.09), up=st.floats(0, 5), limits=st.tuples(*[st.floats(0, 12)] * 2)
)  # fmt: skip
def test_a_stricter_limit_is_breached_wherever_a_looser_one_is(
    value: float, down: float, up: float, limits: tuple[float, float]
) -> None:
    measured = found(value, value - down, value + up)
    loose, strict = max(limits), min(limits)
    assert ORDER[of_max(loose, measured).outcome] <= ORDER[of_max(strict, measured).outcome]
    assert ORDER[of_min(strict, measured).outcome] <= ORDER[of_min(loose, measured).outcome]


@given(value=st.floats(0.1, 10), width=st.floats(0, 0.09), more=st.floats(1, 5), limit=st.floats(0, 12))
def test_more_noise_breaches_nothing_that_less_noise_did_not(
    value: float, width: float, more: float, limit: float
) -> None:
    sharp = found(value, value * (1 - width), value * (1 + width))
    vague = found(value, value * (1 - width) / more, value * (1 + width) * more)
    assert ORDER[of_max(limit, vague).outcome] <= ORDER[of_max(limit, sharp).outcome]
    base = found(1.0, 0.95, 1.05)
    changes = [of_change("max_increase", limit, each, base) for each in (vague, sharp)]
    assert ORDER[changes[0].outcome] <= ORDER[changes[1].outcome]


def test_a_limit_is_one_of_the_gates() -> None:
    gate = Gate(metric="usd_per_success", request_class="chat", max_increase=0.1, max=2.0)
    assert gate.limits == (Limit("max", 2.0), Limit("max_increase", 0.1))
