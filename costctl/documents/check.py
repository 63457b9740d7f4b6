"""costctl.check/v1: which gates of costctl.toml are breached, by how much, and what to do."""

from __future__ import annotations

from typing import Final, Literal

import msgspec

from costctl.documents.analysis import Window
from costctl.documents.estimate import Estimate
from costctl.documents.gate_settings import LimitKind, Period
from costctl.documents.metric import Subject, Unit
from costctl.documents.provenance import Provenance
from costctl.documents.sampled import SampleUnit

SCHEMA_VERSION: Final = "costctl.check/v1"

Outcome = Literal["passed", "breached", "cannot_say"]
Bound = Literal["exact", "at_least", "at_most"]
Cause = Literal[
    "beyond",  # the limit
    "expected_beyond",  # a month's budget: by the forecast, with all of its interval
    "within",
    "within_noise",  # beyond the limit, but the interval includes it
    "not_observed",
    "not_priced",
    "unpriced_charges",  # so that the value is only a bound, on the wrong side of the limit to tell
    "too_few_samples",
    "samples_not_counted",
    "not_in_baseline",
    "nothing_in_baseline",  # the value there is 0 or less: there is no ratio to it
    "other_length",  # sums of windows of which one is longer
    "undated",  # times that count from an unknown start are in no calendar period
    "begin_not_seen",  # of the period of a budget
    "among_others",  # a tenant or model without a row of its own
]


class Judged(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is held against a limit. value: in the unit of the limit.  low, high: its interval; null where none is
    known on that side.  level: of the interval, null where the gate is judged by the value.  method: how it was found.
    """

    value: float
    low: float | None
    high: float | None
    level: float | None
    method: str


class BudgetPeriod(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"from_": "from"}):
    """The calendar period of a budget, RFC 3339, UTC, the end exclusive. seen_from, seen_to: what of it the window
    covers.  seen_ratio: that over the length of the period.  is_begin_seen: nothing is missing before seen_from, but
    for a 24th of the period.
    """

    per: Period
    from_: str
    to: str
    seen_from: str
    seen_to: str
    seen_ratio: float
    is_begin_seen: bool


class Verdict(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One limit of one gate, on one subject.

    gate: its number in costctl.toml, from 1.  line: where it stands there.  name: as it is called there, null where it
    is not.  metric: null of a budget.  unit: of value and baseline.  subject: whom it is about, empty for the whole.
    short: the metric, as tables call it.  limit: which kind, and limit_value: in the unit of the metric, a ratio of a
    change, USD of a budget.

    value: of the metric, or what was spent; null where it is not observed.  baseline: the same of the baseline, null
    where the limit is no change or it is not there.  judged: null where there is nothing to judge.  excess: by how much
    the judged value is beyond the limit, in the unit of the limit, negative within it.  cause: why the outcome is what
    it is.  samples: requests or sessions (samples_of) that the value is over; null where they are not counted;
    samples_needed: for anything to be said.  bound: at_least where some charges have no price, at_most of a margin
    then.  document, pointer: where the value stands; null of a budget and of what is not there.
    expected: of a budget a month, what is spent by its end; null where there is no forecast of its subject.
    """

    gate: int
    line: int
    name: str | None
    metric: str | None
    short: str
    unit: Unit
    subject: Subject
    limit: LimitKind
    limit_value: float
    outcome: Outcome
    cause: Cause
    value: float | None = None
    baseline: float | None = None
    judged: Judged | None = None
    excess: float | None = None
    samples: int | None = None
    samples_of: SampleUnit = "requests"
    samples_needed: int | None = None
    bound: Bound = "exact"
    budget: BudgetPeriod | None = None
    document: str | None = None
    pointer: str | None = None
    expected: Estimate | None = None

    @property
    def is_ratio(self) -> bool:
        """Whether the limit is a ratio of change, whatever the unit of the metric."""
        return self.limit in ("max_increase", "max_decrease")


class ComparedWith(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The baseline: the file, as it was named, and what it is about."""

    path: str
    window: Window
    requests: int


class Check(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The document that ``costctl check --format json`` prints.

    outcome: breached where any gate is; else cannot_say where any cannot be said.  baseline: null where no gate asks
    for one.  settings: the file in which the gates stand.  verdicts: breached ones first, then those that cannot be
    said, each in the order of the gates.
    """

    schema_version: str
    provenance: Provenance
    window: Window
    requests: int
    baseline: ComparedWith | None
    settings: str
    outcome: Outcome
    breached: int
    cannot_say: int
    passed: int
    verdicts: tuple[Verdict, ...]
