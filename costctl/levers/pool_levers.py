"""What can be set of a pool? One row a lever."""

from __future__ import annotations

from typing import Any, Final

from costctl.levers.lever import DISPATCH, MOST_COUNT, MOST_REPLICAS, MOST_S, OWN_LIMIT, Kind, Lever, Scope
from costctl.units import S_PER_HOUR


def _of_decoding(name: str, kind: Kind, unit: str | None, meaning: str, **bounds: Any) -> Lever:
    """A lever of each replica of pools that decode continuously, whose field has its name."""
    return Lever("pool", name, name, kind, unit, "replica", meaning, discipline="continuous", **bounds)


_SCALING_ROWS: Final[tuple[tuple[str, str, Kind, str, Scope, str, float, float], ...]] = (
    ("least", "least", "count", "replicas", "backend", "fewest replicas", 1, MOST_REPLICAS),
    ("most", "most", "count", "replicas", "backend", "most replicas", 1, MOST_REPLICAS),
    ("target_outstanding", "target_outstanding", "number", "calls", "replica",
     "target of calls waiting and in progress", 0, MOST_COUNT),
    ("interval", "interval_s", "duration", "s", "backend", "between two looks at the load", 0, MOST_S),
    ("delay", "delay_s", "duration", "s", "backend", "from order to ready", 0, MOST_S),
    ("idle", "idle_s", "duration", "s", "backend", "how long demand is lower before a replica goes", 0, MOST_S),
)  # fmt: skip
_SCALING: Final = tuple(
    Lever("pool", f"scaling.{name}", f"scaling_{field}", kind, unit, scope, meaning, least=least, most=most)
    for name, field, kind, unit, scope, meaning, least, most in _SCALING_ROWS
)

POOL_LEVERS: Final = (
    Lever(
        "pool",
        "replicas",
        "replicas",
        "count",
        "replicas",
        "backend",
        "replicas that serve and are paid for",
        pointer="/replicas",
        least=1,
        most=MOST_REPLICAS,
    ),
    Lever(
        "pool",
        "max_num_seqs",
        "max_num_seqs",
        "count",
        "sequences",
        "replica",
        "sequences that a replica decodes at once",
        pointer="/max_concurrency",
        form="limit",
        least=1,
        discipline="continuous",
        absent=OWN_LIMIT,
    ),
    _of_decoding(
        "max_batched_tokens",
        "count",
        "tokens",
        "tokens of a step where prefill rides along with decoding",
        least=1,
    ),
    _of_decoding(
        "prefill",
        "choice",
        None,
        "whether prompts stall decoding, or ride along with it in chunks",
        choices=("stalling", "chunked"),
    ),
    _of_decoding("kv_tokens", "count", "tokens", "tokens of KV memory", least=16, is_limit=True),
    _of_decoding(
        "enable_prefix_caching",
        "choice",
        None,
        "whether KV memory keeps what nobody uses until it is needed",
        choices=("true", "false"),
    ),
    Lever(
        "pool",
        "batch.size",
        "max_num_seqs",
        "count",
        "calls",
        "replica",
        "calls in a static batch",
        pointer="/batch/max_size",
        least=1,
        discipline="static",
    ),
    Lever(
        "pool",
        "batch.window",
        "batch_window_s",
        "duration",
        "s",
        "replica",
        "how long the first call of a batch waits for others",
        pointer="/batch/window_us",
        form="microseconds",
        most=MOST_S,
        discipline="static",
    ),
    Lever(
        "pool",
        "batch.preferred",
        "preferred_sizes",
        "sizes",
        "calls",
        "replica",
        "sizes with which a batch starts before its window has closed, the largest that the waiting calls fill",
        pointer="/batch/preferred_sizes",
        form="sizes",
        discipline="static",
        absent="the size of a batch alone",
    ),
    Lever(
        "pool",
        "dispatch",
        "dispatch",
        "choice",
        None,
        "backend",
        "how calls are assigned to replicas",
        choices=DISPATCH,
        pointer="/routing/rule",
    ),
    Lever(
        "pool",
        "dispatch.most_ahead",
        "affinity_most_ahead",
        "count",
        "calls",
        "replica",
        "how many calls more than the least loaded replica the one with the prefix may have (prefix_affinity)",
        pointer="/routing/most_ahead",
        form="limit",
        least=1,
        is_limit=True,
    ),
    Lever(
        "pool",
        "prefix_cache_tokens",
        "prefix_cache_tokens",
        "count",
        "tokens",
        "replica",
        "tokens of shared prefixes that a replica keeps",
    ),
    *_SCALING,
    Lever(
        "pool",
        "schedule",
        "schedule",
        "schedule",
        None,
        "backend",
        "replicas that are ready from each time of day, or of week, on, UTC; in place of a constant number",
        pointer="/schedule",
        form="schedule",
        absent="a constant number of replicas",
    ),
    Lever(
        "pool",
        "start_up",
        "start_up_s",
        "duration",
        "s",
        "replica",
        "how long before it is ready a replica of the schedule is ordered",
        pointer="/start_up_us",
        form="microseconds",
        most=S_PER_HOUR,
    ),
)
