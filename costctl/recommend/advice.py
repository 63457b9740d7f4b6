"""How is a piece of advice written down? One recommendation, made or withheld, in the words that all kinds
share.

In: what a kind found. Out: ``Recommendation``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from costctl.documents.estimate import Estimate
from costctl.documents.recommendations import Change, Effect, Evidence, Holdout, Kind, Recommendation
from costctl.scenario.period import Period, Trial, p95_s, p95_upper_s
from costctl.service_model.pool_fit import PoolFit

_HOURS: Final = 168  # of a week
OVER: Final = "the first 60 % of the window"  # what settings are chosen on; see document._FIRST_PART
FREED_TIME = "Replica time that is freed is worth its price: fewer replicas, or other work on the same ones."


@dataclass(frozen=True, slots=True)
class Subject:
    """What advice is about."""

    kind: Kind
    request_class: str | None
    pool: str | None

    @property
    def id(self) -> str:
        """Such as queue_limit.chat.gpu-premium."""
        return ".".join(part for part in (self.kind, self.request_class, self.pool) if part)


def withheld(subject: Subject, reason: str, evidence: tuple[Evidence, ...] = ()) -> Recommendation:
    """No advice, and why."""
    return Recommendation(
        id=subject.id,
        kind=subject.kind,
        request_class=subject.request_class,
        pool=subject.pool,
        status="withheld",
        reason=reason,
        change=None,
        saving_usd=None,
        saving_usd_per_week=None,
        effects=(),
        holdout=None,
        assumptions=(),
        evidence=evidence,
        reversal=None,
    )


def judged(
    subject: Subject,
    reason: str,
    change: Change,
    saving: Estimate | None,
    effects: tuple[Effect, ...],
    holdout: Holdout,
    evidence: tuple[Evidence, ...],
    assumptions: tuple[str, ...],
    reversal: str,
) -> Recommendation:
    """The advice if it holds on the part of the window that it was not chosen on, else withheld with what
    failed there.
    """
    if saving is None or holdout.saving_usd_per_week is None:
        return withheld(subject, "There is too little traffic over time to say what it would save.", evidence)
    if not holdout.is_slo_met:
        return withheld(subject, f"{reason} On the held-out part an objective was missed.", evidence)
    if holdout.saving_usd_per_week.low <= 0:
        found = holdout.saving_usd_per_week
        return withheld(
            subject,
            f"{reason} On the held-out part the saving is not certain: "
            f"{found.low / _HOURS:.3g} to {found.high / _HOURS:.3g} USD an hour.",
            evidence,
        )
    return Recommendation(
        id=subject.id,
        kind=subject.kind,
        request_class=subject.request_class,
        pool=subject.pool,
        status="recommended",
        reason=reason,
        change=change,
        saving_usd=None,
        saving_usd_per_week=saving,
        effects=effects,
        holdout=holdout,
        assumptions=(FREED_TIME, *assumptions),
        evidence=evidence,
        reversal=reversal,
    )


def calibration_evidence(fit: PoolFit) -> Evidence:
    """How well the replay of today reproduces what was observed."""
    errors = fit.calibration
    return Evidence(
        id=f"calibration-{fit.name}",
        kind="simulated",
        statement=f"A replay of today on {fit.name} is {errors.p50_error_ratio:+.1%} off the observed median, "
        f"{errors.p95_error_ratio:+.1%} off p95 and {errors.utilisation_error_ratio:+.1%} off the busy seconds.",
        samples=fit.calls,
        value=None,
    )


def meets_objectives(period: Period, base: Trial, changed: Trial, request_classes: list[int]) -> bool:
    """Whether every class with an objective keeps it: the upper bound of p95 within it, or, where today
    already misses it, no later.
    """
    for number in request_classes:
        members = period.members(number)
        if not members.any():
            continue
        target_s = float(period.target_s[members][0])
        if not np.isfinite(target_s):
            continue
        upper_s, today_s = p95_upper_s(changed.e2e_s[members]), p95_upper_s(base.e2e_s[members])
        if upper_s > max(target_s, today_s):
            return False
    return True


def p95_effect(period: Period, base: Trial, changed: Trial, request_class: int, name: str) -> Effect:
    """The class's 95th percentile before and after."""
    members = period.members(request_class)
    return Effect(
        metric=f"{name} e2e_p95",
        unit="s",
        over=OVER,
        from_=p95_s(base.e2e_s[members]),
        to=p95_s(changed.e2e_s[members]),
    )


def goodput_ratio(period: Period, trial: Trial, request_class: int) -> float:
    """Requests of the class that succeeded within their objective, over all of them."""
    members = period.members(request_class)
    return float(trial.is_good[members].mean()) if members.any() else float("nan")
