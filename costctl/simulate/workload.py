"""What a replay is fed and what it gives back: calls as arrays, the service model, the pool, the outcome.

All times are seconds as float64 from the start of the window; a NaN is "did not happen". Arrays of one
workload have one length n.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Final, Literal

from costctl.arrays import Floats, Ints, SmallInts
from costctl.documents.settings import Discipline
from costctl.simulate.lanes import Lanes
from costctl.simulate.timetable import Timetable

MOST_AHEAD: Final = 2**31 - 1  # calls: the replica that has the prefix is chosen whatever its load
Dispatch = Literal["recorded", "round_robin", "least_outstanding", "prefix_affinity"]

KV_BLOCK_TOKENS: Final = 16  # tokens of a block of KV memory: vLLM's default (block_size, 2024)


@dataclass(frozen=True, slots=True)
class PrefixTree:
    """How beginnings of prompts go on one from another: what a conversation has said is the beginning of its next turn.

    parent: by prefix the number of the one that it goes on from, or -1; smaller than its own.  begins: by prefix the
    tokens of the prompt before it, which its parents hold; 0 where it has none. All that go on from one begin where it
    ends.
    """

    parent: Ints
    begins: Ints


@dataclass(frozen=True, slots=True)
class Workload:
    """n calls of one pool, ordered by arrival.

    arrival_s: when the call reaches the pool; for a follow-up call, when it did in the trace. after:
    index of the call whose end releases this one, or -1; always smaller than the call's own index.
    think_s: seconds from that end to this arrival; 0 where ``after`` is -1. uncached_tokens: prompt
    tokens to prefill.  decode_steps: steps after the first token (output_tokens - 1, at least 0). lane:
    index of the class or lane.  replica: the replica that served it in the trace, or -1.  prefix: number
    of the longest beginning of its prompt that others may share, or -1; None where no call shares its beginning.
    prefix_tokens: how many of prompt_tokens that beginning has, and a cached prefix saves, but for the last token of
    a prompt, which is always read.  prefix_tree: how
    beginnings go on from one another; None where none does.  prompt_tokens: of the whole prompt of a call with a
    prefix, with what a cache gave in the trace; None where that is uncached_tokens. A pool that keeps prefixes reads
    these, less what it has, and any other pool uncached_tokens.  cached_tokens: prompt tokens besides uncached_tokens,
    which the engine had in the trace: they are not read, and take KV memory; None where there are none.
    """

    arrival_s: Floats
    after: Ints
    think_s: Floats
    uncached_tokens: Ints
    decode_steps: Ints
    lane: Ints
    replica: Ints
    prefix: Ints | None = None
    prefix_tokens: Ints | None = None
    prefix_tree: PrefixTree | None = None
    prompt_tokens: Ints | None = None
    cached_tokens: Ints | None = None

    @property
    def size(self) -> int:
        """Number of calls."""
        return int(self.arrival_s.size)


@dataclass(frozen=True, slots=True)
class ServiceModel:
    """How long a replica takes.

    continuous: a decode step of b sequences takes alpha_s + beta_s·b + kappa_s·(their contexts, summed), a context
    being prompt and generated tokens; prefill takes gamma_s per uncached token and, where ``is_prefill_stalling``, no
    step passes meanwhile; otherwise prefill tokens ride along: a step that carries t prefill tokens takes gamma_s·t
    longer. static: a batch of b calls with t uncached tokens takes alpha_s + beta_s·b + gamma_s·t, as
    a whole.
    """

    discipline: Discipline
    alpha_s: float
    beta_s: float
    gamma_s: float
    is_prefill_stalling: bool = True
    kappa_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Scaling:
    """How a pool orders and drops replicas, from the calls waiting and in progress.

    Every interval_s the wanted number is those calls over target_outstanding, rounded up, within least and
    most. What is missing is ordered and takes calls delay_s later (start and warm-up). Where fewer have been
    wanted for idle_s one is dropped; it serves what it has and takes nothing new.
    """

    least: int
    most: int
    target_outstanding: float
    interval_s: float
    delay_s: float
    idle_s: float


@dataclass(frozen=True, slots=True)
class Outage:
    """A replica fails: what is in progress is lost, what waits is dispatched anew.

    replica: numbered within the pool.  It takes no calls from from_s until warm_up_s after until_s; an
    until_s of inf is for good.
    """

    replica: int
    from_s: float
    until_s: float
    warm_up_s: float = 0.0


@dataclass(frozen=True, slots=True)
class PoolSetup:
    """The servers of a pool and the rules in front of them.

    replicas: at the start, where the pool scales.  max_num_seqs: sequences that a replica decodes at once
    (continuous), or calls in a batch (static).  batch_window_s: how long the first call of a static batch
    waits for others to join.  preferred_sizes: with which a batch starts before that, the largest that the waiting
    calls fill; empty is max_num_seqs alone.  lanes: who waits where and who goes first.  max_batched_tokens: tokens
    that a step may carry where prefill rides along, one for each decoding sequence and the rest for prefill.
    prefix_cache_tokens: what each replica keeps of prompt beginnings, least recently used out first.
    affinity_most_ahead: how many calls more than the least loaded replica the one that has the prefix may have, waiting
    and in progress, and still be chosen by prefix_affinity.  timetable: by which the number of replicas changes;
    ``replicas`` is then what it says of the start.

    Where decoding is continuous: kv_tokens: tokens of KV memory of each replica, in whole blocks of KV_BLOCK_TOKENS;
    None is without limit.  kv_watermark: share of them that a call leaves free when it begins beside others.
    enable_prefix_caching: beginnings of prompts are kept in KV memory, as long as nobody else needs it.
    """

    replicas: int
    max_num_seqs: int
    dispatch: Dispatch
    batch_window_s: float
    lanes: Lanes
    max_batched_tokens: int = 2048  # vLLM's default for chunked prefill (max_num_batched_tokens, 2024)
    prefix_cache_tokens: int = 0
    affinity_most_ahead: int = MOST_AHEAD
    scaling: Scaling | None = None
    outages: tuple[Outage, ...] = ()
    timetable: Timetable | None = None
    kv_tokens: int | None = None
    kv_watermark: float = 0.0
    enable_prefix_caching: bool = False
    preferred_sizes: tuple[int, ...] = ()

    @property
    def most_replicas(self) -> int:
        """How many replicas the pool may have at once; they are numbered so far in an outcome."""
        if self.timetable is not None:
            return self.timetable.most
        return self.replicas if self.scaling is None else self.scaling.most


@dataclass(frozen=True, slots=True)
class Pool:
    """One pool of a network: how its replicas serve, and the rules in front of them."""

    model: ServiceModel
    setup: PoolSetup

    @property
    def counts_memory(self) -> bool:
        """Whether a replay must know what each sequence holds of KV memory."""
        setup = self.setup
        return setup.kv_tokens is not None or setup.enable_prefix_caching or self.model.kappa_s > 0


class CallStatus(IntEnum):
    """How a call left the replay."""

    SERVED = 0
    REJECTED = 1  # there was no room, or no replica, on arrival
    EXPIRED = 2  # waited longer than its time to live
    NEVER_ARRIVED = 3  # the call before it was not served, or the replay ended first
    FAILED = 4  # its replica failed
    IN_FLIGHT = 5  # the replay ended before it did
    TIMED_OUT = 6  # had not ended within its time-out


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of each call. n arrays as in the workload; busy_s, paid_s have one entry per replica.

    arrival_s: the first arrival.  begin_s: prefill (or batch) starts.  first_token_s, end_s: as named; of
    calls in flight those that have happened, NaN where the call was not served.  replica: that served,
    refused or dropped it, -1 where none did.  attempts: arrivals at a pool, fallbacks and retries
    counted.  pool: the pool that it came to last.  busy_s: seconds in which the replica had work in
    progress.  paid_s: from the start (0, or the first arrival where that is before), or from when it was
    ordered, until the last event or until it was dropped and had nothing left.  horizon_s: the last event,
    or the end of a replay that was ended before.  spared_tokens: of each call's prompt, that its replica had when its
    prefill began; None where no pool keeps prefixes.  preemptions: by replica, how often a sequence lost its KV memory
    to others and was read again; None where no pool counts its memory (`Pool.counts_memory`).  fell_back: how often the
    call went on to another pool; None where no lane has a fallback.
    """

    arrival_s: Floats
    begin_s: Floats
    first_token_s: Floats
    end_s: Floats
    replica: SmallInts
    status: SmallInts
    busy_s: Floats
    horizon_s: float
    attempts: SmallInts
    pool: SmallInts
    paid_s: Floats
    spared_tokens: SmallInts | None = None
    preemptions: Ints | None = None
    fell_back: SmallInts | None = None
