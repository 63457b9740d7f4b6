"""What becomes of a call that is refused, has waited too long, or has lost its replica?

It waits on in another lane, arrives at another pool, comes again later, or leaves. Compiled parts of the
event loop.
"""

from __future__ import annotations

from costctl.compiled import part
from costctl.simulate.heaps import will_arrive
from costctl.simulate.queues import is_full, wait_in_line
from costctl.simulate.replay_state import (
    DEMOTE,
    DEMOTED,
    EXPIRED,
    IN_FLIGHT,
    REDIRECT,
    REJECTED,
    Calls,
    Floor,
)


@part
def refuse(calls: Calls, floor: Floor, call: int, lane: int, now: float) -> None:
    """The call finds no room in the lane: it is redirected once, or gives up."""
    rules = floor.lanes[calls.pool[call], lane]
    if rules.on_refusal == REDIRECT and calls.pool[call] == calls.own_pool[call]:
        _redirect(calls, floor, call, rules.redirect_to, now)
    else:
        give_up(calls, floor, call, REJECTED, now)


@part
def expire(calls: Calls, floor: Floor, r: int, call: int, lane: int, now: float) -> None:
    """The call has left its line, for it waited too long: demoted, redirected once, or it gives up."""
    floor.clock[0].in_system -= 1
    pool = int(calls.pool[call])
    rules = floor.lanes[pool, lane]
    if rules.on_expiry == REDIRECT and pool == calls.own_pool[call]:
        _redirect(calls, floor, call, rules.redirect_to, now)
        return
    if (
        rules.on_expiry == DEMOTE
        and calls.status[call] != DEMOTED
        and not is_full(floor, r, pool, rules.demote_to)
    ):
        calls.status[call] = DEMOTED
        calls.joined_s[call] = now
        wait_in_line(calls, floor, r, rules.demote_to, call)
        return
    give_up(calls, floor, call, EXPIRED, now)


@part
def give_up(calls: Calls, floor: Floor, call: int, status: int, now: float) -> None:
    """The call comes again after a back-off while its own lane has retries left, else leaves with the status."""
    pool = int(calls.pool[call])
    rules = floor.lanes[pool, calls.lane[call]]
    retried = calls.attempts[call] - 1 - (pool != calls.own_pool[call])
    if retried >= rules.retries:
        calls.status[call] = status
        return
    backoff_s = rules.backoff_s
    for _ in range(retried):
        backoff_s *= rules.backoff_factor
    calls.status[call] = IN_FLIGHT
    will_arrive(calls, floor, call, now + backoff_s)


@part
def _redirect(calls: Calls, floor: Floor, call: int, pool: int, now: float) -> None:
    calls.pool[call] = pool
    calls.status[call] = IN_FLIGHT
    will_arrive(calls, floor, call, now)
