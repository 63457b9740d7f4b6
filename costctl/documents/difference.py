"""costctl.difference/v1: what changed between two sides, and why, in effects that add up to the change.

In the attributed cost: idle time is paid for evenly, and is no part of a change. docs/explanation/difference.md has the
formulas.

    Σ effects of the total = Σ effects of all rows of one cut = new.usd − base.usd
"""

from __future__ import annotations

from typing import Final, Literal, get_args

import msgspec

from costctl.documents.cuts import CutRowKind
from costctl.documents.estimate import Estimate
from costctl.documents.provenance import Provenance

SCHEMA_VERSION: Final = "costctl.difference/v1"

EffectName = Literal[
    "length",
    "volume",
    "mix",
    "model",
    "steps",
    "retries",
    "input_tokens",
    "cache",
    "output_tokens",
    "replica_time",
    "other_use",
    "coverage",
    "price",
]
SideKind = Literal["period", "store", "document"]
MeasureUnit = Literal["ratio", "number", "tokens", "s", "length_s", "USD", "count"]
EFFECTS: Final[tuple[EffectName, ...]] = get_args(EffectName)


class ComparedSide(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"from_": "from"}):
    """One side. name: as it was asked for.  from, to: RFC 3339, end exclusive.  usd: attributed; null where there is
    nothing that has an amount, a lower bound where there are unpriced_charges.
    """

    kind: SideKind
    name: str
    from_: str
    to: str
    seconds: float
    requests: int
    usd: float | None
    usd_per_request: float | None
    unpriced_charges: int


class EffectShare(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one factor did, USD. interval: null where blocks of time are not observed, or too few to tell noise from
    change.  noise_usd: its standard error, likewise.  is_clear: it is more than noise; null where that is not known.
    """

    effect: EffectName
    usd: float
    interval: Estimate | None
    noise_usd: float | None
    is_clear: bool | None


class DifferenceRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One value of a cut. of: class, tenant or model.  effects: those that are not 0; they add up to change_usd.

    unpriced_charges: of both sides; where there are any, the amounts are of what has a price, and lower bounds.
    """

    of: str
    kind: CutRowKind
    value: str | None
    before_usd: float
    after_usd: float
    change_usd: float
    noise_usd: float | None
    is_clear: bool | None
    unpriced_charges: int
    effects: tuple[EffectShare, ...]

    @property
    def is_priced(self) -> bool:
        """Whether anything of it has a price."""
        return not self.unpriced_charges or bool(self.before_usd or self.after_usd)


class Measure(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What changed, in numbers: such as the cached part of the input. before, after: null where it is not observed."""

    what: str
    unit: MeasureUnit
    before: float | None
    after: float | None


class Mostly(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where most of an effect lies. of: tenant or model.  share_ratio: of the effect."""

    of: str
    value: str
    share_ratio: float


class Cause(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An effect that is more than noise and large enough to name. of, value: of which class, of prices of which model,
    or of the total.  share_ratio: of the change.  mostly: where it lies, if in one tenant or model of several.
    has_new_prompt: most calls of the class begin with other words than before; null where prompts are not known.
    first_request: the first on the new side that shows it; requests: three that show it best, for ``costctl explain``.
    is_on_base: these are requests of the base, of what is gone.
    """

    effect: EffectName
    of: str
    value: str | None
    usd: float
    interval: Estimate | None
    share_ratio: float | None
    measure: Measure | None
    mostly: tuple[Mostly, ...]
    has_new_prompt: bool | None
    first_request: str | None
    requests: tuple[str, ...]
    is_on_base: bool


class MetricChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One metric of a class on both sides. metric: of the catalogue (``e2e_p95``), or ``input_tokens_per_request`` and
    ``output_tokens_per_request``, the mean of the requests that report them.  stage: of ``stage_s_per_request``, the
    time of a request in one stage, which; else null.  change: null where blocks of time are not observed or too few.
    is_clear: it changed by more than noise; null where that is not known.
    """

    metric: str
    request_class: str
    stage: str | None
    unit: MeasureUnit
    before: float | None
    after: float | None
    change: Estimate | None
    is_clear: bool | None


class PromptVersion(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A class of which most calls begin with words that none began with before. before, after: parts of the calls that
    begin with these words.  first_request: the first with it.
    """

    request_class: str
    first_prefix: str
    before_ratio: float
    after_ratio: float
    first_request: str | None


class DayJump(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A day of the new side on which a class, a tenant or a model left its range: against the day before, or the first
    half against the second.  first_request: the first of it in that time.
    """

    from_: str = msgspec.field(name="from")
    to: str
    of: str
    kind: CutRowKind
    value: str | None
    before_usd: float
    after_usd: float
    change_usd: float
    noise_usd: float
    first_request: str | None


class Difference(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The document that ``costctl diff --format json`` prints.

    change_usd: null where nothing on either side has a price; there are no effects, rows, causes and days then, and
    metrics has requests and tokens too.  change_interval, change_noise_usd, is_clear: of the change; null where noise
    is not known, as of a saved document that does not carry it.  effects: of the total; they add up to change_usd.
    rows: by class, by tenant, by model.  causes: what is named, the largest first.  metrics: latency, success, retries
    and cache of each class.  is_lower_bound: some charges have no amount.
    is_same_time_of_day: both sides cover the same hours of the day; where not, the daily rhythm of the traffic is a
    part of every change.  not_observed: what the sides do not tell.
    """

    schema_version: str
    provenance: Provenance
    base_provenance: Provenance
    base: ComparedSide
    new: ComparedSide
    change_usd: float | None
    change_interval: Estimate | None
    change_noise_usd: float | None
    is_clear: bool | None
    change_ratio: float | None
    is_lower_bound: bool
    is_same_time_of_day: bool
    effects: tuple[EffectShare, ...]
    rows: tuple[DifferenceRow, ...]
    causes: tuple[Cause, ...]
    metrics: tuple[MetricChange, ...]
    prompts: tuple[PromptVersion, ...]
    days: tuple[DayJump, ...]
    not_observed: tuple[str, ...]

    @property
    def is_only_likely(self) -> bool:
        """Whether the interval leaves 0 out, and the change is not named as more than chance all the same: of many
        changes that are looked at, some lie outside of a 95 % interval by chance, so that more is asked for.
        """
        interval = self.change_interval
        return interval is not None and self.is_clear is False and not interval.low <= 0.0 <= interval.high


def rows_of(document: Difference, of: str) -> tuple[DifferenceRow, ...]:
    """The rows of one cut."""
    return tuple(row for row in document.rows if row.of == of)


def unclear_effects(document: Difference) -> tuple[EffectShare, ...]:
    """Those that cannot be told from chance, the largest first; without those that are nothing."""
    found = [each for each in document.effects if each.is_clear is False and each.usd and each.noise_usd]
    return tuple(sorted(found, key=lambda each: -abs(each.usd)))


def effects_by_size(document: Difference) -> tuple[EffectName, ...]:
    """The names of the effects, the smallest first."""
    return tuple(each.effect for each in sorted(document.effects, key=lambda each: abs(each.usd)))
