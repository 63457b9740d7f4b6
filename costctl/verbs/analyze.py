"""What classes cost: frames are fetched, service models fitted, and handed to the inner ring.

Replay and statistics are imported where they are needed: compiled code takes a second to load.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec
import polars as pl

from costctl.answers import kept_or_made
from costctl.documents.analysis import Analysis
from costctl.documents.bill import IdleTreatment
from costctl.documents.cache_misses import CacheMisses
from costctl.documents.cuts import ALWAYS_CUT, asked_cuts
from costctl.documents.settings import Settings
from costctl.engine.laws import require_lawful
from costctl.engine.protocol import Engine
from costctl.observation import Observation, Question, observed
from costctl.progress import Progress
from costctl.verbs.asked_cuts import ask_for_cuts, require_known
from costctl.verbs.bought import cache_misses_in
from costctl.verbs.witness import witness_of

if TYPE_CHECKING:
    from costctl.frames.cost import Frames
    from costctl.frames.cut_sums import CutSums
    from costctl.frames.spending import Spending
    from costctl.service_model.pool_fit import PoolFits


def analyze(
    question: Question,
    progress: Progress,
    idle: IdleTreatment = "separate",
    by: Sequence[str] = (),
) -> Analysis:
    """What each class costs, and how it behaves. idle: whose row idle time is in the reconciled bill.  by: what else
    than model, provider and tenant the bill is split by: team, key, route, day, hour, class, attr:KEY.

    Raises UsageError for a name or an attribute that is not known, NotEnoughDataError for one that is not observed.
    """
    require_known(by)
    with observed(question, progress) as observation:
        return analysis_in(observation, progress, idle, by)


def analysis_in(
    observation: Observation, progress: Progress, idle: IdleTreatment = "separate", by: Sequence[str] = ()
) -> Analysis:
    """The same of traces that are open, kept or made."""
    return kept_or_made(observation, progress, Analysis, _analyzed, idle, tuple(by))


def _analyzed(
    observation: Observation, progress: Progress, idle: IdleTreatment, by: tuple[str, ...]
) -> Analysis:
    return analyzed(observation, progress, idle, by).document


@dataclasses.dataclass(frozen=True, slots=True)
class Analyzed:
    """An analysis, and what it was made of."""

    document: Analysis
    frames: Frames
    spending: Spending


def analyzed(
    observation: Observation,
    progress: Progress,
    idle: IdleTreatment = "separate",
    by: tuple[str, ...] = (),
) -> Analyzed:
    """The whole analysis document, as ``analyze`` gives it."""
    from costctl.frames.cut_sums import CutSums
    from costctl.frames.spending import spending_of

    ask_for_cuts(observation.engine, by)
    frames = frames_of(observation, progress)
    fits = fits_of(observation, frames, progress)
    misses = cache_misses_in(observation, progress)
    document = analysis_of(observation, frames, fits, progress, idle, misses)
    progress("Summing by model and tenant", None)
    sums = CutSums.read(observation.engine.fetch)
    spending = spending_of(sums)
    with_cuts = _with_cuts(document, sums, spending, by)
    return Analyzed(_with_first_requests(with_cuts, observation.engine, frames), frames, spending)


def _with_cuts(document: Analysis, sums: CutSums, spending: Spending, by: Sequence[str]) -> Analysis:
    """The document with the bill by what every analysis tells apart, and by what was asked for, and over time."""
    from costctl.cost.cuts import cuts_of
    from costctl.cost.spending import changes_of, timeline_of
    from costctl.cost.tenants import tenant_uses

    names = tuple(dict.fromkeys((*by, *ALWAYS_CUT)))
    cuts = cuts_of(sums, names, document)
    return msgspec.structs.replace(
        document,
        tenants=tenant_uses(asked_cuts(cuts, ("tenant",))[0]),
        cuts=cuts,
        timeline=timeline_of(spending),
        changes=changes_of(spending, by),
    )


def _with_first_requests(document: Analysis, engine: Engine, frames: Frames) -> Analysis:
    """The document with the first request of all that moved, where anything did."""
    from costctl.cost.first_requests import has_movers, with_first_requests

    if document.changes is None or not has_movers(document.changes):
        return document
    requests = engine.fetch("requests", ("request_id", "trace_id", "start_ns", "tenant"))
    classes = frames.traffic.request_class.select("request_id", pl.col("request_class").cast(pl.String))
    changes = with_first_requests(
        document.changes,
        requests.join(classes, on="request_id", how="inner"),
        engine.fetch("calls", ("request_id", "model")),
    )
    return msgspec.structs.replace(document, changes=changes)


def frames_of(observation: Observation, progress: Progress) -> Frames:
    """The relations that costs rest on, built, fetched and held to the laws of sql/checks."""
    engine, settings = observation.engine, observation.config.settings
    frames = frames_in(engine, settings, observation.rejected_records, progress)
    progress("Checking that figures add up", None)
    require_lawful(engine)
    return frames


def frames_in(engine: Engine, settings: Settings, rejected_records: int, progress: Progress) -> Frames:
    """The relations of an engine that costs rest on. Prices must be loaded."""
    from costctl.frames.cost import Frames

    def fetch(name: str, columns: Sequence[str]) -> pl.DataFrame:
        progress(f"Building {name}", None)
        return engine.fetch(name, columns)

    return Frames.read(fetch, lambda: witness_of(engine, settings.prices), rejected_records)


def with_reuse(observation: Observation, frames: Frames, progress: Progress) -> Frames:
    """The frames, with what was asked before, for replays that keep it; as they are where there are no pools."""
    if frames.pool_call.is_empty():
        return frames
    from costctl.frames.reuse import Reuse

    def fetch(name: str, columns: Sequence[str]) -> pl.DataFrame:
        progress(f"Building {name}", None)
        return observation.engine.fetch(name, columns)

    return dataclasses.replace(frames, reuse=Reuse.read(fetch))


def fits_of(
    observation: Observation, frames: Frames, progress: Progress, *, with_untimed: bool = False
) -> PoolFits:
    """The service models of the pools. with_untimed: also of those whose calls have no times, to be replayed."""
    from costctl.service_model.pool_fit import fit_pools

    if not frames.sums.pool_use.is_empty():
        progress("Fitting service models", None)
    return fit_pools(frames, observation.config.settings, with_untimed=with_untimed)


def analysis_of(
    observation: Observation,
    frames: Frames,
    fits: PoolFits,
    progress: Progress,
    idle: IdleTreatment = "separate",
    cache_misses: CacheMisses | None = None,
) -> Analysis:
    """The analysis document."""
    from costctl.cost.analysis import build_analysis, methods_of

    if fits.fitted:
        progress("Replaying to estimate marginal cost", None)
    settings = observation.config.settings
    provenance = observation.provenance(methods_of(settings))
    return build_analysis(frames, settings, fits, provenance, observation.seed, idle, cache_misses)
