"""What becomes of calls that pass through one pool or several? The door to the compiled replay.

Calls, the pool of each, and the pools in; an outcome out. A follow-up call may follow a call of any pool:
an agent's or a RAG request's chain stays closed across pools.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from costctl.arrays import Floats, Ints
from costctl.simulate.event_loop import run
from costctl.simulate.initial_state import (
    call_state,
    counts_memory,
    deadline_state,
    memory_state,
    sim_state,
)
from costctl.simulate.laws import Counted, KeptMemory, require_lawful
from costctl.simulate.replay_state import (
    DEMOTED,
    IDLE,
    IN_FLIGHT,
    NEVER_ARRIVED,
    SERVED,
    Calls,
    Memory,
    SimState,
)
from costctl.simulate.soundness import require_sound
from costctl.simulate.workload import Outcome, Pool, Workload


def replay_network(workload: Workload, pool: Ints, pools: Sequence[Pool], until_s: float = np.inf) -> Outcome:
    """The outcome of n calls, call i served by pools[pool[i]].

    Replicas are numbered across pools, those of pool 0 first, in ``workload.replica`` and in the outcome;
    every setup has the same number of lanes. The rules, for every replica:

    Arrival. ``dispatch`` chooses the replica: recorded (where the pool has that replica; else as the
    next), least_outstanding (fewest calls waiting and in progress, ties to the lowest number), round_robin
    or prefix_affinity. There the call is refused if its lane already has ``queue_limit`` calls waiting, one
    more where nothing is in progress (that one begins at once); else it waits. Calls are served by rank,
    then arrival. A call that has waited longer than time_to_live_s when its turn comes is dropped then.

    Continuous, stalling prefill. At a step boundary, while calls wait and fewer than max_num_seqs are in
    progress, one call after the other is prefilled, gamma·tokens each, and has its first token at the end
    of that; then a decode step of the b decoding calls passes, alpha + beta·b, or more of them until the
    next arrival. A call ends with its first token, or decode_steps steps later.

    Continuous, chunked prefill. A step of b decoding calls carries up to max(max_batched_tokens - b, 1)
    prompt tokens, of calls whose prefill has begun first, then of waiting calls while fewer than
    max_num_seqs are in progress. It takes alpha + beta·b + gamma·(tokens carried). A call whose last
    prompt token it carries has its first token at its end and decodes from the next step on.

    Static. An idle replica starts a batch when as many calls wait as one of preferred_sizes (max_num_seqs where there
    are none), with the largest of these that they fill; or, with up to max_num_seqs, when the one that has waited
    longest has waited batch_window_s. The batch of b calls ends, as a whole, alpha + beta·b +
    gamma·tokens later; first_token_s is then as well.

    Time-outs. A call that has not ended timeout_s after it came leaves: its queue at once, and where it has begun its
    replica at the next step boundary, or at the end of its static batch.

    KV memory (kv_tokens). A call begins when the blocks of its prompt, and of the token that it gives, are free above
    the watermark, or nothing runs; one whose prompt and answer do not fit into the memory of a replica is refused. Each
    decode step may need further blocks: where they run out, the sequence that began last is pre-empted, and comes back
    before any call that waits, with its prompt and what it has generated to be read.

    A follow-up arrives think_s after the end of the call it follows; where that was not served it never
    arrives (arrival NaN, replica -1). busy_s counts what is in progress, not a window that is open. At one
    instant, arrivals come before time-outs and these before replicas act, and a call arriving at a boundary is seen by
    it.

    KV memory in full, shares of lanes, calls refused or broken off, retries, prefix caches, outages and scaling: their
    rules are in docs/explanation/replay.md. until_s: no event after it happens; what has arrived and has not left by
    then is in flight. Releases the GIL. Raises ValueError where the arguments contradict each other, BrokenLawError
    where the outcome denies a law of costctl/simulate/laws.py.
    """
    require_sound(workload, pool, pools)
    own_pool = np.require(pool, np.int64, ["C", "W"])
    workload = _as_compiled(workload)
    calls = call_state(workload, own_pool, pools)
    sim = sim_state(workload, pools)
    deadlines = deadline_state(workload, pools)
    is_counted = counts_memory(pools)
    memory = None if deadlines is None and not is_counted else memory_state(workload, pools)
    changes = None if deadlines is None and sim.changes.size == 0 else sim.changes
    last_s = float(run(calls, sim, memory, float(until_s), changes, deadlines))
    kept = memory if is_counted else None
    outcome = _outcome(calls, sim, kept, last_s if until_s == np.inf else until_s)
    require_lawful(outcome, pools, _counted(calls, sim, kept, last_s, outcome.horizon_s))
    return outcome


def _counted(calls: Calls, sim: SimState, memory: Memory | None, last_s: float, horizon_s: float) -> Counted:
    """What the loop counted as it went, up to the horizon."""
    clock = sim.clock[0]
    in_system_s = clock["in_system_s"] + clock["in_system"] * (horizon_s - last_s)
    comes_again = calls.joined_s is not calls.arrival_s
    kept = None
    if memory is not None:
        held = memory.replicas["capacity"] - memory.replicas["free"] - memory.replicas["idle"]
        kept = KeptMemory(memory.replicas["fewest_free"], held, sim.replicas["in_progress"])
    return Counted(float(in_system_s), sim.replicas["most_in_progress"], comes_again, kept)


def _outcome(calls: Calls, sim: SimState, memory: Memory | None, horizon_s: float) -> Outcome:
    """What the arrays say once the last event has passed; marks that only the loop needs are taken out."""
    status, replicas = calls.status, sim.replicas
    calls.arrival_s[status == NEVER_ARRIVED] = np.nan
    if calls.joined_s is calls.end_s:
        calls.end_s[status != SERVED] = np.nan
    status[status == DEMOTED] = IN_FLIGHT
    came_again = bool((calls.attempts > 1).any())
    at_work_s = np.where(replicas["phase"] != IDLE, horizon_s - replicas["busy_from_s"], 0.0)
    still_paid_s = np.where(replicas["is_paid"], horizon_s - replicas["paid_from_s"], 0.0)
    return Outcome(
        arrival_s=calls.arrival_s,
        begin_s=calls.begin_s,
        first_token_s=calls.first_token_s,
        end_s=calls.end_s,
        replica=calls.replica,
        status=status,
        busy_s=replicas["busy_s"] + at_work_s,
        horizon_s=horizon_s,
        attempts=calls.attempts,
        pool=calls.pool.astype(np.int64) if came_again else calls.own_pool,
        paid_s=replicas["paid_s"] + still_paid_s,
        spared_tokens=calls.spared_tokens if calls.spared_tokens.size else None,
        preemptions=None if memory is None else memory.replicas["preemptions"].copy(),
        fell_back=calls.fell_back if calls.fell_back.size else None,
    )


def _as_compiled(workload: Workload) -> Workload:
    """The same calls in arrays of the types that the loop was compiled for; no copy where they are so."""

    def floats(values: Floats) -> Floats:
        return np.require(values, np.float64, ["C", "W"])

    def ints(values: Ints) -> Ints:
        return np.require(values, np.int64, ["C", "W"])

    return Workload(
        arrival_s=floats(workload.arrival_s),
        after=ints(workload.after),
        think_s=floats(workload.think_s),
        uncached_tokens=ints(workload.uncached_tokens),
        decode_steps=ints(workload.decode_steps),
        lane=ints(workload.lane),
        replica=ints(workload.replica),
        prefix=None if workload.prefix is None else ints(workload.prefix),
        prefix_tokens=None if workload.prefix_tokens is None else ints(workload.prefix_tokens),
        prefix_tree=workload.prefix_tree,
        prompt_tokens=None if workload.prompt_tokens is None else ints(workload.prompt_tokens),
        cached_tokens=None if workload.cached_tokens is None else ints(workload.cached_tokens),
    )
