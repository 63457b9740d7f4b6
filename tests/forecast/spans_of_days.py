"""Forecasts of spans that a test names: from a store in memory."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from costctl.documents.forecast import Forecast
from costctl.documents.provenance import Provenance
from costctl.documents.settings import Pool, Settings
from costctl.forecast.advice import Advised
from costctl.forecast.document import METHODS, build_forecast
from tests.relations.span_rows import chat, engine_of, frames_of

DAY_S = 86_400.0
NOV_S = 1_793_491_200.0  # 2026-11-01T00:00:00Z, a Sunday
BOUGHT = {"provider": "openai", "model_served": "gpt-4.1", "input_tokens": 1000, "output_tokens": 500}
OWN = {"service": "llm", "replica_id": "r1", "input_tokens": 900, "output_tokens": 5}
GPU = Settings(pools={"gpu": Pool(usd_per_replica_hour=2.0, replicas=1, match={"service": "llm"})})


def calls_at(times_s: Iterable[float], facts: dict[str, Any], name: str = "a") -> list[dict[str, Any]]:
    """A request of one call at each of these seconds of November, of two seconds each."""
    return [
        chat(f"{name}{place}/call", NOV_S + at_s, NOV_S + at_s + 2.0, **facts)
        for place, at_s in enumerate(times_s)
    ]


def hourly(days: float, from_day: float = 0.0) -> list[float]:
    """Every hour on the hour, from the beginning of November on."""
    return [from_day * DAY_S + 3600.0 * hour for hour in range(round(days * 24))]


def forecast_of(
    spans: list[dict[str, Any]],
    settings: Settings | None = None,
    budget_usd: float | None = None,
    advised: Advised | None = None,
) -> Forecast:
    """The document."""
    settings = settings or Settings()
    frames = frames_of(engine_of(spans, settings), settings)
    return build_forecast(
        frames, settings, Provenance("0", (), None, "book", METHODS, 0), 0, budget_usd, advised
    )
