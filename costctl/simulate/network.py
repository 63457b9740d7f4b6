"""What becomes of calls that pass through one pool or several? The door to the compiled replay.

Calls, the pool of each, and the pools in; an outcome out. A follow-up call may follow a call of any pool:
an agent's or a RAG request's chain stays closed across pools.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from costctl.simulate.event_loop import run
from costctl.simulate.replay_state import call_state, floor_state
from costctl.simulate.workload import Floats, Ints, Outcome, Pool, Workload


def replay_network(workload: Workload, pool: Ints, pools: Sequence[Pool]) -> Outcome:
    """The outcome of n calls, call i served by pools[pool[i]].

    Replicas are numbered across pools, those of pool 0 first, in ``workload.replica`` and in the outcome;
    every setup has the same number of lanes. The rules, for every replica:

    Arrival. ``dispatch`` chooses the replica: recorded (where the pool has that replica; else as the
    next), least_outstanding (fewest calls waiting and in progress, ties to the lowest number) or
    round_robin. There the call is rejected if its lane already has ``queue_limit`` calls waiting, one more
    where nothing is in progress (that one begins at once); else it waits. Calls are served by rank,
    then arrival. A call that has waited longer than time_to_live_s when its turn comes is dropped then.

    Continuous, stalling prefill. At a step boundary, while calls wait and fewer than max_num_seqs are in
    progress, one call after the other is prefilled, gamma·tokens each, and has its first token at the end
    of that; then a decode step of the b decoding calls passes, alpha + beta·b, or more of them until the
    next arrival. A call ends with its first token, or decode_steps steps later.

    Continuous, chunked prefill. A step of b decoding calls carries up to max(max_batched_tokens - b, 1)
    prompt tokens, of calls whose prefill has begun first, then of calls in line while fewer than
    max_num_seqs are in progress. It takes alpha + beta·b + gamma·(tokens carried). A call whose last
    prompt token it carries has its first token at its end and decodes from the next step on.

    Static. An idle replica starts a batch when max_num_seqs calls wait, or when the one that has waited
    longest has waited batch_window_s. The batch of b calls ends, as a whole, alpha + beta·b +
    gamma·tokens later; first_token_s is then as well.

    A follow-up arrives think_s after the end of the call it follows; where that was not served it never
    arrives (arrival NaN, replica -1). busy_s counts what is in progress, not a window that is open. At one
    instant, arrivals come before replicas act, and a call arriving at a boundary is seen by it. Releases
    the GIL. Raises ValueError where the arguments contradict each other.
    """
    _require_sound(workload, pool, pools)
    calls = call_state(_contiguous(workload), np.ascontiguousarray(pool, np.int64))
    floor = floor_state(workload, pools)
    horizon_s = run(calls, floor)
    return Outcome(
        arrival_s=calls.arrival_s,
        begin_s=calls.begin_s,
        first_token_s=calls.first_token_s,
        end_s=calls.end_s,
        replica=calls.replica,
        status=calls.status,
        busy_s=np.ascontiguousarray(floor.replicas["busy_s"]),
        horizon_s=float(horizon_s),
    )


def busy_s_of_pool(outcome: Outcome, pools: Sequence[Pool]) -> Floats:
    """Busy seconds of each pool, summed over its replicas."""
    first = np.cumsum([0, *(pool.setup.replicas for pool in pools[:-1])])
    return np.add.reduceat(outcome.busy_s, first)


def _contiguous(workload: Workload) -> Workload:
    """The same calls in arrays of the types that the loop was compiled for; no copy where they are so."""
    return Workload(
        arrival_s=np.ascontiguousarray(workload.arrival_s, np.float64),
        after=np.ascontiguousarray(workload.after, np.int64),
        think_s=np.ascontiguousarray(workload.think_s, np.float64),
        uncached_tokens=np.ascontiguousarray(workload.uncached_tokens, np.int64),
        decode_steps=np.ascontiguousarray(workload.decode_steps, np.int64),
        lane=np.ascontiguousarray(workload.lane, np.int64),
        replica=np.ascontiguousarray(workload.replica, np.int64),
    )


def _require_sound(workload: Workload, pool: Ints, pools: Sequence[Pool]) -> None:
    n = workload.size
    columns = (
        workload.after,
        workload.think_s,
        workload.uncached_tokens,
        workload.decode_steps,
        workload.lane,
        workload.replica,
        pool,
    )
    _require(all(column.size == n for column in columns), "the arrays of a workload differ in length")
    _require(len(pools) > 0, "there is no pool")
    plain_s = workload.arrival_s[workload.after < 0]
    _require(bool(np.isfinite(plain_s).all()), "a call that follows no other has no arrival time")
    _require(bool((np.diff(plain_s) >= 0).all()), "calls are not ordered by arrival")
    _require(bool((workload.after < np.arange(n)).all()), "a call follows one that comes later")
    _require(bool((workload.think_s >= 0).all()), "a think time is negative or NaN")
    _require(_are_in(pool, len(pools)), "a call names a pool that does not exist")
    _require(_are_in(workload.uncached_tokens), "a count of tokens is negative")
    _require(_are_in(workload.decode_steps), "a count of decode steps is negative")
    for number, each in enumerate(pools):
        _require_sound_pool(each, lanes=int(workload.lane.max(initial=0)) + 1)
        fault = each.setup.lanes.fault(len(pools), number)
        _require(fault is None, fault or "")
    _require(_are_in(workload.lane), "a lane is negative")
    _require(len({each.setup.lanes.count for each in pools}) == 1, "pools differ in their number of lanes")


def _require_sound_pool(pool: Pool, lanes: int) -> None:
    model, setup = pool.model, pool.setup
    _require(setup.replicas > 0, "a pool has no replica")
    _require(setup.max_num_seqs > 0, "a replica has no sequence slot")
    _require(setup.max_batched_tokens > 0, "a step has no room for tokens")
    _require(setup.batch_window_s >= 0, "a batch window is negative")
    _require(min(model.alpha_s, model.beta_s, model.gamma_s) >= 0, "a service time is negative")
    _require(setup.lanes.count >= lanes, "a call is in a lane that the pool does not have")


def _are_in(values: Ints, bound: int | None = None) -> bool:
    """Whether all are at least 0 and, where there is a bound, below it."""
    return bool((values >= 0).all() and (bound is None or (values < bound).all()))


def _require(is_met: bool, otherwise: str) -> None:
    if not is_met:
        raise ValueError(f"no replay: {otherwise}")
