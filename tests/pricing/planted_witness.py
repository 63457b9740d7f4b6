"""Calls of which a source names what they cost, as a small pricer of its own has it: off for a known reason, or right.

The prices are those that the providers publish, written out here in USD per million tokens, as of 2026-11-20:
platform.claude.com/docs/en/about-claude/pricing, developers.openai.com/api/docs/pricing; o3's of before 2025-06-10 as
OpenAI announced the change.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction
from typing import Any, Final

import numpy as np

from costctl.documents.price_settings import PriceSettings, Rate
from costctl.documents.witness import CauseKind
from tests.relations.span_rows import chat

NOVEMBER_S: Final = 1_795_168_800  # 2026-11-20T10:00:00Z
_DAY_S: Final = {date(2026, 11, 20): NOVEMBER_S, date(2025, 6, 9): 1_749_463_200}


@dataclass(frozen=True)
class Price:
    """USD per million tokens."""

    input: str
    cached: str
    output: str
    write: str = "0"
    write_1h: str = "0"


SONNET: Final = Price("3", "0.3", "15", "3.75", "6")
SONNET_LONG: Final = Price("6", "0.6", "22.5", "7.5", "12")
OPUS: Final = Price("5", "0.5", "25", "6.25", "10")
OPUS_FAST: Final = Price("30", "3", "150", "37.5", "60")
GPT_4O: Final = Price("2.5", "1.25", "10")
O3: Final = Price("2", "0.5", "8")
O3_OF_JUNE_9: Final = Price("10", "2.5", "40")
STANDARD: Final = {
    ("anthropic", "claude-sonnet-4-5"): SONNET,
    ("anthropic", "claude-opus-4-5"): OPUS,
    ("openai", "gpt-4o"): GPT_4O,
    ("openai", "o3"): O3,
}
# What a test needs and price books may not have yet: a fast mode at six times the price.
OWN: Final = PriceSettings(
    rates=(
        Rate(
            model="claude-opus-4-5", provider="anthropic", service_tier="fast", input=30.0, cached_input=3.0,
            output=150.0, cache_write=37.5, cache_write_1h=60.0,
        ),
    )
)  # fmt: skip


@dataclass(frozen=True)
class Usage:
    """What a call used. input: all of it, cached and written tokens included."""

    provider: str
    model: str
    input: int
    cached: int = 0
    write: int = 0
    output: int = 0
    reasoning: int = 0
    is_failed: bool = False

    def span(self, number: int, recorded_usd: float, **facts: Any) -> dict[str, Any]:
        """The call as a span of a trace of its own."""
        return chat(
            f"t{number}/c",
            NOVEMBER_S + 60 * number,
            NOVEMBER_S + 60 * number + 5,
            **{
                "provider": self.provider,
                "model_served": self.model,
                "input_tokens": self.input,
                "cached_input_tokens": self.cached or None,
                "cache_write_tokens": self.write or None,
                "output_tokens": self.output,
                "reasoning_tokens": self.reasoning or None,
                "recorded_usd": recorded_usd,
                "dialect": "gateway",
                **facts,
            },
        )


def usd(used: Usage, price: Price, times: str = "1") -> Fraction:
    """What a provider bills for that, exactly."""
    plain = used.input - used.cached - used.write
    parts = (
        (plain, price.input), (used.cached, price.cached), (used.write, price.write), (used.output, price.output)
    )  # fmt: skip
    return Fraction(times) * sum(Fraction(count) * Fraction(each) for count, each in parts) / 1_000_000


def standard(used: Usage) -> Fraction:
    """The price of the day, without anything else."""
    is_long = used.model == "claude-sonnet-4-5" and used.input > 200_000
    return usd(used, SONNET_LONG if is_long else STANDARD[used.provider, used.model])


@dataclass(frozen=True)
class Plant:
    """A way to be off: of which models, and what is then recorded. kind: what it is to be called."""

    kind: CauseKind
    models: tuple[str, ...]
    recorded: Callable[[Usage, np.random.Generator], Fraction]


ANTHROPIC: Final = ("claude-sonnet-4-5", "claude-opus-4-5")
OPENAI: Final = ("gpt-4o", "o3")
EVERY: Final = (*ANTHROPIC, *OPENAI)


def _tokens(used: Usage, field: str) -> Fraction:
    return Fraction(getattr(STANDARD[used.provider, used.model], field)) / 1_000_000


def _unseen(used: Usage, rng: np.random.Generator) -> int:
    """Tokens out of a cache, of those that the record takes for plain input; OpenAI's come in blocks of 128."""
    plain = used.input - used.cached - used.write
    return (
        int(rng.integers(100, plain))
        if used.provider == "anthropic"
        else 128 * int(rng.integers(8, plain // 128))
    )


PLANTS: Final = {
    "fast mode": Plant("service_tier", ("claude-opus-4-5",), lambda used, _: usd(used, OPUS_FAST)),
    "a batch": Plant("service_tier", EVERY, lambda used, _: standard(used) / 2),
    "searches": Plant(
        "web_searches", EVERY, lambda used, rng: standard(used) + Fraction(int(rng.integers(1, 20)), 100)
    ),
    "the tier of short prompts": Plant("length_tier", ("long",), lambda used, _: usd(used, SONNET)),
    "the price of before": Plant("price_changed", ("o3 plain",), lambda used, _: usd(used, O3_OF_JUNE_9)),
    "cache reads as input": Plant(
        "cache_reads", EVERY, lambda used, _: standard(replace(used, cached=0))
    ),
    "cache reads left out": Plant(
        "cache_reads", EVERY, lambda used, _: standard(used) - used.cached * _tokens(used, "cached")
    ),
    "the cache beside the input": Plant(
        "cache_counted_twice", EVERY, lambda used, _: standard(used) + used.cached * _tokens(used, "input")
    ),
    "writes for an hour": Plant(
        "cache_writes", ANTHROPIC,
        lambda used, _: standard(used) + used.write * (_tokens(used, "write_1h") - _tokens(used, "write")),
    ),
    "writes as input": Plant(
        "cache_writes", ANTHROPIC,
        lambda used, _: standard(used) + used.write * (_tokens(used, "input") - _tokens(used, "write")),
    ),
    "a cache key": Plant(
        "cache_key", EVERY,
        lambda used, rng: standard(used)
        - _unseen(used, rng) * (_tokens(used, "input") - _tokens(used, "cached")),
    ),
    "reasoning beside the output": Plant(
        "reasoning", OPENAI, lambda used, _: standard(used) + used.reasoning * _tokens(used, "output")
    ),
    "reasoning left out": Plant(
        "reasoning", OPENAI, lambda used, _: standard(used) - used.reasoning * _tokens(used, "output")
    ),
    "a region": Plant("residency", EVERY, lambda used, _: standard(used) * Fraction(11, 10)),
    "nothing": Plant("recorded_zero", EVERY, lambda _used, _rng: Fraction(0)),
    "cents": Plant("unit", EVERY, lambda used, _: standard(used) * 100),
    "thousandths": Plant("unit", EVERY, lambda used, _: standard(used) * 1000),
    "the input alone": Plant(
        "one_side", EVERY, lambda used, _: standard(used) - used.output * _tokens(used, "output")
    ),
    "a dearer output": Plant(
        "none", EVERY, lambda used, _: standard(used) + Fraction(7, 100) * used.output * _tokens(used, "output")
    ),
    "noise": Plant(
        "none", EVERY,
        lambda used, rng: standard(used) * Fraction(int(rng.integers(10_007, 19_997_777)), 10_000_019),
    ),
}  # fmt: skip


# Tokens that the source counts and the record does not say, or the other way round.
UNRECORDED: Final = {
    "output that is not in the record": Plant(
        "none", EVERY, lambda used, rng: standard(used) + int(rng.integers(100, 3_000)) * _tokens(used, "output")
    ),
    "fewer tokens of output": Plant(
        "none", ANTHROPIC,
        lambda used, rng: standard(used) - int(rng.integers(100, used.output)) * _tokens(used, "output"),
    ),
}  # fmt: skip


def drawn(rng: np.random.Generator, model: str) -> Usage:
    """A call with something of everything that the model has."""
    name = {"long": "claude-sonnet-4-5", "o3 plain": "o3"}.get(model, model)
    provider = "anthropic" if name in ANTHROPIC else "openai"
    total = int(rng.integers(210_000, 900_000)) if model == "long" else int(rng.integers(5_000, 120_000))
    output = int(rng.integers(300, 9_000))
    has_rest = model not in (
        "long",
        "o3 plain",
    )  # what the cache of a long prompt cost, and of o3 once, is disputed
    return Usage(
        provider,
        name,
        total,
        cached=int(rng.integers(500, total // 3)) if has_rest else 0,
        write=int(rng.integers(500, total // 3)) if has_rest and provider == "anthropic" else 0,
        output=output,
        reasoning=int(rng.integers(50, output)) if provider == "openai" else 0,
    )
