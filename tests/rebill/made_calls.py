"""Bought calls by hand: what a law says of them needs no trace."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

import polars as pl

from costctl.rebill.calls import BoughtCalls, bought_calls_of

_NS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Made:
    """One call. attempt: as its source counts; None where it does not.  parts: key and tokens of each part of its
    prompt, tools and system prompt first; () where it is not known.  blocks: of each part; () where they are not
    known.  read, written, written_1h: of the tokens.  asked: max_tokens.  is_billed, is_priced: whether its tokens are,
    and an amount is known.  is_success: of its request.  is_kept_answer: a cache of answers gave it, and it is not
    billed.
    """

    request: int
    at_s: float
    lasts_s: float = 1.0
    ttft_s: float | None = None
    operation: str = "chat"
    request_class: str = "chat"
    model: str = "claude-sonnet-4-5"
    attempt: int | None = None
    is_failed: bool = False
    parts: tuple[tuple[str, int], ...] = ()
    blocks: tuple[int, ...] = ()
    read: int = 0
    written: int = 0
    written_1h: int = 0
    output: int = 10
    reasoning: int = 0
    asked: int | None = None
    is_billed: bool = True
    is_priced: bool = True
    is_success: bool = True
    is_kept_answer: bool = False

    @property
    def tokens(self) -> int:
        """Of the prompt."""
        return sum(tokens for _, tokens in self.parts)


def bought(made: Sequence[Made]) -> BoughtCalls:
    """The calls, which must be given in the order of their start."""
    places: dict[int, int] = {}
    rows = []
    for number, call in enumerate(made):
        places[call.request] = places.get(call.request, 0) + 1
        rows.append(_row(number, call, places[call.request]))
    calls = pl.DataFrame(
        rows,
        schema_overrides={
            "attempt": pl.Int64,
            "max_tokens": pl.Int64,
            "ttft_s": pl.Float64,
            "replica": pl.String,
            "tenant": pl.String,
        },
    )
    prompts = [
        {
            "call_id": number,
            "content_key": f"{call.parts}",
            "prefix_keys": _keys(call),
            "prefix_tokens": _sizes(call),
            "prefix_blocks": list(accumulate(call.blocks)) or None,
        }
        for number, call in enumerate(made)
        if call.parts
    ]
    schema = {
        "call_id": pl.Int64,
        "content_key": pl.String,
        "prefix_keys": pl.List(pl.String),
        "prefix_tokens": pl.List(pl.Int64),
        "prefix_blocks": pl.List(pl.Int64),
    }
    return bought_calls_of(calls, pl.DataFrame(prompts, schema=schema))


def _keys(call: Made) -> list[str]:
    names = [name for name, _ in call.parts]
    return ["/".join(names[: number + 1]) for number in range(len(names))]


def _sizes(call: Made) -> list[int]:
    sizes = [tokens for _, tokens in call.parts]
    return [sum(sizes[: number + 1]) for number in range(len(sizes))]


def _row(number: int, call: Made, place: int) -> dict[str, object]:
    start_ns = round(call.at_s * _NS)
    is_billed = call.is_billed and not call.is_kept_answer
    outcome = "answered_from_cache" if call.is_kept_answer else "timeout" if call.is_failed else "success"
    return {
        "call_id": number, "request_id": call.request, "request_class": call.request_class, "session_id": None,
        "operation": call.operation, "model": call.model, "day": "2026-11-23",
        "provider": "openai" if call.model.startswith("gpt") else "anthropic",
        "service_tier": "default", "inference_geo": "global", "replica": None, "tenant": None, "start_ns": start_ns,
        "end_ns": start_ns + round(call.lasts_s * _NS), "ttft_s": call.ttft_s,
        "input_tokens": call.tokens, "max_tokens": call.asked,
        "input": call.tokens - call.read - call.written - call.written_1h, "cached_input": call.read,
        "cache_write": call.written, "cache_write_1h": call.written_1h, "output": call.output,
        "reasoning": call.reasoning, "is_input_billed": is_billed, "is_output_billed": is_billed,
        "is_cache_observed": True, "is_generation": True, "is_failed": call.is_failed, "is_wasted": call.is_failed,
        "outcome": outcome, "attempt": call.attempt, "place": place,
        "is_request_success": call.is_success, "usd": 0.0, "other_usd": 0.0,
        "unpriced_charges": int(not call.is_priced),
    }  # fmt: skip
