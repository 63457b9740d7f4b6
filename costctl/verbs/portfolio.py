"""The recommendations as one table by class: frames are fetched, and handed with them to the inner ring."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from costctl.answers import kept_or_made
from costctl.documents.grades import Grade
from costctl.documents.portfolio import Portfolio
from costctl.engine.protocol import Engine
from costctl.grades import read_grades
from costctl.observation import Observation, Question, observed
from costctl.progress import Progress
from costctl.verbs.analyze import fits_of, frames_of
from costctl.verbs.recommend import recommendations_in

if TYPE_CHECKING:
    from costctl.documents.recommendations import Baseline
    from costctl.frames.cost import Frames
    from costctl.recommend.portfolio.document import ClassBill
    from costctl.recommend.portfolio.today import Served


def portfolio(question: Question, progress: Progress, grades: Path | None = None) -> Portfolio:
    """What each class is for, what serves it, what is proposed and what that is worth. grades: as in ``recommend``.

    Raises InputError for grades that cannot be used.
    """
    graded = () if grades is None else read_grades(grades)
    with observed(question, progress) as observation:
        return kept_or_made(observation, progress, Portfolio, _portfolio, graded)


def _portfolio(observation: Observation, progress: Progress, grades: tuple[Grade, ...]) -> Portfolio:
    from costctl.behaviour.class_facts import SHAPE_COLUMNS, TIER_COLUMNS, class_facts
    from costctl.cost.bill import bill_of
    from costctl.recommend.portfolio.document import build_portfolio
    from costctl.recommend.portfolio.today import Today, pool_lines

    settings = observation.config.settings
    document = recommendations_in(observation, progress, grades)
    frames = frames_of(observation, progress)
    fits = fits_of(observation, frames, progress, with_untimed=True)
    progress("Putting the classes side by side", None)
    shape = observation.engine.fetch("request_shape", SHAPE_COLUMNS)
    bought = observation.engine.fetch("bought_calls", ("request_class", "model", "service_tier"))
    bill = bill_of(frames, settings)
    return build_portfolio(
        document,
        _bills(frames, document.baseline),
        class_facts(frames.traffic, shape, bought.select(TIER_COLUMNS), settings.classes),
        Today(_served(observation.engine, frames, bought), pool_lines(bill, fits, settings), settings),
        document.provenance,
    )


def _bills(frames: Frames, baseline: Baseline) -> list[ClassBill]:
    """What each class is charged."""
    from costctl.cost.weekly import class_usd_a_week
    from costctl.recommend.portfolio.document import ClassBill

    sums = frames.sums
    weekly = class_usd_a_week(frames) if baseline.is_weekly_given else {}
    unpriced = dict(
        sums.class_charge.group_by("request_class").agg(pl.col("unpriced_charges").sum()).iter_rows()
    )
    rows = sums.class_cost.select("request_class", "requests", "attributed_usd").iter_rows()
    return [
        ClassBill(name, requests, usd, weekly.get(name), int(unpriced.get(name, 0)))
        for name, requests, usd in rows
    ]


def _served(engine: Engine, frames: Frames, bought: pl.DataFrame) -> Served:
    """How often each class was served by what."""
    from costctl.recommend.portfolio.today import Served

    reads = frames.traffic.placed(engine.fetch("storage_use", ("request_id", "storage", "reads")))
    counts = (
        frames.pool_call.group_by("request_class", "pool").agg(pl.len().alias("n")),
        bought.group_by("request_class", "model", "service_tier").agg(pl.len().alias("n")),
        reads.drop_nulls("reads").group_by("request_class", "storage").agg(pl.col("reads").sum().alias("n")),
    )
    return Served(*(each.with_columns(pl.col("request_class").cast(pl.String)) for each in counts))
