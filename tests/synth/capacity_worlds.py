"""A week of two applications: one always comes, one for an hour a day. Each has an offer of capacity.

Shape in: a seed. Shape out: the world, its traffic, and what it would pay with units that are paid by the hour: played
call by call on what the world's own providers count and charge.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import polars as pl

from costctl.documents.capacity_settings import Commitment
from costctl.rebill.calls import BOUGHT_COLUMNS, BoughtCalls, bought_calls_of
from costctl.synth.shop.presets import shop
from costctl.synth.shop.provider import Usage, usage_of, usd_of
from costctl.synth.shop.traffic import Call, traffic_of
from costctl.synth.shop.world import App, Shop
from costctl.synth.world import Spread
from tests.oracles.slow_capacity import SlowCall, cost_usd

_SAID: Final = Spread(60, 0.5, 8, 600)
_ANSWER: Final = Spread(170, 0.5, 20, 900)
HOURS: Final = 168.0
OFFERS: Final = {
    name: Commitment("openai", (model,), 500.0, usd_per_unit_hour=0.005, output_weight=4.0)
    for name, model in (("steady", "gpt-4.1"), ("spiky", "gpt-4.1-mini"))
}
SETTINGS: Final = "".join(
    f"""
[commitments.{name}]
provider = "openai"
models = ["{offer.models[0]}"]
tokens_per_minute = 500
output_weight = 4
usd_per_unit_hour = 0.005
"""
    for name, offer in OFFERS.items()
)


@dataclass(frozen=True, slots=True)
class Week:
    """A world, its calls, and what its providers count for each."""

    world: Shop
    calls: tuple[Call, ...]
    usages: tuple[Usage | None, ...]

    def usd(self, name: str, units: int, paid_s: float) -> float:
        """What is paid for all calls, with so many units of the offer of this name for so long."""
        offer = OFFERS[name]
        served = [
            (call, usage)
            for call, usage in zip(self.calls, self.usages, strict=True)
            if usage is not None and self.world.apps[call.app].model in offer.models
        ]
        start_s = self.world.start_ns // 60_000_000_000 * 60 + self.world.start_ns % 60_000_000_000 / 1e9
        slow = [
            SlowCall(
                start_s + call.start_s,
                usage.input + 4 * usage.output,
                usd_of(self.world.apps[call.app], usage),
            )
            for call, usage in served
        ]
        others = sum(
            usd_of(self.world.apps[call.app], usage)
            for call, usage in zip(self.calls, self.usages, strict=True)
            if self.world.apps[call.app].model not in offer.models
        )
        return others + cost_usd(slow, offer.tokens_per_minute, units, 0.005 * paid_s / 3600.0)


def week(seed: int, sessions: float = 2500.0) -> Week:
    """The week of this seed."""
    apps = (
        App("steady", "openai", "gpt-4.1", sessions, 600, _SAID, _ANSWER),
        App("spiky", "openai", "gpt-4.1-mini", sessions, 600, _SAID, _ANSWER, hours_utc=(9, 10)),
    )
    world = Shop("capacity", seed, shop().start_ns, HOURS, apps, day_swing=0.0, characters_per_token=0.1)
    calls = traffic_of(world)
    return Week(world, calls, usage_of(world, calls))


def bought_in(made: Week) -> BoughtCalls:
    """The calls as the relations have them, without their prompts."""
    rows = [
        _row(made.world, number, call, usage)
        for number, (call, usage) in enumerate(zip(made.calls, made.usages, strict=True))
    ]
    prompts = pl.DataFrame(
        schema={
            "call_id": pl.Int64,
            "content_key": pl.String,
            "prefix_keys": pl.List(pl.String),
            "prefix_tokens": pl.List(pl.Int64),
            "prefix_blocks": pl.List(pl.Int64),
        }
    )
    return bought_calls_of(pl.DataFrame(rows, infer_schema_length=None), prompts)


def _row(world: Shop, number: int, call: Call, usage: Usage | None) -> dict[str, object]:
    app = world.apps[call.app]
    start_ns = world.start_ns + round(call.start_s * 1e9)
    counted = usage or Usage(0, 0, 0, 0)
    row: dict[str, object] = dict.fromkeys(BOUGHT_COLUMNS)
    return row | {
        "call_id": number, "request_id": call.request, "request_class": app.name, "operation": "chat",
        "session_id": f"{app.name}-{call.session}", "provider": app.provider, "model": app.model,
        "day": "2026-11-24", "inference_geo": "global", "service_tier": app.tier, "start_ns": start_ns,
        "end_ns": start_ns + round((call.end_s - call.start_s) * 1e9), "input_tokens": counted.input,
        "input": counted.input - counted.cached, "cached_input": counted.cached, "cache_write": 0,
        "cache_write_1h": 0, "output": counted.output, "reasoning": 0, "is_input_billed": True,
        "is_output_billed": True, "is_generation": True, "is_failed": False, "is_wasted": False,
        "usd": usd_of(app, usage), "other_usd": 0.0, "unpriced_charges": 0,
    }  # fmt: skip


def units_by_enumeration(made: Week, name: str, paid_s: float, most: int) -> int:
    """The number of units that costs least, each tried."""
    return min(range(most + 1), key=lambda units: made.usd(name, units, paid_s))


def until(made: Week, seconds: float) -> Week:
    """The same week up to then."""
    kept = [number for number, call in enumerate(made.calls) if call.start_s < seconds]
    return Week(
        made.world,
        tuple(made.calls[number] for number in kept),
        tuple(made.usages[number] for number in kept),
    )
