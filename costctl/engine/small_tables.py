"""Settings as small tables: what the relations join to, in place of parameters.

In: ``Settings``, class rules, token prices and the observation window. Out: an engine that has pools,
pool_models, pool_matches, storages, storage_matches, tools, tool_matches, billing_rules, settings, value_attributes,
data_attribute, class_rules, observation_window, binary_places, cuts, cut_attributes, and of the calls' models
token_prices, unit_prices, price_gaps and model_limits loaded.
"""

from __future__ import annotations

from datetime import date
from typing import Final

import polars as pl

from costctl.documents.settings import Settings
from costctl.engine.asked_cuts import load_cuts
from costctl.engine.protocol import Engine
from costctl.pricing.billing_rules import billing_rule_rows
from costctl.pricing.prices import price_tables
from costctl.stats.exact_sums import binary_places
from costctl.units import BYTES_PER_GB, usd_per_s

BLOCK_S: Final = (
    600.0  # length of a block of time in class_window; ten minutes, as in the Azure and ServeGen studies
)
LOOP_ROUNDS: Final = 3.0  # rounds of one and the same step that count as a loop: once more may be a check
PRICE_TABLES: Final = ("token_prices", "unit_prices", "price_gaps", "model_limits")
_EARLIEST_NS: Final = -(2**63)
_LATEST_NS: Final = 2**63 - 1
_MATCHES: Final = {"attribute": pl.String, "glob": pl.String}


def load_settings(
    engine: Engine, settings: Settings, class_rules: pl.DataFrame, since_ns: int | None, until_ns: int | None
) -> None:
    """Load every small table but those of prices, which need to know the models first: ``load_prices``."""
    engine.load("pools", _pools(settings))
    engine.load("pool_models", _pool_models(settings))
    engine.load("pool_matches", _matches("pool", {name: pool.match for name, pool in settings.pools.items()}))
    engine.load("storages", _storages(settings))
    engine.load(
        "storage_matches",
        _matches("storage", {name: store.match for name, store in settings.storage.items()}),
    )
    engine.load("tools", _tools(settings))
    engine.load("tool_matches", _matches("tool", {name: tool.match for name, tool in settings.tools.items()}))
    engine.load("billing_rules", billing_rule_rows(settings.billing))
    engine.load("settings", _settings(settings))
    engine.load("value_attributes", _value_attributes(settings))
    engine.load(
        "data_attribute",
        pl.DataFrame({"attribute": _data_attribute(settings)}, schema={"attribute": pl.String}),
    )
    engine.load("class_rules", class_rules)
    engine.load("observation_window", _window(since_ns, until_ns))
    engine.load("binary_places", binary_places())
    load_cuts(engine)


def load_prices(engine: Engine, settings: Settings, as_of: date | None = None) -> None:
    """Load token_prices, unit_prices, price_gaps and model_limits for the models of the calls. as_of: the day whose
    prices hold for all.

    Raises UsageError for own rates that cannot be used.
    """
    models = engine.query("SELECT DISTINCT provider, model, day, service_tier, inference_geo FROM calls")
    for name, rows in price_tables(models, as_of, settings.prices)._asdict().items():
        engine.load(name, rows)


def _pools(settings: Settings) -> pl.DataFrame:
    rows = [
        {
            "pool": name,
            "pool_order": order,
            "usd_per_replica_s": None
            if pool.usd_per_replica_hour is None
            else usd_per_s(pool.usd_per_replica_hour),
            "prefill_milliweight": round(pool.prefill_weight * 1000),
            "decode_milliweight": round(pool.decode_weight * 1000),
            "has_conditions": bool(pool.match or pool.models),
            "has_models": bool(pool.models),
        }
        for order, (name, pool) in enumerate(settings.pools.items())
    ]
    schema = {
        "pool": pl.String,
        "pool_order": pl.Int64,
        "usd_per_replica_s": pl.Float64,
        "prefill_milliweight": pl.Int64,
        "decode_milliweight": pl.Int64,
        "has_conditions": pl.Boolean,
        "has_models": pl.Boolean,
    }
    return pl.DataFrame(rows, schema=schema)


def _pool_models(settings: Settings) -> pl.DataFrame:
    rows = [
        {"pool": name, "model": model}
        for name, pool in settings.pools.items()
        for model in dict.fromkeys(pool.models)
    ]
    return pl.DataFrame(rows, schema={"pool": pl.String, "model": pl.String})


def _matches(owner: str, matches: dict[str, dict[str, str]]) -> pl.DataFrame:
    rows = [
        {owner: name, "attribute": attribute, "glob": glob}
        for name, conditions in matches.items()
        for attribute, glob in conditions.items()
    ]
    return pl.DataFrame(rows, schema={owner: pl.String, **_MATCHES})


def _storages(settings: Settings) -> pl.DataFrame:
    rows = [
        {
            "storage": name,
            "storage_order": order,
            "usd_per_read": None if store.usd_per_1k_reads is None else store.usd_per_1k_reads / 1000,
            "usd_per_byte_egress": None
            if store.usd_per_gb_egress is None
            else store.usd_per_gb_egress / BYTES_PER_GB,
            "region": store.region,
            "zone": store.zone,
        }
        for order, (name, store) in enumerate(settings.storage.items())
    ]
    schema = {
        "storage": pl.String,
        "storage_order": pl.Int64,
        "usd_per_read": pl.Float64,
        "usd_per_byte_egress": pl.Float64,
        "region": pl.String,
        "zone": pl.String,
    }
    return pl.DataFrame(rows, schema=schema)


def _tools(settings: Settings) -> pl.DataFrame:
    rows = [
        {
            "tool": name,
            "tool_order": order,
            "usd_per_call": None if tool.usd_per_1k_calls is None else tool.usd_per_1k_calls / 1000,
            "usd_per_cpu_s": None if tool.usd_per_cpu_hour is None else usd_per_s(tool.usd_per_cpu_hour),
        }
        for order, (name, tool) in enumerate(settings.tools.items())
    ]
    schema = {
        "tool": pl.String,
        "tool_order": pl.Int64,
        "usd_per_call": pl.Float64,
        "usd_per_cpu_s": pl.Float64,
    }
    return pl.DataFrame(rows, schema=schema)


def _value_attributes(settings: Settings) -> pl.DataFrame:
    rows = [
        {"request_class": name, "attribute": declared.value.attribute}
        for name, declared in settings.classes.items()
        if declared.value is not None and declared.value.attribute is not None
    ]
    return pl.DataFrame(rows, schema={"request_class": pl.String, "attribute": pl.String})


def _data_attribute(settings: Settings) -> list[str]:
    """The attribute that tells what data a call carries, or none."""
    return [] if settings.data.attribute is None else [settings.data.attribute]


def _settings(settings: Settings) -> pl.DataFrame:
    per_gb = {
        "internet_usd_per_byte_egress": settings.internet_usd_per_gb_egress,
        "usd_per_byte_between_zones": settings.network.usd_per_gb_between_zones,
        "usd_per_byte_between_regions": settings.network.usd_per_gb_between_regions,
    }
    rows = [
        {"name": "block_s", "value": BLOCK_S},
        {"name": "loop_rounds", "value": LOOP_ROUNDS},
        {"name": "unpriced_is_recorded", "value": float(settings.prices.unpriced == "recorded")},
        *(
            {"name": name, "value": None if usd is None else usd / BYTES_PER_GB}
            for name, usd in per_gb.items()
        ),
    ]
    return pl.DataFrame(rows, schema={"name": pl.String, "value": pl.Float64})


def _window(since_ns: int | None, until_ns: int | None) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "since_ns": [_EARLIEST_NS if since_ns is None else since_ns],
            "until_ns": [_LATEST_NS if until_ns is None else until_ns],
            "is_bounded": [since_ns is not None or until_ns is not None],
        }
    )
