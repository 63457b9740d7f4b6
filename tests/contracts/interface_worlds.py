"""Requests of a small platform, as the relation ``interface_call`` has them, with what is planted in them.

Every request looks into a cache and asks a model, most search a vector store, some run a tool. Each fails in a way of
its own: the model is cut at ten seconds, tried again, and in the end replaced by a smaller one; of a failed search the
request goes on without; a failed tool is the end of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import polars as pl

from costctl.contracts.uses import Uses, interfaces_in
from costctl.relations import load_relations

_TYPES: Final[Mapping[str, Any]] = {
    "BIGINT": pl.Int64,
    "DOUBLE": pl.Float64,
    "VARCHAR": pl.String,
    "BOOLEAN": pl.Boolean,
}
SCHEMA: Final = {each.name: _TYPES[each.type] for each in load_relations("duckdb")["interface_call"].columns}
S: Final = 1_000_000_000
CUT_S: Final = 10.0


@dataclass(frozen=True, slots=True)
class World:
    """What is so on a platform. tool_version: how the tool writes it.  is_finish_said: the model says why it ended.
    finish: another reason, and how often.  search_s: the median.  tries: of the model.  after_search: whether requests
    go on when the search failed.
    """

    requests: int = 400
    tool_failing: float = 0.04
    search_failing: float = 0.06
    model_failing: float = 0.08
    tool_version: str = "integer"
    extra: str = ""
    is_finish_said: bool = True
    finish: tuple[str, float] = ("length", 0.1)
    search_s: float = 0.05
    tries: int = 2
    is_going_on: bool = True
    has_cache: bool = True
    has_reranker: bool = False


def calls_in(world: World, seed: int) -> pl.DataFrame:
    """The rows of the relation."""
    rng = np.random.default_rng(seed)
    rows: list[dict[str, Any]] = []
    for number in range(world.requests):
        mine = _request(world, number, rng)
        rows += [{**each, "call_id": len(rows) + place} for place, each in enumerate(mine)]
    return pl.DataFrame(rows, schema=SCHEMA)


def uses_in(world: World, seed: int) -> tuple[Uses, ...]:
    """The interfaces of a world."""
    return interfaces_in(calls_in(world, seed))


def one_call(kind: str, name: str, stage: str, operation: str | None, **facts: Any) -> dict[str, Any]:
    """A use that succeeded in a tenth of a second."""
    usual = {
        "call_id": 0,
        "request_id": 0,
        "trace_id": f"trace-{facts.get('request_id', 0)}",
        "kind": kind,
        "stage": stage,
        "operation": operation,
        "name": name,
        "start_ns": 0,
        "duration_s": 0.1,
        "is_failed": False,
        "is_request_success": True,
        "shape": "",
    }
    return {**usual, **facts}


def _request(world: World, number: int, rng: np.random.Generator) -> list[dict[str, Any]]:
    clock = number * 60.0
    found: list[dict[str, Any]] = []

    def add(kind: str, name: str, stage: str, operation: str | None, took_s: float, **facts: Any) -> None:
        nonlocal clock
        start_ns, clock = round(clock * S), clock + took_s
        found.append(
            one_call(
                kind, name, stage, operation, request_id=number, start_ns=start_ns, duration_s=took_s, **facts
            )
        )

    is_success = True
    if world.has_cache:
        add(
            "cache", "redis", "cache", None, 0.002 * rng.lognormal(0, 0.2), cache_hit=bool(rng.random() < 0.3)
        )
    if rng.random() < 0.7:
        is_failed = bool(rng.random() < world.search_failing)
        facts = _failed("Unavailable") if is_failed else {"documents": int(rng.integers(5, 21))}
        add("vector store", "qdrant", "retrieval", "query", world.search_s * rng.lognormal(0, 0.3), **facts)
        is_success &= world.is_going_on or not is_failed
    if world.has_reranker and rng.random() < 0.5:
        add("retrieval", "kb", "retrieval", "retrieval", 0.02)
    if rng.random() < 0.5:
        is_failed = bool(rng.random() < world.tool_failing)
        shape = "\n".join(filter(None, [world.extra, f"tool.version={world.tool_version}"]))
        facts = _failed("ToolError") if is_failed else {"shape": shape}
        add("tool", "search", "tool", "execute_tool", rng.lognormal(-1, 0.4), **facts)
        is_success &= not is_failed
    for attempt in range(world.tries):
        if rng.random() >= (0.5 if attempt else world.model_failing):
            add("model", "large", "model_call", "chat", rng.lognormal(0, 0.4), **_answer(world, "large", rng))
            break
        add("model", "large", "model_call", "chat", CUT_S + 0.05 * rng.random(), **_failed("APITimeoutError"))
    else:
        add("model", "small", "model_call", "chat", rng.lognormal(-1, 0.4), **_answer(world, "small", rng))
    return [{**each, "is_request_success": is_success} for each in found]


def _failed(error: str) -> dict[str, Any]:
    return {"is_failed": True, "error_type": error}


def _answer(world: World, model: str, rng: np.random.Generator) -> dict[str, Any]:
    other, share = world.finish
    finish = other if rng.random() < share else "stop"
    return {
        "model": f"{model}-2026-10",
        "provider": "openai",
        "service_tier": "default",
        "finish_reason": finish if world.is_finish_said else None,
        "input_tokens": int(rng.integers(100, 2_000)),
        "output_tokens": int(rng.integers(1, 500)),
        "shape": "gen_ai.request.temperature=number",
    }
