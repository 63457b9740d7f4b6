"""Small worlds whose telemetry lacks what real telemetry lacks: tokens, first tokens, prices.

In: a seed and a folder. Out: spans, or a store of them, from which facts were taken away at random, each by itself.
"""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import numpy as np

from costctl import verbs
from costctl.synth.demand import demand_of
from costctl.synth.platform import serve
from costctl.synth.spans import otlp_lines
from tests.conftest import unwatched
from tests.synth.small_worlds import plain_world

LACKING = {
    "gen_ai.usage.input_tokens": 0.15,
    "gen_ai.usage.output_tokens": 0.15,
    "gen_ai.usage.cache_read.input_tokens": 0.3,
    "gen_ai.latency.time_to_first_token": 0.4,
    "gen_ai.latency.time_in_queue": 0.3,
}
# Names of models that some provider sells, and one that nobody does.
SOLD = {"llama-3.3-70b": "gpt-4.1", "llama-3.1-8b": "gpt-4.1-mini", "bge-m3": "a-model-without-a-price"}


def store_with_gaps(folder: Path, seed: int, *, is_api: bool) -> Path:
    """A store of these traces."""
    store = folder / f"gaps-{seed}-{is_api}.duckdb"
    traces = traces_with_gaps(folder, seed, is_api=is_api)
    verbs.ingest(verbs.IngestRequest((str(traces),), store), unwatched)
    return store


def traces_with_gaps(folder: Path, seed: int, *, is_api: bool) -> Path:
    """A file of some hundred requests. is_api: the calls go to a provider's API, recorded by who asked."""
    draw = random.Random(seed)
    world = plain_world(requests=500.0)
    demand = demand_of(world)
    served = serve(world, demand, np.ones(demand.requests.start_s.size, np.bool_))
    path = folder / f"gaps-{seed}-{is_api}.jsonl"
    with path.open("w", encoding="utf-8") as out:
        for line in otlp_lines(world, demand, served):
            document = json.loads(line)
            for resource in document["resourceSpans"]:
                for scope in resource["scopeSpans"]:
                    scope["spans"] = [_with_gaps(span, draw, is_api=is_api) for span in scope["spans"]]
            out.write(json.dumps(document) + "\n")
    return path


def _with_gaps(span: dict[str, Any], draw: random.Random, *, is_api: bool) -> dict[str, Any]:
    kept = [pair for pair in span["attributes"] if draw.random() >= LACKING.get(pair["key"], 0.0)]
    is_call = any(pair["key"] == "gen_ai.operation.name" for pair in kept) and span["kind"] == 2
    if is_call and is_api:
        kept = [_sold(pair) for pair in kept if not pair["key"].startswith("gen_ai.latency.time_in")]
        return {**span, "kind": 3, "attributes": kept}
    return {**span, "attributes": kept}


def _sold(pair: dict[str, Any]) -> dict[str, Any]:
    if pair["key"] == "gen_ai.provider.name":
        return {"key": pair["key"], "value": {"stringValue": "openai"}}
    if pair["key"] in ("gen_ai.request.model", "gen_ai.response.model"):
        return {"key": pair["key"], "value": {"stringValue": SOLD[pair["value"]["stringValue"]]}}
    return pair
