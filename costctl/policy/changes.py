"""What was advised, as settings and as evidence of a policy.

In: the recommendations. Out: the settings of those that are recommended, in their order, with the ids of the evidence
that each rests on, and what they are expected to do. What is withheld changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from costctl.documents.estimate import Estimate
from costctl.documents.policy import Expectation, PolicyEvidence
from costctl.documents.recommendations import Recommendation, Recommendations
from costctl.levers.bought_levers import BOUGHT_LEVERS
from costctl.levers.identifiers import identifier
from costctl.levers.settings import Setting, settings_in

_BILLED: Final = frozenset(lever.id for lever in BOUGHT_LEVERS)


@dataclass(frozen=True, slots=True)
class Changes:
    """Recommended settings. rests_on: by key of a setting, the ids of its evidence; of two that set the same, the
    later holds.
    """

    settings: tuple[Setting, ...]
    rests_on: dict[str, tuple[str, ...]]
    expected: tuple[Expectation, ...]
    evidence: tuple[PolicyEvidence, ...]


def changes_in(recommendations: Recommendations) -> Changes:
    """The recommended changes. Raises InputError where one names no setting of this version."""
    advised = [item for item in recommendations.recommendations if item.status == "recommended"]
    settings = [(item, each) for item in advised for each in settings_in(item.change, item.id)]
    return Changes(
        settings=tuple(each for _, each in settings),
        rests_on={each.key: tuple(fact.id for fact in _evidence(item)) for item, each in settings},
        expected=tuple(expectation for item in advised for expectation in _expected(item)),
        evidence=tuple(fact for item in advised for fact in _evidence(item)),
    )


def _evidence(item: Recommendation) -> tuple[PolicyEvidence, ...]:
    """The advice itself, then what it rests on; ids carry the advice's own, so that they are unique."""
    saved = _savings(item)
    whole = PolicyEvidence(
        id=identifier(item.id),
        kind="computed" if _is_billed(item) else "simulated",
        statement=item.reason,
        value=saved[0][2] if saved else None,
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


def _is_billed(item: Recommendation) -> bool:
    """Whether a bill was run again for it, not a replay."""
    return {each.lever for each in item.change} <= _BILLED


def _expected(item: Recommendation) -> tuple[Expectation, ...]:
    """Its savings, and each effect before and after."""
    savings = tuple(
        Expectation(
            metric=metric,
            unit=unit,
            evidence=identifier(item.id),
            request_class=item.request_class,
            pool=item.pool,
            estimate=estimate,
        )
        for metric, unit, estimate in _savings(item)
    )
    effects = tuple(
        Expectation(
            metric=effect.metric,
            unit=effect.unit,
            evidence=identifier(item.id),
            request_class=effect.request_class,
            pool=effect.pool,
            baseline=effect.from_,
            proposed=effect.to,
        )
        for effect in item.effects
    )
    return (*savings, *effects)


def _savings(item: Recommendation) -> list[tuple[str, str, Estimate]]:
    """(sort, unit, estimate), cash first: a week where that is given, else over the window of the evidence."""
    sorts = (
        ("cash", item.cash_usd_per_week, item.cash_usd),
        ("freed", item.freed_usd_per_week, item.freed_usd),
    )
    found = []
    for sort, per_week, per_window in sorts:
        if per_week is not None:
            found.append((sort, "USD/week", per_week))
        elif per_window is not None:
            found.append((sort, "USD/window", per_window))
    return found
