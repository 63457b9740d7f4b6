"""Which gates are breached? Every limit of every gate, on everyone that it is about.

In: the gates, the documents of the window and the baseline, what budgets have spent. Out: ``Check``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from costctl.documents.analysis import Analysis
from costctl.documents.check import (
    SCHEMA_VERSION,
    Check,
    ComparedWith,
    Judged,
    Outcome,
    Verdict,
)
from costctl.documents.estimate import Estimate
from costctl.documents.gate_settings import EACH, Gate, Limit
from costctl.documents.metric import Metric, Subject
from costctl.documents.metrics import METRICS
from costctl.documents.provenance import Provenance
from costctl.gates.budgets import PeriodSpend
from costctl.gates.judge import Judgement, against, judge, judge_change
from costctl.gates.known_names import is_among_others
from costctl.gates.measured import AS_COUNTED, Documents, Measured, measured, same_subject

METHODS: Final = {
    "gates": "breached where the interval lies beyond the limit; costctl help gates",
    "changes": "ratio of two values, interval from both intervals on logarithms (MOVER)",
    "budgets": "spent in the UTC calendar period that the window ends in; of a month also what its forecast comes to",
}
_ORDER: Final[tuple[Outcome, ...]] = ("breached", "cannot_say", "passed")


@dataclass(frozen=True, slots=True)
class Baseline:
    """What is compared with. path: as it was named."""

    path: str
    analysis: Analysis


@dataclass(frozen=True, slots=True)
class Placed:
    """The gates and where they stand: the file, and the line of each."""

    gates: tuple[Gate, ...]
    path: str
    lines: tuple[int, ...]


def build_check(
    placed: Placed,
    documents: Documents,
    baseline: Baseline | None,
    spent: Callable[[Gate], PeriodSpend | None],
    expected: Callable[[Gate], Estimate | None],
    provenance: Provenance,
) -> Check:
    """The document. spent: of a budget, in the period that the window ends in; None where its subject has no row.
    expected: by the end of that period; None where nothing tells.
    """
    verdicts = [
        verdict
        for number, gate in enumerate(placed.gates, start=1)
        for verdict in _verdicts(
            _Numbered(gate, number, placed.lines[number - 1]), documents, baseline, (spent, expected)
        )
    ]
    counts = {outcome: sum(each.outcome == outcome for each in verdicts) for outcome in _ORDER}
    analysis = documents.analysis
    return Check(
        schema_version=SCHEMA_VERSION,
        provenance=provenance,
        window=analysis.window,
        requests=analysis.totals.requests,
        baseline=None
        if baseline is None
        else ComparedWith(baseline.path, baseline.analysis.window, baseline.analysis.totals.requests),
        settings=placed.path,
        outcome=next(outcome for outcome in _ORDER if counts[outcome]),
        breached=counts["breached"],
        cannot_say=counts["cannot_say"],
        passed=counts["passed"],
        verdicts=tuple(sorted(verdicts, key=lambda each: _ORDER.index(each.outcome))),
    )


def overlap_warning(analysis: Analysis, baseline: Analysis) -> tuple[str, ...]:
    """That the same requests are on both sides, where they are."""
    if analysis.window.from_ >= baseline.window.to or baseline.window.from_ >= analysis.window.to:
        return ()
    return (
        "The window and that of the baseline overlap. Requests that are in both make a change look smaller: check "
        f"what came after the baseline alone, with --since {baseline.window.to}.",
    )


@dataclass(frozen=True, slots=True)
class _Numbered:
    gate: Gate
    number: int
    line: int


def _verdicts(
    numbered: _Numbered,
    documents: Documents,
    baseline: Baseline | None,
    spends: tuple[Callable[[Gate], PeriodSpend | None], Callable[[Gate], Estimate | None]],
) -> Iterator[Verdict]:
    gate = numbered.gate
    if gate.is_budget:
        spent, expected = spends
        yield _budget(numbered, spent(gate), expected(gate))
        return
    metric = METRICS[gate.metric or ""]
    before = () if baseline is None else _of(gate, Documents(baseline.analysis), metric, is_change=True)
    for limit in gate.limits:
        found = _of(gate, documents, metric, is_change=limit.is_change)
        if not found:
            yield _nobody(numbered, limit, metric, documents.analysis)
        for each in found:
            yield _verdict(numbered, limit, metric, each, before, _length_ratio(documents, baseline))


def _of(gate: Gate, documents: Documents, metric: Metric, *, is_change: bool) -> tuple[Measured, ...]:
    return measured(documents, metric, gate.subject, gate.stage, is_change=is_change)


def _length_ratio(documents: Documents, baseline: Baseline | None) -> float:
    if baseline is None:
        return 1.0
    return documents.analysis.window.seconds / baseline.analysis.window.seconds


def _verdict(
    numbered: _Numbered,
    limit: Limit,
    metric: Metric,
    found: Measured,
    before: Sequence[Measured],
    length_ratio: float,
) -> Verdict:
    old = same_subject(before, found.subject) if limit.is_change else None
    judgement = (
        judge_change(numbered.gate, limit, found, old, length_ratio)
        if limit.is_change
        else judge(numbered.gate, limit, found)
    )
    return Verdict(
        **_head(numbered, limit),
        metric=metric.id,
        short=metric.short,
        unit=metric.unit,
        subject=found.subject,
        **_outcome(judgement),
        value=found.value,
        baseline=None if old is None else old.value,
        samples=found.samples,
        samples_of=found.samples_of,
        bound=found.bound,
        document=found.document,
        pointer=found.pointer,
    )


def _nobody(numbered: _Numbered, limit: Limit, metric: Metric, analysis: Analysis) -> Verdict:
    """Whom the gate is about was not seen in the window."""
    gate = numbered.gate
    stage: Subject = () if gate.stage is None else (("stage", gate.stage),)
    subject: Subject = (*(() if gate.subject is None else (gate.subject,)), *stage)
    return Verdict(
        **_head(numbered, limit),
        metric=metric.id,
        short=metric.short,
        unit=metric.unit,
        subject=subject,
        outcome="cannot_say",
        cause="among_others" if _is_among_others(numbered.gate, analysis) else "not_observed",
    )


def _budget(numbered: _Numbered, spent: PeriodSpend | None, expected: Estimate | None) -> Verdict:
    limit = numbered.gate.limits[0]
    judgement = _spent(limit, spent)
    if judgement.outcome != "breached" and expected is not None and expected.low > limit.value:
        judged = Judged(expected.mid, expected.low, expected.high, expected.level, expected.method)
        judgement = Judgement("breached", "expected_beyond", judged, expected.mid - limit.value)
    return Verdict(
        **_head(numbered, limit),
        metric=None,
        short="spend",
        unit="USD",
        subject=() if numbered.gate.subject is None else (numbered.gate.subject,),
        **_outcome(judgement),
        value=None if spent is None else spent.usd,
        samples=None if spent is None else spent.requests,
        bound="at_least" if spent is not None and spent.unpriced_charges else "exact",
        budget=None if spent is None or not spent.is_dated else spent.period,
        expected=expected,
    )


def _spent(limit: Limit, spent: PeriodSpend | None) -> Judgement:
    if spent is None:
        return Judgement("cannot_say", "not_observed")
    if not spent.is_dated:
        return Judgement("cannot_say", "undated")
    if spent.usd is None:
        return Judgement("cannot_say", "not_priced")
    judged = Judged(spent.usd, None, None, None, AS_COUNTED)
    judgement = against(limit, limit.value, judged, "at_least" if spent.unpriced_charges else "exact")
    if judgement.outcome == "passed" and not spent.period.is_begin_seen:
        return Judgement("cannot_say", "begin_not_seen", judged, judgement.excess)
    return judgement


def _is_among_others(gate: Gate, analysis: Analysis) -> bool:
    return gate.subject is not None and gate.subject[1] != EACH and is_among_others(analysis, gate.subject[0])


def _head(numbered: _Numbered, limit: Limit) -> dict[str, Any]:
    return {
        "gate": numbered.number,
        "line": numbered.line,
        "name": numbered.gate.name,
        "limit": limit.kind,
        "limit_value": limit.value,
    }


def _outcome(judgement: Judgement) -> dict[str, Any]:
    return {
        "outcome": judgement.outcome,
        "cause": judgement.cause,
        "judged": judgement.judged,
        "excess": judgement.excess,
        "samples_needed": judgement.samples_needed,
    }
