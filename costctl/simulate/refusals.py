"""What becomes of a call that is refused, has waited too long, or has lost its replica?

It waits on in another lane, arrives at another pool, comes again later, or leaves. Compiled parts of the
event loop.
"""

from __future__ import annotations

from costctl.compiled import part
from costctl.simulate.heaps import will_arrive
from costctl.simulate.queues import is_full, wait_in_queue
from costctl.simulate.replay_state import (
    DEMOTE,
    DEMOTED,
    EXPIRED,
    IN_FLIGHT,
    REDIRECT,
    REJECTED,
    Calls,
    SimState,
)


@part
def refuse(calls: Calls, sim: SimState, call: int, lane: int, now: float) -> None:
    """The call finds no room in the lane: it is redirected once, or gives up."""
    rules = sim.lanes[calls.pool[call], lane]
    if rules.on_refusal == REDIRECT and calls.pool[call] == calls.own_pool[call]:
        _redirect(calls, sim, call, rules.redirect_to, now)
    else:
        give_up(calls, sim, call, REJECTED, now)


@part
def expire(calls: Calls, sim: SimState, r: int, call: int, lane: int, now: float) -> None:
    """The call has left its queue after waiting too long: demoted, redirected once, or it gives up."""
    sim.clock[0].in_system -= 1
    pool = int(calls.pool[call])
    rules = sim.lanes[pool, lane]
    if rules.on_expiry == REDIRECT and pool == calls.own_pool[call]:
        _redirect(calls, sim, call, rules.redirect_to, now)
        return
    if (
        rules.on_expiry == DEMOTE
        and calls.status[call] != DEMOTED
        and not is_full(sim, r, pool, rules.demote_to)
    ):
        calls.status[call] = DEMOTED
        calls.joined_s[call] = now
        wait_in_queue(calls, sim, r, rules.demote_to, call)
        return
    give_up(calls, sim, call, EXPIRED, now)


@part
def give_up(calls: Calls, sim: SimState, call: int, status: int, now: float) -> None:
    """The call comes again after a back-off while its own lane has retries left, else leaves with the status."""
    pool = int(calls.pool[call])
    rules = sim.lanes[pool, calls.lane[call]]
    retried = calls.attempts[call] - 1 - (pool != calls.own_pool[call])
    if retried >= rules.retries:
        calls.status[call] = status
        return
    backoff_s = rules.backoff_s
    for _ in range(retried):
        backoff_s *= rules.backoff_factor
    calls.status[call] = IN_FLIGHT
    will_arrive(calls, sim, call, now + backoff_s)


@part
def _redirect(calls: Calls, sim: SimState, call: int, pool: int, now: float) -> None:
    calls.pool[call] = pool
    calls.status[call] = IN_FLIGHT
    will_arrive(calls, sim, call, now)
