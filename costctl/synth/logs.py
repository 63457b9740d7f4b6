"""What would a gateway's request log say of a world? One row a call, in the names of costctl's own columns.

In: a world, its demand, and how it was served. Out: CSV text, line by line. A log knows calls alone: no
stages, no documents, no tools, so that shapes which only spans show are not to be had from it.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Final

import numpy as np

from costctl.synth.demand import Demand
from costctl.synth.platform import CallEnd, Served
from costctl.synth.world import World

COLUMNS: Final = (
    "trace_id", "span_id", "parent_span_id", "name", "start_ns", "end_ns", "status", "error_type", "service",
    "replica_id", "operation", "provider", "model_served", "input_tokens", "cached_input_tokens", "output_tokens",
    "queue_s", "ttft_s", "attempt", "tenant",
)  # fmt: skip


def log_lines(world: World, demand: Demand, served: Served) -> Iterator[bytes]:
    """The header and a line a call, in order of the calls' start."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(COLUMNS)
    made = np.flatnonzero(served.end != CallEnd.NEVER_MADE)
    for call in made[np.argsort(served.ready_s[made], kind="stable")]:
        writer.writerow(_row(world, demand, served, int(call)))
        yield buffer.getvalue().encode()
        buffer.seek(0)
        buffer.truncate()


def _row(world: World, demand: Demand, served: Served, call: int) -> tuple[object, ...]:
    calls = demand.calls
    pool = world.pools[calls.pool[call]]
    first_replica = sum(each.replicas for each in world.pools[: calls.pool[call]])
    good = served.end[call] == CallEnd.OK
    has_answer = not pool.is_static
    request = int(calls.request[call])
    return (
        f"{world.seed & 0xFFFFFFFF:08x}{request + 1:024x}",
        f"{call + 1:016x}",
        f"{(1 << 48) + request:016x}",  # the request itself has no row; its calls name it as their parent
        world.classes[demand.requests.request_class[request]].route,
        world.start_ns + round(float(served.ready_s[call]) * 1e9),
        world.start_ns + round(float(served.end_s[call]) * 1e9),
        "ok" if good else "error",
        "" if good else "timeout" if served.end[call] == CallEnd.TIMED_OUT else "upstream_reset",
        pool.name,
        f"{pool.name}-{served.replica[call] - first_replica}",
        "embeddings" if pool.is_static else "chat",
        "self_hosted",
        pool.model,
        calls.uncached_tokens[call] + calls.cached_tokens[call],
        calls.cached_tokens[call] or "",
        calls.steps[call] + 1 if good and has_answer else "",
        _seconds(served.begin_s[call] - served.ready_s[call]),
        _seconds(served.first_token_s[call] - served.ready_s[call]) if has_answer else "",
        calls.attempt[call],
        world.tenants[demand.requests.tenant[request]],
    )


def _seconds(value: float) -> str:
    return "" if np.isnan(value) else f"{value:.9f}"
