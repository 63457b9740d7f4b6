"""The price book with the user's own rates, as of a day, and what is wrong with it."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final, get_args

from costctl.documents.price_settings import ServiceTier
from costctl.documents.prices import CHECK_SCHEMA_VERSION, SCHEMA_VERSION, Price, PriceCheck, Prices
from costctl.observation import configured, day_of
from costctl.progress import Progress, silent
from costctl.store.waiting import saying

if TYPE_CHECKING:
    from costctl.pricing.own_rates import Band

_MILLION: Final = 1_000_000


def list_prices(config: Path | None, as_of: str | None, model: str | None) -> Prices:
    """What tokens cost on the day (today where none is given). model: text that the model's name holds."""
    from costctl.pricing.own_rates import Asked, Band
    from costctl.pricing.prices import PRICE_BOOK, book_models, priced

    loaded = configured(config)
    day = _day(as_of)
    own = loaded.settings.prices
    mine: list[tuple[str | None, str]] = [(rate.provider, rate.model) for rate in own.rates]
    names = dict.fromkeys([*mine, *((None, alias) for alias in own.aliases), *book_models()])
    wanted = (model or "").lower()
    rows: list[Price] = []
    for provider, name in names:
        if wanted not in name.lower():
            continue
        for tier in get_args(ServiceTier):
            prices = priced(own, Asked(provider, name, day, tier))
            rows += [_price(provider, name, tier, kind, band, prices.source) for kind, band in prices.bands]
            rows += [
                _price(provider, name, tier, unit.kind, Band(0, None, unit.usd_per_unit), unit.source)
                for unit in prices.units
            ]
    return Prices(
        schema_version=SCHEMA_VERSION,
        price_book=PRICE_BOOK,
        config_sha256=loaded.sha256,
        as_of=day.isoformat(),
        prices=tuple(rows),
        asked=model,
    )


def _price(provider: str | None, model: str, service_tier: str, kind: str, band: Band, source: str) -> Price:
    return Price(
        provider=provider,
        model=model,
        service_tier=service_tier,
        token_kind=kind,
        from_input_tokens=band.from_input_tokens,
        below_input_tokens=band.below_input_tokens,
        usd_per_million=round(band.usd_per_token * _MILLION, 9),
        source=source,
    )


def verify_prices(
    config: Path | None,
    store: Path | None,
    as_of: str | None,
    *,
    wait_s: float = 0.0,
    progress: Progress = silent,
) -> PriceCheck:
    """What is wrong with the rates of the settings, which models of the store have no price, and what its records say
    that calls cost, each on its own day, beside what we say. wait_s: how long to wait for a store that another process
    holds.
    """
    from costctl.engine.duckdb import DuckDBEngine
    from costctl.engine.small_tables import load_prices, load_settings
    from costctl.pricing.price_checks import has_refused_rate, price_findings
    from costctl.pricing.prices import PRICE_BOOK
    from costctl.segment.rules import default_rules
    from costctl.store.database import open_store
    from costctl.verbs.witness import witness_of

    loaded = configured(config)
    own, day = loaded.settings.prices, _day(as_of)
    models, witness = None, None
    findings = price_findings(own, None, day)
    if store is not None:
        with open_store(store, read_only=True, wait_s=wait_s, waiting=saying(progress)) as connection:
            engine = DuckDBEngine(connection)
            load_settings(engine, loaded.settings, default_rules(), None, None)
            models = engine.query(
                "SELECT provider, model, MAX(day) AS day, service_tier, inference_geo FROM calls WHERE pool IS NULL "
                "GROUP BY provider, model, service_tier, inference_geo"
            )
            findings = price_findings(own, models, day)
            every_day = engine.query("SELECT DISTINCT provider, model, day, service_tier FROM calls")
            if not has_refused_rate(own, every_day):
                load_prices(engine, loaded.settings)
                witness = witness_of(engine, own)
    return PriceCheck(
        schema_version=CHECK_SCHEMA_VERSION,
        price_book=PRICE_BOOK,
        config_sha256=loaded.sha256,
        rates=len(loaded.settings.prices.rates),
        models=None if models is None else models.height,
        findings=findings,
        witness=witness,
    )


def _day(text: str | None) -> date:
    return day_of(text, "--as-of") or datetime.now(UTC).date()
