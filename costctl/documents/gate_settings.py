"""``[[gates]]`` of costctl.toml as values: what a metric, or the spend of a day, a week or a month, must keep to."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Annotated, Final, Literal, get_args

import msgspec

from costctl.documents.metric import Metric
from costctl.documents.metrics import METRICS
from costctl.units import duration_s

Period = Literal["day", "week", "month"]
LimitKind = Literal["max", "min", "max_increase", "max_decrease", "budget"]
SubjectKind = Literal["request_class", "tenant", "model", "pool"]
Ratio = Annotated[float, msgspec.Meta(ge=0)]
Usd = Annotated[float, msgspec.Meta(gt=0)]
Samples = Annotated[int, msgspec.Meta(ge=1)]
Name = Annotated[str, msgspec.Meta(min_length=1)]

EACH: Final = "*"  # in place of a name: each class, tenant, model or pool that has the metric
FEWEST_SAMPLES: Final = (
    28  # with fewer the spread is not known well enough to speak of 95 %, as in stats.blocks
)
OBSERVED_IN: Final = ("analysis", "workload_map")  # the documents whose observed values gates judge
_WORDS: Final[dict[SubjectKind, str]] = {
    "request_class": "class",
    "tenant": "tenant",
    "model": "model",
    "pool": "pool",
}
_CHANGES: Final[tuple[LimitKind, ...]] = ("max_increase", "max_decrease")


class Limit(msgspec.Struct, frozen=True):
    """One bound of a gate. value: in the unit of the metric, a ratio of a change, or USD of a budget."""

    kind: LimitKind
    value: float

    @property
    def is_change(self) -> bool:
        """Whether it bounds a change against the baseline."""
        return self.kind in _CHANGES


class Gate(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"request_class": "class"}):
    """One gate. name: what reports call it.  metric: an id of the catalogue.  class, tenant, model, pool: whom it is
    about, "*" for each; none of them is the whole.  stage: of a metric of stages the one that is meant; each if None.

    max, min: in the unit of the metric, a duration such as "6s" where that is seconds.  max_increase, max_decrease: by
    what ratio it may differ from the baseline.  min_samples: requests (or sessions) below which nothing is said.
    statistical: breached only where the interval excludes the limit.  budget_usd: what may be spent in a calendar
    period (UTC), in place of a metric; per: which period.
    """

    name: Name | None = None
    metric: str | None = None
    request_class: Name | None = None
    tenant: Name | None = None
    model: Name | None = None
    pool: Name | None = None
    stage: Name | None = None
    max: float | str | None = None
    min: float | str | None = None
    max_increase: Ratio | None = None
    max_decrease: Ratio | None = None
    min_samples: Samples | None = None
    statistical: bool = True
    budget_usd: Usd | None = None
    per: Period | None = None

    def __post_init__(self) -> None:
        """Refuse what names no metric, bounds nothing, or bounds two things."""
        if len(self._named()) > 1:
            raise ValueError("a gate is about one class, tenant, model or pool, or about none of them")
        if self.budget_usd is not None or self.per is not None:
            self._refuse_no_budget()
            return
        if self.metric is None:
            raise ValueError("a gate needs a metric, or budget_usd and per")
        metric = _metric_of(self.metric)
        if not self.limits:
            raise ValueError("a gate needs max, min, max_increase or max_decrease")
        self._refuse_nobody(metric)

    @property
    def is_budget(self) -> bool:
        """Whether it bounds what is spent in a period."""
        return self.budget_usd is not None

    @property
    def subject(self) -> tuple[SubjectKind, str] | None:
        """Whom it is about, the name EACH for each; None for the whole."""
        named = self._named()
        return named[0] if named else None

    @property
    def limits(self) -> tuple[Limit, ...]:
        """What it bounds, in the order of the keys above."""
        if self.budget_usd is not None:
            return (Limit("budget", self.budget_usd),)
        metric = _metric_of(self.metric or "")
        bounds: tuple[tuple[LimitKind, float | str | None], ...] = (("max", self.max), ("min", self.min))
        found = (Limit(kind, _in_unit(kind, given, metric)) for kind, given in bounds if given is not None)
        changes: tuple[tuple[LimitKind, float | None], ...] = (
            ("max_increase", self.max_increase),
            ("max_decrease", self.max_decrease),
        )
        return (*found, *(Limit(kind, ratio) for kind, ratio in changes if ratio is not None))

    def _refuse_nobody(self, metric: Metric) -> None:
        """Refuse a metric of what it is not known for, and a change of what no baseline holds."""
        if self.stage is not None and not any("{stage}" in place.path for place in metric.places):
            raise ValueError(f"{metric.id} is not known of a stage: leave stage out")
        is_change = any(limit.is_change for limit in self.limits)
        known = subjects_of(metric, OBSERVED_IN[:1] if is_change else OBSERVED_IN)
        if not known:
            raise ValueError(f"{metric.id} is not in the baseline, an analysis: give max or min instead")
        kind = None if self.subject is None else self.subject[0]
        if kind not in known:
            whose = "the whole" if kind is None else f"a {_WORDS[kind]}"
            others = " or ".join("the whole" if each is None else f"a {_WORDS[each]}" for each in known)
            raise ValueError(f"{metric.id} is not known of {whose}, but of {others}")

    def _named(self) -> list[tuple[SubjectKind, str]]:
        given: tuple[tuple[SubjectKind, str | None], ...] = (
            ("request_class", self.request_class),
            ("tenant", self.tenant),
            ("model", self.model),
            ("pool", self.pool),
        )
        return [(kind, name) for kind, name in given if name is not None]

    def _refuse_no_budget(self) -> None:
        if self.budget_usd is None or self.per is None:
            raise ValueError('a budget needs both: budget_usd = 500.0 and per = "month"')
        others = ("metric", "max", "min", "max_increase", "max_decrease", "min_samples", "pool", "stage")
        given = [name for name in others if getattr(self, name) is not None]
        if given:
            raise ValueError(f"a budget takes no {given[0]}")
        if EACH in (name for _, name in self._named()):
            raise ValueError('a budget is of one class, tenant or model: "*" is for metrics')


def nearest(name: str, known: Iterable[str]) -> str:
    """A hint at the known name that is most like it, or nothing: " (did you mean chat?)"."""
    near = difflib.get_close_matches(name, list(known), n=1)
    return f" (did you mean {near[0]}?)" if near else ""


def _metric_of(name: str) -> Metric:
    """Raises ValueError where no observed value of it stands in a document that gates judge."""
    judged = [each.id for each in METRICS.values() if subjects_of(each, OBSERVED_IN)]
    if name not in METRICS:
        raise ValueError(f"metric {name!r} is unknown{nearest(name, judged)}")
    if name not in judged:
        raise ValueError(f"metric {name} is of a replay or of advice, not of what was observed")
    return METRICS[name]


def subjects_of(metric: Metric, documents: tuple[str, ...]) -> tuple[SubjectKind | None, ...]:
    """Whom observed values of the metric are of in these documents; None is the whole."""
    kinds: tuple[SubjectKind, ...] = get_args(SubjectKind)
    paths = [place.path for place in metric.places if place.document in documents]
    found = [next((kind for kind in kinds if f"{{{kind}" in path), None) for path in paths]
    return tuple(dict.fromkeys(found))


def _in_unit(kind: LimitKind, given: float | str, metric: Metric) -> float:
    """The bound of a metric. Raises ValueError for a number of no unit where it is of seconds, and for text else."""
    if metric.unit == "s":
        if not isinstance(given, str):
            raise ValueError(f'{kind} of {metric.id} is a duration: write it with its unit, such as "6s"')
        return duration_s(given)
    if isinstance(given, str):
        raise ValueError(f"{kind} of {metric.id} is a number, without a unit")
    return float(given)
