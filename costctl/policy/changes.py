"""What was advised, in the words of a policy?

In: the recommendations. Out: those that are recommended, by pool and class, with the evidence they rest on.
What is withheld changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from costctl.documents.estimate import Estimate
from costctl.documents.policy import Expectation, PolicyEvidence
from costctl.documents.recommendations import Recommendation, Recommendations
from costctl.errors import InputError
from costctl.policy.names import identifier
from costctl.units import us_from_s

_SECONDS_PER_UNIT: Final = {"us": 1e-6, "ms": 1e-3, "s": 1.0}


@dataclass(frozen=True, slots=True)
class BatchChange:
    """A batch window, and a size where the advice names one."""

    window_us: int
    max_size: int | None
    evidence: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class QueueChange:
    """How many calls of a class may wait, and how long; None: the advice does not say. pool None: any."""

    request_class: str
    pool: str | None
    depth: int | None
    max_wait_us: int | None
    evidence: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PlacementChange:
    """The pool that a class should move to; from_pool None: from wherever it is."""

    from_pool: str | None
    to_pool: str
    evidence: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Changes:
    """Recommended changes. batch: by pool.  placement: by class."""

    batch: dict[str, BatchChange]
    queue: tuple[QueueChange, ...]
    placement: dict[str, PlacementChange]
    expected: tuple[Expectation, ...]
    evidence: tuple[PolicyEvidence, ...]


def changes_in(recommendations: Recommendations) -> Changes:
    """The recommended changes. Raises InputError where one names no pool, class or setting to change."""
    advised = [item for item in recommendations.recommendations if item.status == "recommended"]
    return Changes(
        batch={_named(item, "pool"): _batch(item) for item in advised if item.kind == "batch_window"},
        queue=tuple(_queue(item) for item in advised if item.kind == "queue_limit"),
        placement={
            _named(item, "request_class"): _placement(item)
            for item in advised
            if item.kind == "tier_placement"
        },
        expected=tuple(expectation for item in advised for expectation in _expected(item)),
        evidence=tuple(fact for item in advised for fact in _evidence(item)),
    )


def _batch(item: Recommendation) -> BatchChange:
    window_us = _duration_us(item, "window")
    if window_us is None:
        raise _incomplete(item, "window_ms")
    return BatchChange(window_us=window_us, max_size=_count(item, "max_batch_size"), evidence=_ids(item))


def _queue(item: Recommendation) -> QueueChange:
    change = QueueChange(
        request_class=_named(item, "request_class"),
        pool=item.pool,
        depth=_count(item, "queue_limit"),
        max_wait_us=_duration_us(item, "ttl"),
        evidence=_ids(item),
    )
    if change.depth is None and change.max_wait_us is None:
        raise _incomplete(item, "queue_limit or ttl_s")
    return change


def _placement(item: Recommendation) -> PlacementChange:
    to_pool = item.change.to.get("pool") if item.change is not None else None
    from_pool = item.change.from_.get("pool") if item.change is not None else None
    if not isinstance(to_pool, str):
        raise _incomplete(item, "pool")
    return PlacementChange(
        from_pool=from_pool if isinstance(from_pool, str) else None, to_pool=to_pool, evidence=_ids(item)
    )


def _duration_us(item: Recommendation, name: str) -> int | None:
    """Microseconds of ``name`` in whichever unit the change names it: window_ms, ttl_s."""
    for unit, seconds in _SECONDS_PER_UNIT.items():
        value = item.change.to.get(f"{name}_{unit}") if item.change is not None else None
        if isinstance(value, int | float):
            return us_from_s(value * seconds)
    return None


def _count(item: Recommendation, name: str) -> int | None:
    value = item.change.to.get(name) if item.change is not None else None
    return int(value) if isinstance(value, int | float) else None


def _named(item: Recommendation, field: str) -> str:
    name: str | None = getattr(item, field)
    if name is None:
        raise _incomplete(item, field)
    return name


def _incomplete(item: Recommendation, missing: str) -> InputError:
    return InputError(
        f"Recommendation {item.id} cannot be written into a policy.",
        why=f"It is recommended, but it does not say {missing}.",
        next_step="Make the recommendations again with this version of costctl.",
    )


def _ids(item: Recommendation) -> tuple[str, ...]:
    return tuple(fact.id for fact in _evidence(item))


def _evidence(item: Recommendation) -> tuple[PolicyEvidence, ...]:
    """The advice itself, then what it rests on; ids carry the advice's own, so that they are unique."""
    whole = PolicyEvidence(
        id=identifier(item.id), kind="simulated", statement=item.reason, value=_saving(item)[1]
    )
    facts = {
        fact.id: PolicyEvidence(
            id=identifier(f"{item.id}.{fact.id}"),
            kind=fact.kind,
            statement=fact.statement,
            samples=fact.samples,
            value=fact.value,
        )
        for fact in item.evidence
    }
    return (whole, *facts.values())


def _expected(item: Recommendation) -> tuple[Expectation, ...]:
    effects = tuple(
        Expectation(
            metric=effect.metric,
            unit=effect.unit,
            evidence=identifier(item.id),
            request_class=item.request_class,
            pool=item.pool,
            baseline=effect.from_,
            proposed=effect.to,
        )
        for effect in item.effects
    )
    unit, estimate = _saving(item)
    if estimate is None:
        return effects
    saving = Expectation(
        metric="saving",
        unit=unit,
        evidence=identifier(item.id),
        request_class=item.request_class,
        pool=item.pool,
        estimate=estimate,
    )
    return (saving, *effects)


def _saving(item: Recommendation) -> tuple[str, Estimate | None]:
    """The unit of the saving, and the saving: a week where that is given, else over the window of the evidence."""
    if item.saving_usd_per_week is not None:
        return "USD/week", item.saving_usd_per_week
    return "USD/window", item.saving_usd
