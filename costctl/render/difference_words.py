"""The words of a comparison: what each effect is called, and what it is of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from costctl.documents.difference import Cause, ComparedSide, EffectName, Measure, MetricChange
from costctl.documents.metrics import METRICS
from costctl.render.cells import NOT_OBSERVED, NOT_PRICED, Cell, Quantity, Unit, phrase, usd
from costctl.render.numbers import length, period, stage_name

EFFECTS: Final[Mapping[EffectName, str]] = {
    "length": "length of time",
    "volume": "requests",
    "mix": "mix of requests",
    "model": "choice of model",
    "steps": "calls per request",
    "retries": "retries",
    "input_tokens": "input tokens",
    "cache": "prompt cache",
    "output_tokens": "output tokens",
    "replica_time": "replica time",
    "other_use": "storage, tools, other units",
    "coverage": "priced part of the use",
    "price": "price",
}
_RISES: Final[Mapping[EffectName, tuple[str, str]]] = {
    "length": ("longer time", "shorter time"),
    "volume": ("more requests", "fewer requests"),
    "mix": ("larger share of requests", "smaller share of requests"),
    "model": ("dearer models", "cheaper models"),
    "steps": ("more calls per request", "fewer calls per request"),
    "retries": ("more retries", "fewer retries"),
    "input_tokens": ("longer prompts", "shorter prompts"),
    "cache": ("fewer cache hits", "more cache hits"),
    "output_tokens": ("longer answers", "shorter answers"),
    "replica_time": ("more replica time per call", "less replica time per call"),
    "other_use": ("more storage, tools or other units", "less storage, tools or other units"),
    "coverage": ("charges that have a price now", "charges that have no price now"),
    "price": ("dearer", "cheaper"),
}
_UNITS: Final[Mapping[str, Unit]] = {
    "ratio": "ratio",
    "number": "number",
    "tokens": "tokens",
    "s": "s",
    "length_s": "set_s",
    "USD": "USD",
    "count": "count",
}
_STAGE: Final = "stage_s_per_request"
_TOKENS: Final = {
    "input_tokens_per_request": "input tokens per request",
    "output_tokens_per_request": "output tokens per request",
}
_LONGEST: Final = 40


def shortened(name: str) -> str:
    """A name that anybody may have given: the beginning of one that would fill the screen."""
    return name if len(name) <= _LONGEST else f"{name[:_LONGEST]}…"


def cause_name(cause: Cause) -> str:
    """Whose effect it is, and which: "agent: more retries"."""
    more, less = _RISES[cause.effect]
    said = more if cause.usd > 0 else less
    if cause.has_new_prompt and cause.effect in ("input_tokens", "cache"):
        said = f"{said}, new prompt"
    return said if cause.value is None else f"{shortened(cause.value)}: {said}"


def measured(measure: Measure | None) -> Cell:
    """From what to what: "cached part of the input 70.1% → 4.9%"; nothing where no one number says it."""
    if measure is None:
        return ""
    before, after = (value(each, measure.unit) for each in (measure.before, measure.after))
    return phrase("{before} → {after} {what}", before=before, after=after, what=shortened(measure.what))


def value(number: float | None, unit: str) -> Quantity:
    """One side of what is measured."""
    return Quantity(number, _UNITS[unit], NOT_OBSERVED)


def metric_name(change: MetricChange) -> str:
    """What changed of a class: "e2e p95", or a stage."""
    if change.metric == _STAGE:
        return f"{stage_name(change.stage or NOT_OBSERVED)} time"
    return _TOKENS.get(change.metric) or METRICS[change.metric].short


def metric_change(change: MetricChange) -> Cell:
    """From what to what."""
    before, after = (value(each, change.unit) for each in (change.before, change.after))
    return phrase("{before} → {after}", before=before, after=after)


def signed(amount: float | None) -> Quantity:
    """A difference in USD."""
    return Quantity(amount, "USD", NOT_PRICED, is_signed=True)


def when(side: ComparedSide) -> str:
    """The time of a side, and how long that is; its name where it is a file."""
    told = f"{period(side.from_, side.to)} ({length(side.seconds)})"
    return told if side.kind == "period" else f"{shortened(side.name)}, {told}"


def cost(side: ComparedSide) -> Cell:
    """What it cost."""
    return usd(side.usd).at_least(side.unpriced_charges)
