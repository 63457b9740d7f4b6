"""What does a replay remember while it runs? Arrays, one row per call, replica or pool.

A workload and its pools in, the arrays that the compiled loop reads and writes out. Inputs of a call are
not copied; a replay of n calls takes about 100 bytes a call besides them, whatever the number of replicas.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from costctl.simulate.workload import CallStatus, Floats, Ints, Pool, Workload

DISPATCH_CODE: Final = {"recorded": 0, "round_robin": 1, "least_outstanding": 2}

STATION: Final = np.dtype(
    [
        ("is_static", np.int64),
        ("is_prefill_stalling", np.int64),
        ("alpha_s", np.float64),
        ("beta_s", np.float64),
        ("gamma_s", np.float64),
        ("batch_window_s", np.float64),
        ("max_num_seqs", np.int64),
        ("max_batched_tokens", np.int64),
        ("dispatch", np.int64),
        ("first_replica", np.int64),
        ("replicas", np.int64),
        ("in_turn", np.int64),  # replicas already dealt a call by round robin
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
        ("in_progress", np.int64),  # decoding, in prefill, or in the batch
        ("waiting", np.int64),
        ("completions_from", np.int64),  # where the replica's heap of completions begins
    ]
)


class Calls(NamedTuple):
    """One row per call: the inputs, the links between calls, and what becomes of them.

    arrival_s: given for calls that follow no other, known for a follow-up once its predecessor has ended.
    last_step: number of the replica's decode step, counted as in REPLICA, at which the call ends.
    """

    after: Ints
    think_s: Floats
    tokens: Ints
    decode_steps: Ints
    lane: Ints
    recorded: Ints
    pool: Ints
    first_follower: Ints
    next_follower: Ints
    next_in_line: Ints
    tokens_left: Ints
    last_step: Floats
    arrival_s: Floats
    begin_s: Floats
    first_token_s: Floats
    end_s: Floats
    replica: Ints
    status: Ints


class Floor(NamedTuple):
    """Pools and replicas, the queues before them, and the events to come.

    Two-dimensional arrays are [pool, lane] (level, queue_limit, time_to_live_s), [replica, lane]
    (waiting_in_lane) and [replica, line] (line_first, line_last). Lanes of equal rank share a level; there
    is a line for each level, and a last one for the calls in prefill or in the batch.
    """

    stations: NDArray[Any]
    replicas: NDArray[Any]
    level: Ints
    queue_limit: Ints
    time_to_live_s: Floats
    waiting_in_lane: Ints
    line_first: Ints
    line_last: Ints
    completions: Ints  # a heap for each replica: its decoding calls by last_step
    event_s: Floats  # next event of each replica, padded with inf to a power of two
    winner: Ints  # tournament over event_s; winner[1] is the replica with the earliest event
    released: Ints  # heap of follow-ups to come, by arrival_s
    released_count: Ints  # one number


def call_state(workload: Workload, pool: Ints) -> Calls:
    """The calls before anything has happened: none has arrived."""
    n = workload.size
    first_follower, next_follower = _followers(workload.after)
    return Calls(
        after=workload.after,
        think_s=workload.think_s,
        tokens=workload.uncached_tokens,
        decode_steps=workload.decode_steps,
        lane=workload.lane,
        recorded=workload.replica,
        pool=pool,
        first_follower=first_follower,
        next_follower=next_follower,
        next_in_line=np.empty(n, np.int64),
        tokens_left=np.zeros(n, np.int64),
        last_step=np.empty(n),
        arrival_s=np.where(workload.after < 0, workload.arrival_s, np.nan),
        begin_s=np.full(n, np.nan),
        first_token_s=np.full(n, np.nan),
        end_s=np.full(n, np.nan),
        replica=np.full(n, -1, np.int64),
        status=np.full(n, int(CallStatus.NEVER_ARRIVED), np.int64),
    )


def _followers(after: Ints) -> tuple[Ints, Ints]:
    """For each call its first follower and, for each follower, the next one of the same call; -1 ends."""
    first = np.full(after.size, -1, np.int64)
    following = np.full(after.size, -1, np.int64)
    followers = np.flatnonzero(after >= 0)
    followers = followers[np.argsort(after[followers], kind="stable")]
    before = after[followers]
    is_first = np.ones(followers.size, np.bool_)
    is_first[1:] = before[1:] != before[:-1]
    first[before[is_first]] = followers[is_first]
    following[followers[:-1][~is_first[1:]]] = followers[1:][~is_first[1:]]
    return first, following


def floor_state(workload: Workload, pools: Sequence[Pool]) -> Floor:
    """The pools before anything has happened: every replica is idle."""
    stations = _stations(pools)
    replicas, completions = _replicas(pools, workload.size)
    level = np.stack([np.unique(pool.setup.lanes.rank, return_inverse=True)[1] for pool in pools])
    leaves = 1 << max(int(replicas.size) - 1, 0).bit_length()
    follow_ups = int(np.count_nonzero(workload.after >= 0))
    lanes, levels = level.shape[1], int(level.max(initial=0)) + 1
    return Floor(
        stations=stations,
        replicas=replicas,
        level=level.astype(np.int64),
        queue_limit=np.stack([pool.setup.lanes.queue_limit for pool in pools]),
        time_to_live_s=np.stack([pool.setup.lanes.time_to_live_s for pool in pools]),
        waiting_in_lane=np.zeros((replicas.size, lanes), np.int64),
        line_first=np.full((replicas.size, levels + 1), -1, np.int64),
        line_last=np.full((replicas.size, levels + 1), -1, np.int64),
        completions=completions,
        event_s=np.full(leaves, np.inf),
        winner=np.concatenate([_first_leaf_of_each_node(leaves), np.arange(leaves)]),
        released=np.empty(follow_ups, np.int64),
        released_count=np.zeros(1, np.int64),
    )


def _first_leaf_of_each_node(leaves: int) -> Ints:
    """Who leads the inner nodes of the tournament while no replica has an event: the lowest of each."""
    node = np.arange(1, leaves, dtype=np.int64)
    depth = np.frexp(node)[1].astype(np.int64) - 1
    first = (node << (leaves.bit_length() - 1 - depth)) - leaves
    return np.concatenate([np.zeros(1, np.int64), first])


def _stations(pools: Sequence[Pool]) -> NDArray[Any]:
    stations = np.zeros(len(pools), STATION)
    first_replica = 0
    for row, pool in zip(stations, pools, strict=True):
        model, setup = pool.model, pool.setup
        row["is_static"] = model.discipline == "static"
        row["is_prefill_stalling"] = model.is_prefill_stalling
        row["alpha_s"], row["beta_s"], row["gamma_s"] = model.alpha_s, model.beta_s, model.gamma_s
        row["batch_window_s"] = setup.batch_window_s
        row["max_num_seqs"] = setup.max_num_seqs
        row["max_batched_tokens"] = setup.max_batched_tokens
        row["dispatch"] = DISPATCH_CODE[setup.dispatch]
        row["first_replica"], row["replicas"] = first_replica, setup.replicas
        first_replica += setup.replicas
    return stations


def _replicas(pools: Sequence[Pool], calls: int) -> tuple[NDArray[Any], Ints]:
    """Idle replicas, pool by pool, and room for the heap of completions of each that decodes."""
    replicas = np.zeros(sum(pool.setup.replicas for pool in pools), REPLICA)
    pool_of = np.repeat(np.arange(len(pools)), [pool.setup.replicas for pool in pools])
    room = np.array(
        [0 if pool.model.discipline == "static" else min(pool.setup.max_num_seqs, calls) for pool in pools],
        np.int64,
    )[pool_of]
    replicas["pool"] = pool_of
    replicas["completions_from"] = np.cumsum(room) - room
    return replicas, np.empty(int(room.sum()), np.int64)
