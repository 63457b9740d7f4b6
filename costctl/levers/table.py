"""Which settings are there, of what unit and scope, and where does each stand? One row a lever.

A row names the field of ``PoolRules`` or ``ClassRules`` that a replay takes it from, and the place in a policy
document that carries it (None: no gateway's file has a word for it, so that it can be replayed but not emitted).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal

from costctl.documents.settings import Discipline
from costctl.units import S_PER_HOUR

Owner = Literal["class", "pool", "commitment"]
Kind = Literal[
    "count", "duration", "number", "ratio", "choice", "class", "pool", "pools", "model", "schedule", "hours"
]
Scope = Literal["global", "backend", "replica", "caller"]
Form = Literal[
    "plain", "microseconds", "limit", "lane", "targets", "attempts", "model", "bytes", "schedule", "hours"
]

DISPATCH: Final = ("recorded", "round_robin", "least_outstanding", "prefix_affinity")
REFUSED: Final = ("reject", "demote", "redirect")
MOST_COUNT: Final = 2**31 - 1  # as policies carry counts
MOST_GB: Final = 1e6
MOST_REPLICAS: Final = 10_000  # of one pool: a replay holds a record for each
MOST_S: Final = (2**53 - 1) / 1e6  # as policies carry durations


@dataclass(frozen=True, slots=True)
class Lever:
    """One setting that can be changed, of a pool, a class or an offer of capacity.

    name: as in ``--set``.  field: of ``PoolRules`` or ``ClassRules``.  unit: of the value, None for a choice.
    scope: over what the value counts.  absent: what holds where a policy does not say it.  pointer: the place in a
    policy, below each backend of the pool or each entry of the class, and form: how the value is written there.
    least, most: bounds, inclusive.  is_limit: None is a value, and means "no limit".  discipline: of the pools that
    have it; None for all.
    """

    owner: Owner
    name: str
    field: str
    kind: Kind
    unit: str | None
    scope: Scope
    meaning: str
    absent: str = "as deployed"
    pointer: str | None = None
    form: Form = "plain"
    least: float = 0
    most: float = MOST_COUNT
    choices: tuple[str, ...] = ()
    is_limit: bool = False
    discipline: Discipline | None = None

    @property
    def id(self) -> str:
        """Such as class.queue.limit."""
        return f"{self.owner}.{self.name}"


def _of_decoding(name: str, kind: Kind, unit: str | None, meaning: str, **bounds: Any) -> Lever:
    """A lever of each replica of pools that decode continuously, whose field has its name."""
    return Lever("pool", name, name, kind, unit, "replica", meaning, discipline="continuous", **bounds)


_OWN_LIMIT: Final = "the consumer's own limit, where it has one"

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

LEVERS: Final = (
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
        absent=_OWN_LIMIT,
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
    Lever(
        "class",
        "pool",
        "pools",
        "pools",
        None,
        "global",
        "the pool that serves it; calls that batch in another way stay",
        pointer="/placement/targets",
        form="targets",
        absent="where it is served today",
    ),
    Lever(
        "class",
        "batch.window",
        "batch_window_s",
        "duration",
        "s",
        "replica",
        "batch window of the pools that serve it",
        most=MOST_S,
        absent="that of the pool",
    ),
    Lever(
        "class",
        "lane",
        "lane",
        "count",
        None,
        "global",
        "place in the order of service; 1 is first",
        pointer="/lane",
        form="lane",
        least=1,
        absent="after all that have one, by arrival",
    ),
    Lever(
        "class", "weight", "weight", "number", None, "replica", "share of service among classes of its lane"
    ),
    Lever(
        "class",
        "min_share",
        "min_share",
        "ratio",
        "ratio",
        "replica",
        "share of the work that it gets whatever its lane",
        most=1,
    ),
    Lever(
        "class",
        "queue.limit",
        "queue_limit",
        "count",
        "calls",
        "replica",
        "calls that may wait",
        pointer="/queue/depth",
        form="limit",
        is_limit=True,
        absent=_OWN_LIMIT,
    ),
    Lever(
        "class",
        "queue.max_wait",
        "max_wait_s",
        "duration",
        "s",
        "global",
        "how long a call may wait",
        pointer="/queue/max_wait_us",
        form="microseconds",
        most=MOST_S,
        is_limit=True,
        absent=_OWN_LIMIT,
    ),
    Lever(
        "class",
        "queue.shed_above",
        "shed_above",
        "number",
        "calls",
        "replica",
        "waiting calls of all classes beyond which its calls are rejected",
        is_limit=True,
        absent=_OWN_LIMIT,
    ),
    Lever(
        "class",
        "queue.on_refusal",
        "on_refusal",
        "choice",
        None,
        "global",
        "what becomes of a call that the queue has no room for",
        choices=REFUSED,
        absent="it is rejected",
    ),
    Lever(
        "class",
        "queue.on_expiry",
        "on_expiry",
        "choice",
        None,
        "global",
        "what becomes of a call that waited too long",
        choices=REFUSED,
        absent="it is rejected",
    ),
    Lever(
        "class",
        "queue.demote_to",
        "demote_to",
        "class",
        None,
        "global",
        "the class whose queue a demoted call joins",
    ),
    Lever(
        "class",
        "queue.redirect_to",
        "redirect_to",
        "pool",
        None,
        "global",
        "the pool that a redirected call goes to",
    ),
    Lever(
        "class",
        "cache.size",
        "cache_gb",
        "number",
        "GB",
        "global",
        "size of a cache that answers what was asked before, word for word",
        pointer="/response_cache/most_bytes",
        form="bytes",
        most=MOST_GB,
        absent="answers are not kept",
    ),
    Lever(
        "class",
        "hot_reads.size",
        "hot_reads_gb",
        "number",
        "GB",
        "global",
        "how much of its latest reads is kept hot",
        most=MOST_GB,
    ),
    Lever(
        "class",
        "defer.hours",
        "defer_hours",
        "hours",
        None,
        "caller",
        "hours of the day, UTC, until which its requests wait",
        pointer="/defer/hours",
        form="hours",
        absent="they come when they come",
    ),
    Lever(
        "class",
        "defer.within",
        "defer_within_s",
        "duration",
        "s",
        "caller",
        "how long a request may wait for these hours; one that would wait longer comes at once",
        pointer="/defer/within_us",
        form="microseconds",
        most=MOST_S,
    ),
    Lever(
        "class",
        "retries",
        "retries",
        "count",
        "attempts",
        "caller",
        "how often a client tries again",
        pointer="/retries",
        most=10,
        absent="the client's own",
    ),
    Lever(
        "class",
        "backoff",
        "backoff_s",
        "duration",
        "s",
        "caller",
        "how long a client waits before it tries again",
        pointer="/backoff_us",
        form="microseconds",
        most=MOST_S,
        absent="the client's own",
    ),
    Lever(
        "class",
        "backoff_factor",
        "backoff_factor",
        "number",
        None,
        "caller",
        "by which each wait is longer than the one before",
        least=1,
        absent="the client's own",
    ),
)


def lever_named(owner: Owner, name: str) -> Lever:
    """The row of the table. Raises StopIteration where there is none, which is a bug."""
    return next(each for each in LEVERS if (each.owner, each.name) == (owner, name))
