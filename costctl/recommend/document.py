"""What should change, what does it save, and how sure is that? The recommendations document, from frames and fits.

In: the frames, the settings, the fitted pools, where the figures come from, a seed. Out: ``Recommendations``. The data
flow: frames and fits → study → each kind proposes → the evaluator judges → the ledger adds up what is recommended.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import polars as pl
from msgspec.structs import replace

from costctl.cost.bill import bill_of
from costctl.cost.weekly import billed_usd_a_week, idle_usd_a_week, is_week_given_of, requests_a_week
from costctl.documents.provenance import Provenance
from costctl.documents.recommendations import (
    SCHEMA_VERSION,
    Baseline,
    IdlePool,
    Joint,
    Recommendation,
    Recommendations,
)
from costctl.documents.setting_names import toml_key
from costctl.documents.settings import Settings
from costctl.frames.cost import Frames
from costctl.recommend.bought import evaluator as bills
from costctl.recommend.bought.ledger import ledger_of, settled, together
from costctl.recommend.bought.registry import BILL_KINDS
from costctl.recommend.bought.study import BoughtStudy
from costctl.recommend.chains import chains_of
from costctl.recommend.evaluator import evaluated, withheld
from costctl.recommend.ledger import joint_savings, kept_together, ranked
from costctl.recommend.objectives import missed_today
from costctl.recommend.proposals import Kind, Subject
from costctl.recommend.registry import KINDS, NOT_COVERED
from costctl.recommend.study import Study, study_of
from costctl.recommend.weekly import without_weeks
from costctl.scenario.today import why_nothing_fits
from costctl.service_model.beyond_memory import beyond_memory_today
from costctl.service_model.pool_fit import PoolFits
from costctl.service_model.pool_replicas import contradictions
from costctl.service_model.untimed import NO_TIMES
from costctl.stats.exact_sums import sum_of_parts
from costctl.units import S_PER_HOUR, iso_utc

METHODS: Final = {
    "replay": "event-driven replay of the trace's own calls under fitted service models",
    "saving": "paired replay, block bootstrap; of bought tokens the bill run again, sessions drawn again",
    "holdout": "chosen on the first three fifths of the window, held to the rest",
    **{kind.name: kind.method for kind in KINDS if kind.method is not None},
}


def build_recommendations(
    frames: Frames,
    settings: Settings,
    fits: PoolFits,
    bought: BoughtStudy | None,
    provenance: Provenance,
    seed: int,
    *,
    is_weekly_asked: bool = False,
) -> Recommendations:
    """The recommendations document of a window. bought: None where no tokens are bought, or too few to say anything.
    is_weekly_asked: figures a week are given however short it is.
    """
    missing = _missing(settings, fits)
    refusal = _why_nothing_can_be_judged(settings, fits, missing)
    study = study_of(frames, fits, settings, seed) if refusal is None else None
    reason = None
    if study is None:
        reason = refusal or (
            "All requests begin at one instant, so that nothing that is chosen on a first part of the traffic can be "
            "held to the rest. Load traces of a longer time."
        )
        on_pools = [_not_judged(kind, reason, missing) for kind in KINDS]
    else:
        on_pools = _judged(study)
    on_tokens, joint_cash = ([], None) if bought is None else _billed(bought)
    advice = ranked([*on_pools, *on_tokens])
    document = Recommendations(
        schema_version=SCHEMA_VERSION,
        provenance=provenance.with_warnings((*contradictions(frames, settings), *beyond_memory_today(fits))),
        baseline=_baseline(frames, settings, is_weekly_asked=is_weekly_asked),
        calibration=None if study is None else study.calibration,
        recommendations=advice,
        joint=together(
            None if study is None else joint_savings(study, _made(advice, on_pools)),
            joint_cash,
        ),
        kinds=_names_of_kinds(),
        not_covered=NOT_COVERED,
        why_nothing=reason if bought is None else None,
        chains=() if study is None else chains_of(study),
        missed=() if study is None else missed_today(study),
    )
    return document if document.baseline.is_weekly_given else without_weeks(document)


def _names_of_kinds() -> tuple[str, ...]:
    """Each once: a kind may be about pools and about bought tokens."""
    return tuple(dict.fromkeys((*(kind.name for kind in KINDS), *(kind.name for kind in BILL_KINDS))))


def _made(advice: Sequence[Recommendation], of: Sequence[Recommendation]) -> list[Recommendation]:
    """What is recommended of these, in the order of all advice."""
    names = {each.id for each in of}
    return [each for each in advice if each.status == "recommended" and each.id in names]


def _billed(study: BoughtStudy) -> tuple[list[Recommendation], Joint | None]:
    """The advice on what is bought, and what all that is recommended of it saves together."""
    advice = ranked([bills.evaluated(study, each) for kind in BILL_KINDS for each in kind.propose(study)])
    ledger = ledger_of(study, [each for each in advice if each.status == "recommended"])
    return settled(advice, ledger), ledger.joint


def _judged(study: Study) -> list[Recommendation]:
    """The advice of all kinds for pools, of which what is recommended keeps every objective together."""
    advice = [evaluated(study, each) for kind in KINDS for each in kind.propose(study)]
    made = [each for each in ranked(advice) if each.status == "recommended"]
    kept = {each.id: each for each in kept_together(study, made)}
    return [kept.get(each.id, each) for each in advice]


def _not_judged(kind: Kind, reason: str, missing: tuple[str, ...]) -> Recommendation:
    return replace(
        withheld(Subject(kind.name), reason),
        withheld_as="needs_input" if missing else "not_applicable",
        missing=missing,
    )


def _missing(settings: Settings, fits: PoolFits) -> tuple[str, ...]:
    """Prices without which nothing can be judged; where there is no model at all, how long steps take."""
    if not fits.fitted:
        return tuple(
            f"pools.{toml_key(name)}.step_times"
            for name, why in sorted(fits.reasons.items())
            if why == NO_TIMES
        )
    return tuple(
        f"pools.{toml_key(fit.name)}.usd_per_replica_hour"
        for fit in fits.fitted
        if settings.pools[fit.name].usd_per_replica_hour is None
    )


def _why_nothing_can_be_judged(settings: Settings, fits: PoolFits, missing: tuple[str, ...]) -> str | None:
    if not fits.fitted:
        return why_nothing_fits(settings, fits)
    return f"Replica time has no price: set {', '.join(missing)}." if missing else None


def _baseline(frames: Frames, settings: Settings, *, is_weekly_asked: bool) -> Baseline:
    bill = bill_of(frames, settings)
    billed, idle = bill.billed_usd, bill.idle_usd
    is_weekly = is_week_given_of(frames, is_asked=is_weekly_asked)
    bought = frames.sums.class_charge.filter(pl.col("component") == "api_tokens")
    return Baseline(
        usd=billed,
        requests=frames.requests.height,
        observed_hours=frames.window_s / S_PER_HOUR,
        unpriced_charges=frames.sums.unpriced_charges - bill.charges_in_pools,
        is_weekly_given=is_weekly,
        usd_per_week=billed_usd_a_week(frames, bill) if is_weekly else None,
        requests_per_week=requests_a_week(frames) if is_weekly else None,
        idle_usd=idle,
        idle_usd_per_week=idle_usd_a_week(frames, idle) if is_weekly else None,
        idle_ratio=None if idle is None or not billed else idle / billed,
        pools=tuple(
            IdlePool(
                pool=each.pool,
                replicas=each.replicas,
                idle_ratio=each.idle_ratio,
                idle_usd=each.idle_usd,
                idle_usd_per_week=idle_usd_a_week(frames, each.idle_usd) if is_weekly else None,
            )
            for each in sorted(bill.pools, key=lambda each: (-(each.idle_usd or 0.0), each.pool))
        ),
        bought_usd=sum_of_parts(bought, "usd"),
        window_from=iso_utc(frames.window_from_ns),
        window_to=iso_utc(frames.window_to_ns + 999),  # up to the next microsecond
    )
