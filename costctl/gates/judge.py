"""Is a limit breached? One value against one limit.

In: what was measured, and in the baseline; the gate and its limit. Out: outcome, cause and what was judged.

    max              breached where  low > limit             min   breached where  high < limit
    max_increase     breached where  low > limit             of the change, value / baseline − 1
    max_decrease     breached where  high < −limit           likewise

low and high are those of the interval; where none is known, or the gate is not statistical, both are the value itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from costctl.documents.check import Bound, Cause, Judged, Outcome
from costctl.documents.gate_settings import FEWEST_SAMPLES, Gate, Limit
from costctl.gates.measured import BY_VALUE, SUMS, Measured
from costctl.stats.blocks import LEVEL
from costctl.stats.ratio_change import Bounded, ratio_change

_LOWER_IS_BREACHED: Final = frozenset({"min", "max_decrease"})
_LEAST_LENGTH_RATIO: Final = 0.95  # of the shorter window to the longer one, for sums to be compared
_ONE_SIDE: Final = "the values; no interval is known of one side"


@dataclass(frozen=True, slots=True)
class Judgement:
    """The outcome of one limit. samples_needed: of the value or of the baseline, where there are too few."""

    outcome: Outcome
    cause: Cause
    judged: Judged | None = None
    excess: float | None = None
    samples_needed: int | None = None


def judge(gate: Gate, limit: Limit, found: Measured) -> Judgement:
    """An absolute limit."""
    judged = found.judged(is_statistical=gate.statistical)
    fault = _fault(gate, found)
    if judged is None or fault is not None:
        return fault or _unknown(found)
    return against(limit, limit.value, judged, found.bound)


def judge_change(
    gate: Gate, limit: Limit, found: Measured, before: Measured | None, length_ratio: float
) -> Judgement:
    """A limit on the change against the baseline. length_ratio: of the window to that of the baseline."""
    fault = _fault(gate, found)
    if found.value is None or fault is not None:
        return fault or _unknown(found)
    if before is None:
        return Judgement("cannot_say", "not_in_baseline")
    fault = _fault(gate, before)
    if before.value is None or fault is not None:
        return fault or Judgement("cannot_say", "not_in_baseline")
    if gate.metric in SUMS and min(length_ratio, 1.0 / length_ratio) < _LEAST_LENGTH_RATIO:
        return Judgement("cannot_say", "other_length")
    if before.value <= 0.0:
        return Judgement("cannot_say", "nothing_in_baseline")
    judged = _change(before.value, before, found.value, found, is_statistical=gate.statistical)
    if found.bound != "exact" or before.bound != "exact":
        return Judgement("cannot_say", "unpriced_charges", judged)
    at = limit.value if limit.kind == "max_increase" else -limit.value
    return against(limit, at, judged, "exact")


def against(limit: Limit, at: float, judged: Judged, bound: Bound) -> Judgement:
    """What was judged against the limit, which stands at this value of it."""
    is_lower_breached = limit.kind in _LOWER_IS_BREACHED
    excess = at - judged.value if is_lower_breached else judged.value - at
    nearest = judged.value if judged.level is None else (judged.high if is_lower_breached else judged.low)
    # Charges without a price may move the value one way only: towards the limit, or away from it.
    may_return = bound == ("at_least" if is_lower_breached else "at_most")
    may_exceed = bound == ("at_most" if is_lower_breached else "at_least")
    if excess > 0.0 and nearest is None:
        return Judgement("cannot_say", "too_few_samples", judged, excess)
    if excess > 0.0 and nearest is not None and (nearest < at if is_lower_breached else nearest > at):
        if may_return:
            return Judgement("cannot_say", "unpriced_charges", judged, excess)
        return Judgement("breached", "beyond", judged, excess)
    if may_exceed:
        return Judgement("cannot_say", "unpriced_charges", judged, excess)
    return Judgement("passed", "within_noise" if excess > 0.0 else "within", judged, excess)


def _change(
    before_value: float, before: Measured, value: float, found: Measured, *, is_statistical: bool
) -> Judged:
    """The change with its interval, from those of both; by the values where one is missing."""
    if not is_statistical or value <= 0.0 or not (before.is_interval and found.is_interval):
        is_half = before.is_interval != found.is_interval
        return Judged(value / before_value - 1.0, None, None, None, _ONE_SIDE if is_half else BY_VALUE)
    change = ratio_change(
        Bounded(before_value, before.low, before.high), Bounded(value, found.low, found.high)
    )
    method = f"{found.method}; the change from both intervals, on logarithms"
    return Judged(change.value, change.low, change.high, found.level or before.level or LEVEL, method)


def _fault(gate: Gate, found: Measured) -> Judgement | None:
    """Why nothing can be said for want of data; None where something can."""
    needed = gate.min_samples or (FEWEST_SAMPLES if gate.statistical and found.needs_samples else 1)
    if found.samples is not None and found.samples < needed:
        return Judgement("cannot_say", "too_few_samples", samples_needed=needed)
    if found.samples is None and gate.min_samples is not None:
        return Judgement("cannot_say", "samples_not_counted", samples_needed=needed)
    return None


def _unknown(found: Measured) -> Judgement:
    return Judgement("cannot_say", "not_priced" if found.bound != "exact" else "not_observed")
