"""What the month and the quarter will cost: frames are fetched, and handed to the inner ring.

statsmodels is imported where it is needed: it takes two seconds to load.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from costctl.answers import kept_or_made
from costctl.documents.forecast import Forecast
from costctl.documents.recommendations import Recommendations
from costctl.errors import UsageError
from costctl.no_pandas import with_pandas
from costctl.observation import Observation, Question, observed
from costctl.progress import Progress
from costctl.saved import read_saved
from costctl.verbs.analyze import frames_of
from costctl.verbs.recommend import recommendations_in

if TYPE_CHECKING:
    from costctl.forecast.advice import Advised


def forecast(
    question: Question,
    progress: Progress,
    budget_usd: float | None = None,
    advised: Sequence[str] = (),
    advice: Path | None = None,
) -> Forecast:
    """Spend to the end of the month and of the quarter. budget_usd: a month, to say when it ends.  advised:
    recommendations that are taken to be done, by number or id, or "all".  advice: a saved document that they are read
    from, of which all are meant where none is named; computed from the traces if None.

    Raises UsageError for a budget or a name that cannot be, InputError for a file that holds no recommendations,
    NotEnoughDataError where too little was observed.
    """
    if budget_usd is not None and not (math.isfinite(budget_usd) and budget_usd > 0.0):
        raise UsageError(
            f"Invalid budget {budget_usd:g}.",
            why="A budget is more than nothing.",
            next_step="Write USD a month, such as --budget 1200.",
        )
    with_pandas()  # statsmodels needs it
    saved = None if advice is None else read_saved(advice, Recommendations, "costctl recommend -o FILE.json")
    with observed(question, progress) as observation:
        asked = tuple(advised) or (("all",) if saved is not None else ())
        chosen = _advised(observation, progress, asked, saved) if asked else None
        return kept_or_made(observation, progress, Forecast, _forecast, budget_usd, chosen)


def forecast_in(observation: Observation, progress: Progress) -> Forecast:
    """The same of traces that are open, without a budget or advice. Raises NotEnoughDataError."""
    with_pandas()
    return kept_or_made(observation, progress, Forecast, _forecast, None, None)


def _advised(
    observation: Observation, progress: Progress, asked: tuple[str, ...], saved: Recommendations | None
) -> Advised:
    from costctl.forecast.advice import advised_by

    return advised_by(saved or recommendations_in(observation, progress), asked)


def _forecast(
    observation: Observation, progress: Progress, budget_usd: float | None, advised: Advised | None
) -> Forecast:
    frames = frames_of(observation, progress)
    progress("Fitting what was spent by day", None)
    from costctl.forecast.document import METHODS, build_forecast

    return build_forecast(
        frames,
        observation.config.settings,
        observation.provenance(METHODS),
        observation.seed,
        budget_usd,
        advised,
    )
