"""What should change, what does it save, and how sure is that? The recommendations document, from frames and fits.

In: the frames, the settings, the fitted pools, where the figures come from, a seed. Out: ``Recommendations``. The data
flow: frames and fits → study → each kind proposes → the evaluator judges → the ledger adds up what is recommended.
"""

from __future__ import annotations

from typing import Final

from costctl.cost.bill import bill_of
from costctl.cost.weekly import is_weekly_given
from costctl.documents.provenance import Provenance
from costctl.documents.recommendations import SCHEMA_VERSION, Baseline, Recommendation, Recommendations
from costctl.documents.settings import Settings
from costctl.frames.cost import Frames
from costctl.recommend.evaluator import evaluated, withheld
from costctl.recommend.ledger import joint_savings, ranked
from costctl.recommend.proposals import Subject
from costctl.recommend.registry import KINDS
from costctl.recommend.study import Study, study_of
from costctl.recommend.weekly import with_savings_of_window
from costctl.scenario.today import why_nothing_fits
from costctl.service_model.pool_fit import PoolFits
from costctl.units import S_PER_HOUR, S_PER_WEEK

METHODS: Final = {
    "replay": "event-driven replay of the trace's own calls under fitted service models",
    "saving": "paired replay, block bootstrap",
    "holdout": "chosen on the first three fifths of the window, held to the rest",
    **{kind.name: kind.method for kind in KINDS if kind.method is not None},
}


def build_recommendations(
    frames: Frames,
    settings: Settings,
    fits: PoolFits,
    provenance: Provenance,
    seed: int,
    *,
    is_weekly_asked: bool = False,
) -> Recommendations:
    """The recommendations document of a window. is_weekly_asked: figures a week are given however short it is."""
    refusal = _why_nothing_can_be_judged(settings, fits)
    study = study_of(frames, fits, settings, seed) if refusal is None else None
    if study is None:
        reason = refusal or (
            "One part of the window has no calls, so that nothing chosen on one can be held to the other."
        )
        advice = tuple(withheld(Subject(kind.name), reason) for kind in KINDS)
    else:
        advice = ranked(_judged(study))
    document = Recommendations(
        schema_version=SCHEMA_VERSION,
        provenance=provenance,
        baseline=_baseline(frames, settings, is_weekly_asked=is_weekly_asked),
        calibration=None if study is None else study.calibration,
        recommendations=advice,
        joint=None if study is None else joint_savings(study, advice),
    )
    return with_savings_of_window(document)


def _judged(study: Study) -> list[Recommendation]:
    return [evaluated(study, each) for kind in KINDS for each in kind.propose(study)]


def _why_nothing_can_be_judged(settings: Settings, fits: PoolFits) -> str | None:
    if not fits.fitted:
        return why_nothing_fits(settings, fits)
    unpriced = [fit.name for fit in fits.fitted if settings.pools[fit.name].usd_per_replica_hour is None]
    if unpriced:
        wanted = ", ".join(f"pools.{name}.usd_per_replica_hour" for name in unpriced)
        return f"Replica time has no price: set {wanted}."
    return None


def _baseline(frames: Frames, settings: Settings, *, is_weekly_asked: bool) -> Baseline:
    billed = bill_of(frames, settings).billed_usd
    weeks = frames.window_s / S_PER_WEEK
    is_weekly = is_weekly_given(frames.window_s, is_asked=is_weekly_asked)
    return Baseline(
        usd=billed,
        requests=frames.requests.height,
        observed_hours=frames.window_s / S_PER_HOUR,
        unpriced_charges=frames.sums.unpriced_charges,
        is_weekly_given=is_weekly,
        usd_per_week=None if billed is None or not is_weekly else billed / weeks,
        requests_per_week=frames.requests.height / weeks if is_weekly else None,
    )
