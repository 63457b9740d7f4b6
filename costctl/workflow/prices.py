"""What tokens cost, and what is amiss with the user's own rates."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl

from costctl import __version__
from costctl.config import LoadedConfig, load_config
from costctl.cost.price_list import prices_on, unpriced_findings, why_none
from costctl.cost.prices import price_book
from costctl.cost.rate_checks import magnitude_findings, rate_findings
from costctl.documents.price_list import SCHEMA_VERSION, Finding, PriceList
from costctl.documents.provenance import InputRecord, Provenance
from costctl.observation import DEFAULT_STORE, Question, day_of, observed
from costctl.progress import Progress

METHODS = {"prices": "the user's own rates, else the price book"}


def list_prices(config: Path | None, as_of: str | None, patterns: tuple[str, ...]) -> PriceList:
    """The prices that hold on a day, today where none is named."""
    loaded = load_config(config, Path.cwd())
    day = _day(as_of)
    prices = prices_on(loaded.settings, day, patterns)
    reason = None if prices else why_none(patterns, loaded.settings)
    return PriceList(SCHEMA_VERSION, _provenance(loaded, ()), day.isoformat(), prices, (), reason)


def verify_prices(
    config: Path | None, store: Path | None, as_of: str | None, progress: Progress
) -> PriceList:
    """What is amiss with the rates, and what of the store has no price; without a store, the rates alone."""
    loaded = load_config(config, Path.cwd())
    day = _day(as_of)
    found = list(rate_findings(loaded.settings, day))
    inputs: tuple[InputRecord, ...] = ()
    is_usable = not any(each.severity == "error" for each in magnitude_findings(loaded.settings, None))
    if is_usable and (store is not None or DEFAULT_STORE.exists()):
        unpriced, inputs = _unpriced(Question(store=store, config=config), progress)
        found += unpriced
    return PriceList(SCHEMA_VERSION, _provenance(loaded, inputs), day.isoformat(), (), tuple(found), None)


def _unpriced(question: Question, progress: Progress) -> tuple[tuple[Finding, ...], tuple[InputRecord, ...]]:
    with observed(question, progress) as observation:
        calls = observation.engine.fetch("calls").filter(
            pl.col("pool").is_null() & pl.col("model").is_not_null()
        )
        models = calls.select("provider", "model", "day", "service_tier")
        return unpriced_findings(models, observation.config.settings), observation.inputs


def _day(as_of: str | None) -> date:
    return day_of(as_of, "--as-of") or datetime.now(tz=UTC).date()


def _provenance(loaded: LoadedConfig, inputs: tuple[InputRecord, ...]) -> Provenance:
    return Provenance(__version__, inputs, loaded.sha256, price_book(loaded.settings), METHODS, 0)
