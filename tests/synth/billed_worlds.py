"""Worlds of which it is known why the bill and the traces differ: calls, what a provider bills for them, and what is
planted in between.

The bill is made call by call from prices that are written out here, USD per million tokens, as the providers
published them on 2026-11-20; nothing here is of the reconciliation.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np

from tests.relations.span_rows import chat

FIRST_DAY_S: Final = 1_795_132_800  # 2026-11-20T00:00:00Z
DAY_S: Final = 86_400
DAYS: Final = 8  # of the bill; the traces have a day more at each end
KEYS: Final = ("key-a", "key-b", "key-c")
Plant = Literal["key", "price", "zone", "discount", "day", "model", "share", "cached", "output"]
Form = Literal["api", "focus"]
Kinds = tuple[int, int, int]  # input, cached input, output tokens
# provider, model → USD per million tokens: input, cached input, output
PRICES: Final[dict[tuple[str, str], tuple[str, str, str]]] = {
    ("openai", "gpt-4o"): ("2.5", "1.25", "10"),
    ("openai", "gpt-4o-mini"): ("0.15", "0.075", "0.6"),
    ("openai", "gpt-4.1"): ("2", "0.5", "8"),
}
KIND_NAMES: Final = ("input", "cached input", "output")
METERS: Final = ("Input Tokens", "Cache Read Tokens", "Output Tokens")


@dataclass(frozen=True)
class Call:
    at_s: int
    provider: str
    model: str
    key: str
    tokens: Kinds

    def list_usd(self) -> Fraction:
        prices = PRICES[self.provider, self.model]
        return (
            sum(
                (Fraction(each) * count for each, count in zip(prices, self.tokens, strict=True)), Fraction(0)
            )
            / 10**6
        )


@dataclass(frozen=True)
class World:
    """plants: what is planted.  discount, repriced: what is charged of the list price, on all models and on gpt-4o.
    shift_s: by how much the bill's days begin later than UTC's.  discount_from: the day of the bill, from 0.
    """

    seed: int
    plants: frozenset[Plant] = frozenset()
    form: Form = "api"
    names_keys: bool = True
    discount: Fraction = Fraction(88, 100)
    repriced: Fraction = Fraction(6, 5)
    shift_s: int = 8 * 3_600
    discount_from: int = 0
    rounded_to: int | None = None
    calls: list[Call] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.calls.extend(_calls(self.seed))

    def day_of(self, call: Call) -> int:
        """The day of the bill, from 0, on which the call is billed; any other is not on this bill."""
        shift_s = self.shift_s if "zone" in self.plants else 0
        return (call.at_s - FIRST_DAY_S - shift_s) // DAY_S

    def is_billed(self, call: Call) -> bool:
        return 0 <= self.day_of(call) < DAYS

    def is_traced(self, call: Call) -> bool:
        lost_day = "day" in self.plants and (call.at_s - FIRST_DAY_S) // DAY_S == 3
        lost_model = "model" in self.plants and call.model == "gpt-4.1"
        lost_key = "key" in self.plants and call.key == "key-c"
        lost_share = "share" in self.plants and call.model == "gpt-4o" and call.at_s % 5 == 0
        return not (lost_day or lost_model or lost_key or lost_share)

    def factor(self, call: Call) -> Fraction:
        """What is charged of the list price."""
        repriced = self.repriced if "price" in self.plants and call.model == "gpt-4o" else Fraction(1)
        return repriced * self.reduced(call)

    def reduced(self, call: Call) -> Fraction:
        """What is charged of the list price on all models."""
        is_reduced = "discount" in self.plants and self.day_of(call) >= self.discount_from
        return self.discount if is_reduced else Fraction(1)

    def billed_tokens(self, call: Call) -> Kinds:
        fresh, cached, output = call.tokens
        if "cached" in self.plants and call.model == "gpt-4o":
            fresh, cached = fresh + cached // 2, cached - cached // 2
        if "output" in self.plants and call.model == "gpt-4o":
            output += output // 10
        return fresh, cached, output

    def billed_usd(self, call: Call) -> Fraction:
        return Call(
            call.at_s, call.provider, call.model, call.key, self.billed_tokens(call)
        ).list_usd() * self.factor(call)

    def truth(self) -> dict[Plant, Fraction]:
        """What each plant takes, USD: quantities at the bill's prices, prices at traced quantities in the bill's
        days.
        """
        billed = [call for call in self.calls if self.is_billed(call)]
        both = [call for call in billed if self.is_traced(call)]
        lost = sum((self.billed_usd(call) for call in billed if not self.is_traced(call)), Fraction(0))
        in_utc = [
            call
            for call in self.calls
            if 0 <= (call.at_s - FIRST_DAY_S) // DAY_S < DAYS and self.is_traced(call)
        ]
        counted = sum(
            (self.billed_usd(call) - call.list_usd() * self.factor(call) for call in both), Fraction(0)
        )
        found: dict[Plant, Fraction] = {
            "zone": _list_usd(both) - _list_usd(in_utc),
            "discount": sum(((self.reduced(call) - 1) * call.list_usd() for call in both), Fraction(0)),
            "price": sum(((self.factor(call) - self.reduced(call)) * call.list_usd() for call in both), Fraction(0)),
            "key": lost, "day": lost, "model": lost, "share": lost, "cached": counted, "output": counted,
        }  # fmt: skip
        return {plant: usd for plant, usd in found.items() if plant in self.plants}

    def moved_usd(self) -> Fraction:
        """What the cut of the days moves from one to another."""
        traced = [call for call in self.calls if self.is_traced(call)]
        change = [Fraction(0)] * DAYS
        for call in traced:
            for day, sign in ((self.day_of(call), 1), ((call.at_s - FIRST_DAY_S) // DAY_S, -1)):
                if 0 <= day < DAYS:
                    change[day] += sign * call.list_usd()
        return sum((abs(each) for each in change), Fraction(0)) / 2

    def spans(self) -> list[dict[str, Any]]:
        """The traces."""
        return [
            chat(
                f"t{number}/c", call.at_s, call.at_s + 2, provider=call.provider, model_served=call.model,
                input_tokens=call.tokens[0] + call.tokens[1], cached_input_tokens=call.tokens[1],
                output_tokens=call.tokens[2],
                attributes=[("api_key_id", call.key)] if self.names_keys else [],
            )
            for number, call in enumerate(self.calls)
            if self.is_traced(call)
        ]  # fmt: skip

    def write(self, folder: Path) -> list[str]:
        """The bill as files, in the form that was asked for."""
        billed = [call for call in self.calls if self.is_billed(call)]
        if self.form == "focus":
            (folder / "focus.csv").write_text(_focus(self, billed), encoding="utf-8")
            return [str(folder / "focus.csv")]
        for name, text in (("usage.json", _usage(self, billed)), ("costs.json", _costs(self, billed))):
            (folder / name).write_text(text, encoding="utf-8")
        return [str(folder / "usage.json"), str(folder / "costs.json")]


def _list_usd(calls: Sequence[Call]) -> Fraction:
    return sum((call.list_usd() for call in calls), Fraction(0))


def _calls(seed: int) -> list[Call]:
    """A day more at each end; busier by day, and otherwise busy each day, by model and key."""
    draws = np.random.default_rng(seed)
    calls = []
    for provider, model in PRICES:
        for key in KEYS:
            for day in range(-1, DAYS + 1):
                busy = draws.uniform(0.5, 1.5)
                for hour in range(24):
                    rhythm = 1 + 0.8 * np.sin((hour - 8) * np.pi / 12)
                    for _ in range(draws.poisson(0.5 * busy * rhythm)):
                        at_s = FIRST_DAY_S + day * DAY_S + hour * 3_600 + int(draws.integers(3_600))
                        tokens = (
                            int(draws.integers(5_000, 90_000)),
                            int(draws.integers(0, 40_000)),
                            int(draws.integers(500, 9_000)),
                        )
                        calls.append(Call(at_s, provider, model, key, tokens))
    return calls


Sum = dict[tuple[Any, ...], list[Any]]


def _summed(
    world: World, billed: Sequence[Call], *names: str
) -> dict[tuple[Any, ...], tuple[int, list[int], list[Fraction]]]:
    """Calls, tokens and USD by kind, by day and these fields."""
    sums: dict[tuple[Any, ...], tuple[int, list[int], list[Fraction]]] = {}
    for call in billed:
        key = (world.day_of(call), *(getattr(call, name) for name in names))
        calls, tokens, usd = sums.get(key, (0, [0, 0, 0], [Fraction(0)] * 3))
        counts = world.billed_tokens(call)
        prices = PRICES[call.provider, call.model]
        sums[key] = (
            calls + 1,
            [one + more for one, more in zip(tokens, counts, strict=True)],
            [
                one + Fraction(price) * count / 10**6 * world.factor(call)
                for one, count, price in zip(usd, counts, prices, strict=True)
            ],
        )  # fmt: skip
    return dict(sorted(sums.items()))


def _page(results: dict[int, list[dict[str, Any]]]) -> str:
    data = [
        {
            "object": "bucket",
            "start_time": FIRST_DAY_S + day * DAY_S,
            "end_time": FIRST_DAY_S + (day + 1) * DAY_S,
            "results": results.get(day, []),
        }
        for day in range(DAYS)
    ]
    return json.dumps({"object": "page", "data": data, "has_more": False, "next_page": None})


def _usage(world: World, billed: Sequence[Call]) -> str:
    results: dict[int, list[dict[str, Any]]] = {}
    for (day, model, key), (calls, (fresh, cached, output), _) in _summed(
        world, billed, "model", "key"
    ).items():
        results.setdefault(day, []).append({
            "object": "organization.usage.completions.result", "input_tokens": fresh + cached,
            "input_cached_tokens": cached, "output_tokens": output, "input_audio_tokens": 0,
            "output_audio_tokens": 0, "num_model_requests": calls, "project_id": None, "user_id": None,
            "api_key_id": key, "model": f"{model}-2024-08-06" if model == "gpt-4o" else model, "batch": False,
        })  # fmt: skip
    return _page(results)


def _costs(world: World, billed: Sequence[Call]) -> str:
    results: dict[int, list[dict[str, Any]]] = {}
    for (day, model), (_, _, usd) in _summed(world, billed, "model").items():
        name = f"{model}-2024-08-06" if model == "gpt-4o" else model
        results.setdefault(day, []).extend(
            {
                "object": "organization.costs.result",
                "amount": {"value": _money(world, amount), "currency": "usd"},
                "line_item": f"{name}, {kind}",
                "project_id": None,
            }
            for kind, amount in zip(KIND_NAMES, usd, strict=True)
        )
    return _page(results)


def _money(world: World, usd: Fraction) -> float:
    return float(usd) if world.rounded_to is None else round(float(usd), world.rounded_to)


def _focus(world: World, billed: Sequence[Call]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([
        "BilledCost", "BillingCurrency", "ChargeCategory", "ChargePeriodStart", "ChargePeriodEnd", "ProviderName",
        "ServiceCategory", "ServiceName", "SkuMeter", "ConsumedQuantity", "ConsumedUnit", "ResourceId",
    ])  # fmt: skip
    for (day, model, key), (_, tokens, usd) in _summed(world, billed, "model", "key").items():
        begin, end = (
            datetime.fromtimestamp(FIRST_DAY_S + each * DAY_S, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
            for each in (day, day + 1)
        )
        for meter, count, amount in zip(METERS, tokens, usd, strict=True):
            money = f"{_money(world, amount):.12f}"
            writer.writerow(
                [
                    money,
                    "USD",
                    "Usage",
                    begin,
                    end,
                    "OpenAI",
                    "AI and Machine Learning",
                    model,
                    meter,
                    count,
                    "Tokens",
                    key,
                ]
            )
    return text.getvalue()
