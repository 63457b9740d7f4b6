"""What is a world made of? Pools, storage, classes of requests and the steps that each goes through.

No code runs here: frozen nouns that ``demand`` draws from, ``platform`` serves and ``spans`` writes. Times are
seconds, prices USD. A world is wholly said by one ``World``; the same world gives the same bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

StepKind = Literal["auth", "prompt", "cache", "retrieval", "storage", "call", "tool", "moderation", "persist"]


@dataclass(frozen=True, slots=True)
class Spread:
    """A log-normal quantity, cut at both ends. sigma: of the logarithm."""

    median: float
    sigma: float
    least: float
    most: float


@dataclass(frozen=True, slots=True)
class PoolSpec:
    """Replicas of one model. continuous: a decode step of b sequences takes alpha_s + beta_s·b, prefill gamma_s
    a token, during which no step passes; with chunk_tokens above 0 prompts ride along instead, so many tokens a
    step at most, each of which makes the step gamma_s longer. static: a batch of b calls takes alpha_s +
    beta_s·b + gamma_s·tokens.

    slots: sequences that a replica decodes at once, or calls in a batch.  window_s: how long the first call of
    a batch waits for others to join.
    """

    name: str
    model: str
    is_static: bool
    alpha_s: float
    beta_s: float
    gamma_s: float
    replicas: int
    slots: int
    window_s: float
    usd_per_replica_hour: float
    tier: str
    jurisdiction: str = "eu"
    chunk_tokens: int = 0


@dataclass(frozen=True, slots=True)
class StorageSpec:
    """A tier of documents. read_s: how long a read takes."""

    name: str
    kind: str
    usd_per_1k_reads: float
    usd_per_gb_egress: float
    read_s: Spread


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that a request does. duration_s: for all but calls, whose time the platform tells.

    pool, tokens, answer: of a call; the answer has no meaning in a static pool.  cached_ratio: largest part of
    the prompt that a prefix cache gives.  storage: which one is read.  is_looped: done once a round.
    """

    kind: StepKind
    duration_s: Spread | None = None
    pool: str | None = None
    tokens: Spread | None = None
    answer: Spread | None = None
    cached_ratio: float = 0.0
    storage: str | None = None
    is_looped: bool = False


@dataclass(frozen=True, slots=True)
class ClassSpec:
    """One class of requests. share: of all requests, before the rhythm of the day.

    hours_utc: when it comes, from and until.  rounds: least and most of the looped steps.  failure_ratio: of
    calls that break off and are made again, at most ``retries`` times.  timeout_s: after which the caller of a
    call gives up.  documents: least and most that are read.  hot_ratio: of these, from the storage named "hot".
    """

    name: str
    share: float
    steps: tuple[Step, ...]
    route: str
    hours_utc: tuple[int, int] = (0, 24)
    rounds: tuple[int, int] = (1, 1)
    failure_ratio: float = 0.02
    retries: int = 1
    timeout_s: float = 120.0
    max_tokens: int | None = None
    documents: tuple[int, int] = (3, 8)
    hot_ratio: float = 0.7
    response_bytes_per_token: float = 4.2
    e2e_p95: str | None = None
    usd_per_success: float | None = None
    other_models: tuple[str, ...] = ()
    is_deferrable: bool = False
    is_agent: bool = False


@dataclass(frozen=True, slots=True)
class World:
    """Everything. start_ns: ns UTC.  requests: expected number over ``hours``.

    day_swing: half the difference between the busiest and the least busy hour, over their mean.  weekend_ratio:
    load on Saturday and Sunday.  bursts: number of bursts, each of ``burst_s`` with ``burst_factor`` times the
    load of one class.  step_jitter: standard deviation of a decode step's time, as a ratio.
    """

    name: str
    seed: int
    start_ns: int
    hours: float
    requests: float
    pools: tuple[PoolSpec, ...]
    storage: tuple[StorageSpec, ...]
    classes: tuple[ClassSpec, ...]
    tenants: tuple[str, ...] = ("acme", "birch", "cedar", "dune")
    day_swing: float = 0.35
    weekend_ratio: float = 0.6
    bursts: int = 6
    burst_s: float = 90.0
    burst_factor: float = 3.0
    step_jitter: float = 0.02
    usd_per_gb_egress: float = 0.09

    def pool(self, name: str) -> PoolSpec:
        """The pool of that name."""
        return next(pool for pool in self.pools if pool.name == name)

    def storage_named(self, name: str) -> StorageSpec:
        """The storage of that name."""
        return next(storage for storage in self.storage if storage.name == name)
