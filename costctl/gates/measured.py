"""What does a document say of a metric, and how far may that be off?

In: the documents of one window, a metric, whom a gate is about. Out: ``Measured`` values, one for each value that the
gate is about.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from costctl.documents.analysis import Analysis
from costctl.documents.check import Bound, Judged
from costctl.documents.estimate import Estimate
from costctl.documents.gate_settings import EACH, SubjectKind
from costctl.documents.metric import Metric, Subject
from costctl.documents.metric_values import Reading, values_of
from costctl.documents.metrics import METRICS
from costctl.documents.sampled import SampleUnit
from costctl.documents.workload_map import WorkloadMap

BY_VALUE: Final = "the value; no interval of it is known"
AS_COUNTED: Final = "a sum over the window, known as it is"
_KINDS: Final[tuple[SubjectKind, ...]] = ("request_class", "tenant", "model", "pool")
# Metrics that grow with the window, so that only windows of equal length compare.
SUMS: Final = frozenset(
    {
        "requests", "failed_requests", "timeouts", "input_tokens", "output_tokens", "busy", "billed_usd", "charged_usd",
        "attributed_usd", "loaded_usd", "idle_usd", "unattributed_usd", "failed_usd", "value_usd", "margin_usd",
    }
)  # fmt: skip
_NOT_A_SUM_OF_CHARGES: Final = frozenset({"congestion_usd_per_request", "usd_per_mtok", "value_usd"})


@dataclass(frozen=True, slots=True)
class Documents:
    """What one window is judged by. workload_map: None where no gate asks for it."""

    analysis: Analysis
    workload_map: WorkloadMap | None = None

    def named(self) -> Iterator[tuple[str, Analysis | WorkloadMap]]:
        """The documents with their names, the one to look in first."""
        yield "analysis", self.analysis
        if self.workload_map is not None:
            yield "workload_map", self.workload_map


@dataclass(frozen=True, slots=True)
class Measured:
    """One value. value: None where it is not observed or not priced.  low, high: None where not known.  level, method:
    of the interval.  is_interval: there is one.  samples: over how many; None where nobody counts.  needs_samples: with
    too few of them nothing can be said.  bound: which way unpriced charges may move it.
    """

    document: str
    pointer: str
    subject: Subject
    value: float | None
    low: float | None
    high: float | None
    level: float | None
    method: str
    is_interval: bool
    samples: int | None
    samples_of: SampleUnit
    needs_samples: bool
    bound: Bound

    def judged(self, *, is_statistical: bool) -> Judged | None:
        """What is held against an absolute limit."""
        if self.value is None:
            return None
        if not is_statistical or not self.is_interval:
            return Judged(self.value, None, None, None, self.method if not self.is_interval else BY_VALUE)
        return Judged(self.value, self.low, self.high, self.level, self.method)


def measured(
    documents: Documents,
    metric: Metric,
    asked: tuple[SubjectKind, str] | None,
    stage: str | None = None,
    *,
    is_change: bool,
) -> tuple[Measured, ...]:
    """The values that a gate is about: of each subject, or of the one that is asked for; None is the whole.

    stage: of a metric of stages the one that is asked for; each if None.  is_change: they are compared with another
    window, so that sums may be off by chance too.
    """
    for name, document in documents.named():
        readings = [each for each in values_of(metric, document) if _is_about(each, asked, stage)]
        if readings:
            return tuple(_measured(documents, name, metric, each, is_change=is_change) for each in readings)
    return ()


def same_subject(found: Sequence[Measured], subject: Subject) -> Measured | None:
    """The value of the same subject."""
    return next((each for each in found if each.subject == subject), None)


def _is_about(reading: Reading, asked: tuple[SubjectKind, str] | None, stage: str | None) -> bool:
    if reading.state != "observed":
        return False
    if stage not in (None, EACH, dict(reading.subject).get("stage")):
        return False
    whose = [(kind, name) for kind, name in reading.subject if kind in _KINDS]
    if asked is None:
        return not whose
    kind, name = asked
    return [each[0] for each in whose] == [kind] and name in (EACH, whose[0][1])


def _measured(
    documents: Documents, document: str, metric: Metric, reading: Reading, *, is_change: bool
) -> Measured:
    analysis = documents.analysis
    sampled = next(
        (each for each in analysis.sampled if (each.metric, each.subject) == (metric.id, reading.subject)),
        None,
    )
    is_count = metric.id in SUMS and not is_change
    value, low, high, level, method = _bounds(reading)
    samples, unit = _samples(analysis, reading.subject)
    if is_count:
        low = high = level = None
        method = AS_COUNTED
    elif sampled is not None:
        value = sampled.value if value is None else value
        low, high, level, method = sampled.low, sampled.high, sampled.level, sampled.method
        samples, unit = sampled.samples, sampled.unit
    return Measured(
        document=document,
        pointer=reading.pointer,
        subject=reading.subject,
        value=value,
        low=low,
        high=high,
        level=level,
        method=method,
        is_interval=not is_count and (sampled is not None or level is not None or low is not None),
        samples=samples,
        samples_of=unit,
        needs_samples=not is_count and (sampled is not None or isinstance(reading.value, Estimate)),
        bound=_bound(analysis, metric, reading.subject),
    )


def _bounds(reading: Reading) -> tuple[float | None, float | None, float | None, float | None, str]:
    """Value, low, high, level and method, as the document has them."""
    if isinstance(reading.value, Estimate):
        told = reading.value
        return told.mid, told.low, told.high, told.level, told.method
    return reading.value, None, None, None, BY_VALUE


def _samples(analysis: Analysis, subject: Subject) -> tuple[int | None, SampleUnit]:
    """The requests of the subject, which only pools do not count."""
    whose = tuple(pair for pair in subject if pair[0] in _KINDS)
    counted = (each for each in values_of(METRICS["requests"], analysis) if each.subject == whose)
    value = next((each.value for each in counted), None)
    return (int(value) if isinstance(value, float) else None), "requests"


def _bound(analysis: Analysis, metric: Metric, subject: Subject) -> Bound:
    """Which way charges without a price may move the value: a cost is more than is known, a margin less."""
    if metric.unit != "USD" or metric.id in _NOT_A_SUM_OF_CHARGES or not unpriced_charges(analysis, subject):
        return "exact"
    return "at_most" if metric.id == "margin_usd" else "at_least"


def unpriced_charges(analysis: Analysis, subject: Subject) -> int:
    """Charges of the subject that have no amount; replica time of pools has one, or none of it has."""
    whose = dict(subject)
    if "request_class" in whose:
        name = whose["request_class"]
        found = (each for each in analysis.classes if each.request_class == name)
        return sum(each.cost.unit_costs.unpriced_charges for each in found)
    if "pool" in whose:
        return 0
    for by in ("tenant", "model"):
        if by in whose:
            rows = (row for cut in analysis.cuts if cut.by == by for row in cut.rows)
            return sum(row.unpriced_charges for row in rows if row.value == whose[by])
    return analysis.totals.unit_costs.unpriced_charges
