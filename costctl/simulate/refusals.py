"""What becomes of a call that is refused, has waited too long, is broken off, or has lost its replica?

It waits on in another lane, goes on to the next pool that takes calls of its lane on this cause, comes again later, or
leaves. Compiled parts of the event loop.
"""

from __future__ import annotations

from costctl.compiled import part
from costctl.simulate.heaps import will_arrive
from costctl.simulate.queues import is_full, leave_system, wait_in_queue
from costctl.simulate.replay_state import DEMOTE, DEMOTED, EXPIRED, IN_FLIGHT, OVERLOAD, Calls, SimState


@part
def expire(calls: Calls, sim: SimState, r: int, call: int, lane: int, now: float) -> None:
    """The call has left its queue after waiting too long: it is demoted, or gives up."""
    leave_system(calls, sim, call)
    pool = int(calls.pool[call])
    rules = sim.lanes[pool, lane]
    if (
        rules.on_expiry == DEMOTE
        and calls.status[call] != DEMOTED
        and not is_full(sim, r, pool, rules.demote_to)
    ):
        calls.status[call] = DEMOTED
        calls.joined_s[call] = now
        wait_in_queue(calls, sim, r, rules.demote_to, call)
        return
    give_up(calls, sim, call, EXPIRED, OVERLOAD, now)


@part
def give_up(calls: Calls, sim: SimState, call: int, status: int, cause: int, now: float) -> None:
    """The call goes on to its next fallback on this cause; else it comes again after a back-off while its own lane has
    retries left; else it leaves with the status.
    """
    further = _next_fallback(calls, sim, call, cause)
    if further >= 0:
        calls.fell_back[call] += 1
        calls.pool[call] = further
        calls.status[call] = IN_FLIGHT
        will_arrive(calls, sim, call, now)
        return
    rules = sim.lanes[calls.pool[call], calls.lane[call]]
    retried = calls.attempts[call] - 1
    if calls.fell_back.size > 0:
        retried -= calls.fell_back[call]
    if retried >= rules.retries:
        calls.status[call] = status
        return
    backoff_s = rules.backoff_s
    for _ in range(retried):
        backoff_s *= rules.backoff_factor
    calls.status[call] = IN_FLIGHT
    will_arrive(calls, sim, call, now + backoff_s)


@part
def _next_fallback(calls: Calls, sim: SimState, call: int, cause: int) -> int:
    """Of the pools after the one where the call is, the first that takes calls of its lane on this cause; -1: none."""
    own = int(calls.own_pool[call])
    fallbacks = sim.fallbacks[own, calls.lane[call]]
    is_after = calls.pool[call] == own
    for place in range(fallbacks.size):
        each = fallbacks[place]
        if is_after and each.on & cause:
            return int(each.pool)
        is_after = is_after or each.pool == calls.pool[call]
    return -1
