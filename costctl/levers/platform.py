"""By which rules is traffic served? Everything that can be changed, as plain values.

``Platform`` is the whole: a ``PoolRules`` for each pool, a ``ClassRules`` for each class, and what fails when.
Nothing here knows how a replay takes these rules; ``costctl/scenario/setups.py`` hands them over.
"""

from __future__ import annotations

from dataclasses import dataclass

from costctl.documents.settings import Discipline


@dataclass(frozen=True, slots=True)
class PoolRules:
    """Servers and how calls are given to them.

    max_num_seqs: sequences that a replica decodes at once, or the size of a static batch.  batch_window_s: how
    long the first call of a static batch waits for others.  preferred_sizes: as ``batch_sizes_of`` reads them, None
    where a batch starts early only if it is full.  prefill: stalling or chunked, where it is continuous.
    kv_tokens: of a replica; None is without limit.  enable_prefix_caching: "true" or "false".  prefix_cache_tokens: per
    replica; 0 is none.
    affinity_most_ahead: calls that the replica with the prefix may have more than the least loaded; None is no limit.
    scaling: from ``scaling_least`` to ``scaling_most`` replicas, one more where more than
    ``scaling_target_outstanding`` calls wait and are in progress per replica; None where nothing scales.  schedule: as
    ``schedule_of`` reads it, None where the number is constant; start_up_s: how much earlier its replicas are ordered.
    """

    discipline: Discipline
    replicas: int
    max_num_seqs: int
    dispatch: str
    batch_window_s: float = 0.0
    max_batched_tokens: int = 2048
    prefix_cache_tokens: int = 0
    affinity_most_ahead: int | None = None
    prefill: str | None = None
    kv_tokens: int | None = None
    enable_prefix_caching: str = "false"
    scaling_least: int | None = None
    scaling_most: int | None = None
    scaling_target_outstanding: float | None = None
    scaling_interval_s: float | None = None
    scaling_delay_s: float | None = None
    scaling_idle_s: float | None = None
    schedule: str | None = None
    start_up_s: float = 0.0
    preferred_sizes: str | None = None


@dataclass(frozen=True, slots=True)
class ClassRules:
    """Where a class is served, in which lane, and how long it may wait. They hold in every pool that serves it.

    pools: the pools of its calls, one for each discipline, or as many as were seen.  pool_weights: as ``weights_of``
    reads it, the parts of those that batch as these pools do; None where each call goes where it was.
    lane: 1 is served first; classes without one come after those with one, together, by arrival.  queue_limit: calls
    that may wait per replica.  shed_above: waiting calls of all classes per replica, beyond which a new one is
    rejected.  None is no limit.  on_refusal, on_expiry: reject or demote (to the queue of the class demote_to).
    concurrency: calls that may wait and be in progress, per_minute: that may come in a minute, beyond which a new one
    is rejected.  timeout_s: a call that has not ended so long after it came is broken off.  fallback: as
    ``fallbacks_of`` reads it, the pools that a call which would leave goes on to.  A client tries again ``retries``
    times, the k-th time backoff_s x backoff_factor^(k-1) later.
    cache_gb: of a cache of what its calls were answered, in decimal gigabytes; 0 is none.
    hot_reads_gb: of what it read last from storage, kept in the hot tier; 0 is none.  storage_copies: tiers of storage
    that keep a copy of what it reads and lies elsewhere, for its calls in their region.
    Requests wait for defer_hours of the day, ``defer_within_s`` at most.  most_attempts: of a call of the trace; those
    beyond are not made, None is as many as there were.
    """

    pools: tuple[str, ...]
    pool_weights: str | None = None
    lane: int | None = None
    weight: float | None = None
    min_share: float = 0.0
    queue_limit: int | None = None
    max_wait_s: float | None = None
    shed_above: float | None = None
    on_refusal: str = "reject"
    on_expiry: str = "reject"
    demote_to: str | None = None
    fallback: str = "none"
    concurrency: int | None = None
    per_minute: int | None = None
    timeout_s: float | None = None
    retries: int = 0
    backoff_s: float = 1.0
    backoff_factor: float = 2.0
    cache_gb: float = 0.0
    hot_reads_gb: float = 0.0
    storage_copies: tuple[str, ...] | None = None
    defer_hours: str | None = None
    defer_within_s: float = 0.0
    most_attempts: int | None = None


@dataclass(frozen=True, slots=True)
class Failure:
    """Replicas of a pool, the first ``replicas`` of them, are down from from_s until until_s (inf: for good).

    Seconds from the start of the window.
    """

    pool: str
    replicas: int
    from_s: float
    until_s: float


@dataclass(frozen=True, slots=True)
class Platform:
    """The rules of all pools and classes, by name, and the failures. starts_s: when the window starts, Unix seconds."""

    pools: dict[str, PoolRules]
    classes: dict[str, ClassRules]
    failures: tuple[Failure, ...] = ()
    starts_s: float = 0.0
