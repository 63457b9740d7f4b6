"""A call begins, ends, or leaves before its end, whatever the discipline. Compiled parts of the event loop."""

from __future__ import annotations

from costctl.compiled import inlined_part
from costctl.simulate.heaps import will_arrive
from costctl.simulate.prefix_cache import tokens_to_prefill
from costctl.simulate.queues import enqueue, leave_system
from costctl.simulate.replay_state import BEGUN, SERVED, Calls, SimState
from costctl.simulate.turns import count_work


@inlined_part
def begin_call(calls: Calls, sim: SimState, r: int, call: int, now: float) -> int:
    """The call is put behind those in prefill or in the batch; the tokens that it has to prefill."""
    replica = sim.replicas[r]
    calls.begin_s[call] = now
    replica.in_progress += 1
    replica.most_in_progress = max(replica.most_in_progress, replica.in_progress)
    enqueue(calls, sim, r, BEGUN, call)
    if sim.stations[replica.pool].is_shared:
        count_work(calls, sim, r, call)
    return tokens_to_prefill(calls, sim, r, call)


@inlined_part
def end_call(calls: Calls, sim: SimState, call: int, now: float) -> None:
    """The call is served; its followers will arrive when their think time has passed."""
    calls.end_s[call] = now
    calls.status[call] = SERVED
    sim.replicas[calls.replica[call]].in_progress -= 1
    leave_system(calls, sim, call)
    if calls.first_follower.size == 0:
        return
    follower = calls.first_follower[call]
    while follower >= 0:
        will_arrive(calls, sim, follower, now + calls.think_s[follower])
        follower = calls.next_follower[follower]


@inlined_part
def let_go(sim: SimState, r: int) -> None:
    """At a boundary, the calls that were broken off before it give back their places."""
    replica = sim.replicas[r]
    replica.in_progress -= replica.leaving
    replica.leaving = 0
