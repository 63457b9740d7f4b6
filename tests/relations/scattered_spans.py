"""Many small traces in which everything occurs that the computed relations tell apart, and how to cut them."""

from __future__ import annotations

from random import Random
from typing import Any

from tests.relations.span_rows import chat, span

Span = dict[str, Any]
OPERATIONS = ("chat", "embeddings", "execute_tool", "retrieval", "invoke_agent", None)
TRACES = 60


def scattered_spans(seed: int) -> list[Span]:
    """Spans of many traces, shuffled, with keys of the store: parents that are missing or in a circle, starts that are
    equal, times that are unknown, tenants, replicas, and calls that another trace records too.
    """
    random = Random(seed)
    spans = [each for trace in range(TRACES) for each in _trace(random, f"{trace:032x}")]
    spans += [each for number in range(8) for each in _twice(random, number)]
    random.shuffle(spans)
    keys = random.sample(range(10 * len(spans)), len(spans))  # with gaps, and in no order
    return [{**each, "store_key": key} for each, key in zip(spans, keys, strict=True)]


def _trace(random: Random, trace: str) -> list[Span]:
    size = random.choice((1, 2, 5, 12, 60))
    spans = []
    for number in range(1, size + 1):
        parent = random.choice((None, *range(1, size + 3)))
        key = f"{trace}/{number:016x}" + ("" if parent is None else f"/{parent:016x}")
        start_s = random.randrange(20)
        facts = {
            "operation": random.choice(OPERATIONS),
            "tenant": random.choice((None, None, "a", "b")),
            "status": random.choice((None, "ok", "error")),
            "stage": random.choice((None, "gateway", "prompt", "decode")),
            "replica_id": f"r{random.randrange(4)}",
            "queue_s": random.choice((None, 0.25)),
            "ttft_s": random.choice((None, 0.5)),
        }
        spans.append(span(key, start_s, random.choice((None, start_s + random.randrange(9))), **facts))
    return spans


def _twice(random: Random, number: int) -> list[Span]:
    """Two records of one call by different recorders in different traces: of one answer, or of one session."""
    start_s = random.randrange(20)
    shared = {"response_id": f"answer {number}"} if number % 2 else {"session_id": f"session {number}"}
    counts = {"input_tokens": 100 + number, "output_tokens": 10, "model_served": "m", "replica_id": "r0"}
    inside = chat(
        f"{1000 + number:032x}/{1:016x}/{2:016x}",
        start_s,
        start_s + 2,
        instrumentation="sdk",
        **counts,
        **shared,
    )
    entry = span(f"{1000 + number:032x}/{2:016x}", start_s, start_s + 3)
    log = chat(
        f"{2000 + number:032x}/{1:016x}",
        start_s,
        start_s + 2,
        instrumentation="gateway (log)",
        **counts,
        **shared,
    )
    return [inside, entry, log]


def cut(spans: list[Span], parts: int) -> list[list[Span]]:
    """Parts of whole traces; traces that share an answer or a session lie in one part."""
    first: dict[str, str] = {}

    def found(name: str) -> str:
        while first.setdefault(name, name) != name:
            name = first[name]
        return name

    for each in spans:
        for link in ("response_id", "session_id"):
            if each.get(link) is not None:
                first[found(each["trace_id"])] = found(f"{link} {each[link]}")
    part_of = {
        name: number % parts
        for number, name in enumerate(sorted({found(each["trace_id"]) for each in spans}))
    }
    return [[each for each in spans if part_of[found(each["trace_id"])] == part] for part in range(parts)]
