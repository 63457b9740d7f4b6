"""Questions that read a document each before they are answered, from a cold tier; what a hot tier would have cost."""

from __future__ import annotations

import json
from collections import OrderedDict
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from costctl.observation import Question
from costctl.synth.otlp import pairs
from tests.synth.prompt_worlds import PromptWorld, askers, written

TIERS = """
[storage.cold]
usd_per_1k_reads = 0.4
usd_per_gb_egress = 0.09
usd_per_gb_month = 0.02
p50_read_s = 0.03
match = { "service" = "objects" }

[storage.hot]
usd_per_1k_reads = 0.0
usd_per_gb_egress = 0.0
usd_per_gb_month = 0.25
p50_read_s = 0.0004
match = { "service" = "nvme" }
"""


@dataclass(frozen=True)
class DocumentWorld:
    """The calls, and of each the document that is read before it, with its size in bytes."""

    calls: PromptWorld
    document: list[str]
    size: dict[str, int]

    def usd(self, hot_gb: float) -> float:
        """What reads and the hot place cost in the window, played read by read."""
        held: OrderedDict[str, int] = OrderedDict()
        usd = hot_gb * 0.25 / 730.0 * self.calls.seconds / 3600.0
        for name in self.document:
            if held.pop(name, None) is None:
                usd += 0.4 / 1000.0 + self.size[name] * 0.09 / 1e9
            held[name] = self.size[name]
            while sum(held.values()) > hot_gb * 1e9:
                held.popitem(last=False)
        return usd


def readers(seed: int, *, again: float = 0.6) -> DocumentWorld:
    """The world of a seed. again: the part of reads that is of 200 documents, few of which are read often."""
    draw = np.random.default_rng([seed, 79])
    calls = askers(seed, repeats=0.0)
    n = calls.workload.size
    weights = 1.0 / np.arange(1, 201)
    often, is_often = draw.choice(200, n, p=weights / weights.sum()), draw.random(n) < again
    document = [f"often {often[call]}" if is_often[call] else f"once {call}" for call in range(n)]
    size = {name: int(draw.integers(100_000, 4_000_000)) for name in dict.fromkeys(document)}
    return DocumentWorld(calls, document, size)


def written_with_reads(world: DocumentWorld, folder: Path, settings: str = TIERS) -> Question:
    """The log of the calls, and spans of the reads before them."""
    question = written(world.calls, folder, settings)
    rows = [json.loads(line) for line in Path(question.paths[0]).read_text().splitlines()]
    spans = [_span(row, place, world) for place, row in enumerate(rows)]
    resource = {"attributes": pairs({"service.name": "objects"})}
    export = {
        "resourceSpans": [
            {"resource": resource, "scopeSpans": [{"scope": {"name": "reads"}, "spans": spans}]}
        ]
    }
    reads = folder / "reads.jsonl"
    reads.write_text(json.dumps(export) + "\n", encoding="utf-8")
    return replace(question, paths=(*question.paths, str(reads)))


def _span(row: dict[str, Any], place: int, world: DocumentWorld) -> dict[str, object]:
    name = world.document[place]
    return {
        "traceId": row["trace_id"],
        "spanId": f"{(1 << 56) + place:016x}",
        "parentSpanId": row["parent_span_id"],
        "name": "GetObject",
        "kind": 3,
        "startTimeUnixNano": str(row["start_ns"] - 40_000_000),
        "endTimeUnixNano": str(row["start_ns"] - 10_000_000),
        "attributes": pairs(
            {
                "costctl.stage": "retrieval",
                "costctl.content.key": name,
                "costctl.storage.reads": 1,
                "costctl.storage.bytes": world.size[name],
            }
        ),
    }
