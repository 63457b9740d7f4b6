"""What does a replay remember while it runs? Arrays, one row per call, lane, replica or pool.

The shapes that the compiled parts read and write; initial_state fills them for a workload and its pools.
A call takes at most 64 bytes besides its inputs, whatever the number of replicas.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from costctl.arrays import Floats, Ints, SmallInts
from costctl.simulate.lanes import FallbackCause, RefusalAction
from costctl.simulate.workload import KV_BLOCK_TOKENS, CallStatus

SERVED: Final = int(CallStatus.SERVED)
REJECTED: Final = int(CallStatus.REJECTED)
EXPIRED: Final = int(CallStatus.EXPIRED)
NEVER_ARRIVED: Final = int(CallStatus.NEVER_ARRIVED)
FAILED: Final = int(CallStatus.FAILED)
IN_FLIGHT: Final = int(CallStatus.IN_FLIGHT)
TIMED_OUT: Final = int(CallStatus.TIMED_OUT)
DEMOTED: Final = 7  # in flight, and in the lane that its own demotes to

DEMOTE: Final = int(RefusalAction.DEMOTE)

ERROR: Final = int(FallbackCause.ERROR)
TIMEOUT: Final = int(FallbackCause.TIMEOUT)
OVERLOAD: Final = int(FallbackCause.OVERLOAD)
CONTEXT_WINDOW: Final = int(FallbackCause.CONTEXT_WINDOW)

DISPATCH_CODE: Final = {"recorded": 0, "round_robin": 1, "least_outstanding": 2, "prefix_affinity": 3}
RECORDED: Final = DISPATCH_CODE["recorded"]
ROUND_ROBIN: Final = DISPATCH_CODE["round_robin"]
PREFIX_AFFINITY: Final = DISPATCH_CODE["prefix_affinity"]

# What a replica is doing.
IDLE: Final = 0  # nothing in progress; calls may wait for a batch window
PREFILLING: Final = 1  # one call's prefill, no decode step passes
STEPPING: Final = 2  # decode steps of equal length, counted from the anchor
MIXED: Final = 3  # one step that carries prefill tokens
BATCH: Final = 4  # a static batch

# Whether a replica takes calls.
UP: Final = 0
DRAINING: Final = 1  # serves what it has and takes nothing new
STARTING: Final = 2  # ordered, not ready
DOWN: Final = 3  # it failed
OFF: Final = 4  # not ordered, not paid

# Changes of capacity, in the order in which they come at one instant.
FAILS: Final = 0
COMES_BACK: Final = 1
STARTS: Final = 2  # by its timetable, as the next
STOPS: Final = 3
IS_READY: Final = 4
SCALES: Final = 5

BLOCK: Final = KV_BLOCK_TOKENS
BEGUN: Final = 0  # number of the queue of calls in prefill or in the batch; queues of waiting calls follow

STATION: Final = np.dtype(
    [
        ("is_static", np.int64),
        ("is_prefill_stalling", np.int64),
        ("is_shared", np.int64),  # lanes have a queue each, and share by weight or have a minimum share
        ("is_weighted", np.int64),
        ("alpha_s", np.float64),
        ("beta_s", np.float64),
        ("gamma_s", np.float64),
        ("kappa_s", np.float64),
        ("batch_window_s", np.float64),
        ("max_num_seqs", np.int64),
        ("max_batched_tokens", np.int64),
        ("prefix_cache_tokens", np.int64),
        ("affinity_most_ahead", np.int64),
        ("has_prefixes_in_memory", np.int64),
        ("shares_prefixes_in_memory", np.int64),  # of calls that are told apart by groups, not by a tree
        ("dispatch", np.int64),
        ("first_replica", np.int64),
        ("replicas", np.int64),
        ("in_turn", np.int64),  # replicas already given a call by round robin, or passed over
        ("waiting", np.int64),
        ("up", np.int64),  # replicas that take calls
        ("least", np.int64),
        ("most", np.int64),
        ("target_outstanding", np.float64),
        ("interval_s", np.float64),
        ("delay_s", np.float64),
        ("idle_s", np.float64),
        ("period_s", np.float64),  # after which its timetable begins anew
        ("low_since_s", np.float64),  # since when fewer replicas are wanted than ordered; inf: they are not
    ]
)

REPLICA: Final = np.dtype(
    [
        ("pool", np.int64),
        ("phase", np.int64),
        ("anchor_s", np.float64),  # the boundary from which steps of equal length are counted
        ("step_s", np.float64),  # their length
        ("steps", np.int64),  # decode steps passed, ever, up to the anchor
        ("steps_at_event", np.int64),  # decode steps passed when the replica's next event comes
        ("busy_from_s", np.float64),
        ("busy_s", np.float64),
        ("decoding", np.int64),
        ("in_progress", np.int64),  # decoding, in prefill, or in the batch; those that are leaving, too
        ("leaving", np.int64),  # calls broken off that hold their places until the next boundary
        ("most_in_progress", np.int64),  # ever
        ("waiting", np.int64),
        ("completions_from", np.int64),  # where the replica's heap of completions begins
        ("cached_tokens", np.int64),
        ("state", np.int64),
        ("state_after", np.int64),  # of one that is down, once it is back
        ("is_paid", np.int64),
        ("paid_from_s", np.float64),
        ("paid_s", np.float64),
    ]
)

LANE: Final = np.dtype(
    [
        ("level", np.int64),
        ("queue", np.int64),
        ("weight", np.float64),
        ("min_share", np.float64),
        ("queue_limit", np.int64),
        ("time_to_live_s", np.float64),
        ("shed_above", np.float64),
        ("on_refusal", np.int64),
        ("on_expiry", np.int64),
        ("demote_to", np.int64),
        ("retries", np.int64),
        ("backoff_s", np.float64),
        ("backoff_factor", np.float64),
        ("timeout_s", np.float64),
        ("concurrency", np.int64),
        ("per_minute", np.int64),
    ]
)

ADMISSION: Final = np.dtype(
    [
        ("inside", np.int64),  # calls that wait or are in progress
        ("minute", np.int64),  # the one in which a call was let in last
        ("admitted", np.int64),  # calls let in within it
    ]
)

FALLBACK: Final = np.dtype([("pool", np.int64), ("on", np.int64)])  # causes, one bit each; 0: none

LANE_STATE: Final = np.dtype(
    [
        ("waiting", np.int64),
        ("tag", np.float64),  # virtual time at which the lane's next call starts, by work over weight
        ("credit_s", np.float64),  # work that the lane is owed by its minimum share
    ]
)

QUEUE: Final = np.dtype(
    [
        ("first", np.int64),
        ("last", np.int64),
        ("virtual", np.float64),  # virtual time of the level of this number
    ]
)

CACHED: Final = np.dtype(
    [
        ("tokens", np.int32),  # 0: the replica does not have the prefix
        ("users", np.int32),  # sequences in progress that share it in KV memory
        ("newer", np.int32),
        ("older", np.int32),
    ]
)

# KV memory of a replica that decodes continuously, in blocks of BLOCK tokens.
MEMORY: Final = np.dtype(
    [
        ("capacity", np.int64),
        ("watermark", np.int64),  # blocks that a call leaves free when it begins beside others
        ("free", np.int64),  # below 0 only at a boundary, until somebody has made room
        (
            "taken",
            np.int64,
        ),  # of the free blocks, ever; they are taken in the order in which they became free
        ("idle", np.int64),  # blocks of prefixes that no sequence in progress uses
        ("fewest_free", np.int64),  # ever, between boundaries
        ("context", np.int64),  # tokens of the decoding sequences, summed
        ("last", np.int64),  # of the decoding sequences the one that began last, or -1
        ("paused", np.int64),  # the pre-empted sequence that comes back first, or -1
        ("growth_s", np.float64),  # by which each decode step is longer than the one before
        ("preemptions", np.int64),
    ]
)

CHANGE: Final = np.dtype([("at_s", np.float64), ("kind", np.int64), ("subject", np.int64)])

CLOCK: Final = np.dtype(
    [
        ("timers", np.int64),  # calls in the heap of those to come
        ("deadlines", np.int64),  # calls in the heap of those with a time-out
        ("change", np.int64),  # row of the next change of capacity
        ("change_s", np.float64),  # when it comes; inf: never
        ("in_system", np.int64),  # calls that wait or are in progress
        ("in_system_s", np.float64),  # their number over time, summed up to the last event
    ]
)


class Calls(NamedTuple):
    """One row per call: the inputs, the links between calls, and what becomes of them.

    joined_s: when the call joined the queue it waits in or, before that, when it will arrive. It is
    arrival_s itself where nothing can come twice, else end_s, which has no other use until the call ends.
    progress: prompt tokens left to prefill; once it decodes, the number of the replica's decode step,
    counted as in REPLICA, at which the call ends. first_follower, next_follower: empty where no call
    follows another; prefix, prefix_tokens, prompt_tokens, spared_tokens: empty where nothing is cached;
    fell_back: how often it went on to another pool, empty where no lane has a fallback.
    """

    after: Ints
    think_s: Floats
    tokens: Ints
    prompt_tokens: Ints
    decode_steps: Ints
    lane: Ints
    recorded: Ints
    prefix: Ints
    prefix_tokens: Ints
    own_pool: Ints
    pool: SmallInts
    first_follower: SmallInts
    next_follower: SmallInts
    next_in_queue: SmallInts
    progress: Ints
    arrival_s: Floats
    joined_s: Floats
    begin_s: Floats
    first_token_s: Floats
    end_s: Floats
    replica: SmallInts
    status: SmallInts
    attempts: SmallInts
    spared_tokens: SmallInts
    fell_back: SmallInts


class SimState(NamedTuple):
    """Pools and replicas, the queues before them, and the events to come.

    lanes: [pool, lane]. fallbacks: [pool, lane, place], in the order in which they are tried. admissions: [is_static
    of the call's own pool, lane], empty where no lane bounds what may come. lane_states:
    [replica, lane]. queues: [replica, queue]; queue 0 is for calls in prefill or in the batch; waiting calls have a
    queue for each level of rank or, where lanes share, each lane.
    cached: [replica, prefix], a ring from most to least recently used through the last column; of prefixes in KV
    memory those that no sequence in progress uses.
    """

    stations: NDArray[Any]
    replicas: NDArray[Any]
    lanes: NDArray[Any]
    fallbacks: NDArray[Any]
    admissions: NDArray[Any]
    lane_states: NDArray[Any]
    queues: NDArray[Any]
    preferred: (
        Ints  # [pool, calls that wait]: the largest size that they fill and a batch starts with, 0 none
    )
    cached: NDArray[Any]
    last_user: SmallInts  # [pool, prefix]: the replica that used it last, -1 none
    prefix_parent: Ints  # the prefix that it goes on from, -1 none
    prefix_begins: Ints  # tokens of the prompt before it
    completions: SmallInts  # a heap for each replica: its decoding calls by progress
    event_s: Floats  # next event of each replica, padded with inf to a power of two
    winner: Ints  # tournament over event_s; winner[1] is the replica with the earliest event
    timers: SmallInts  # heap of follow-ups, of calls that fall back and of those that come again, to come, by joined_s
    changes: NDArray[Any]  # of capacity
    clock: NDArray[Any]  # one row


class Memory(NamedTuple):
    """KV memory: what each replica has of it, and what tells how much a call holds.

    A sequence holds the blocks of its context, prompt and generated tokens; one in prefill also that of the token to
    come. growing: [replica, BLOCK], decoding sequences by the number of the decode step, modulo BLOCK, at which they
    need a further block. prompt: tokens of the call's prompt, cached ones too. generated: tokens that the call had when
    it began to be read; what it has while it decodes follows from its progress, which while it is pre-empted is the
    place of its blocks among those that became free, ever. earlier: of a decoding call the one
    that began before it on its replica, or -1; the later one is its next_in_queue.
    """

    replicas: NDArray[Any]
    growing: Ints
    prompt: Ints
    generated: SmallInts
    earlier: SmallInts


class Deadlines(NamedTuple):
    """When calls are broken off, one row per call.

    due_s: of the attempt that came last; inf: never.  known_s: as the heap has it, inf where the call is not in there.
    It may be that of an attempt that has ended, which is noticed when it is on top: so nothing that ends needs to
    look here.  heap: of calls, by known_s.
    """

    due_s: Floats
    known_s: Floats
    heap: SmallInts
