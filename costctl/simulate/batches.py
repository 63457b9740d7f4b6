"""Static batches: when does a replica start its next batch, and whom does it take? Compiled parts."""

from __future__ import annotations

import numpy as np

from costctl.compiled import inlined_part
from costctl.simulate.heaps import schedule
from costctl.simulate.queues import dequeue
from costctl.simulate.replay_state import BATCH, BEGUN, IDLE, Calls, SimState
from costctl.simulate.service import begin_call, end_call, let_go
from costctl.simulate.turns import next_to_serve


@inlined_part
def pass_batch(calls: Calls, sim: SimState, r: int, now: float) -> None:
    """The batch in progress ends, or the window of the next one has closed; the next one begins."""
    let_go(sim, r)
    _end_batch(calls, sim, r, now)
    _start_batch(calls, sim, r, now)


@inlined_part
def _end_batch(calls: Calls, sim: SimState, r: int, now: float) -> None:
    replica = sim.replicas[r]
    if replica.phase != BATCH:
        return
    while sim.queues[r, BEGUN].first >= 0:
        call = dequeue(calls, sim, r, BEGUN)
        calls.first_token_s[call] = now
        end_call(calls, sim, call, now)
    replica.phase = IDLE
    replica.busy_s += now - replica.busy_from_s


@inlined_part
def _start_batch(calls: Calls, sim: SimState, r: int, now: float) -> None:
    """Serve as many waiting calls together as are due, or wait for the window of the oldest to close."""
    replica = sim.replicas[r]
    station = sim.stations[replica.pool]
    due_s = batch_due_s(calls, sim, r, now)
    if due_s > now:
        schedule(sim, r, due_s)
        return
    tokens, size = 0, _batch_size(calls, sim, r, now)
    while replica.in_progress < size:
        call = next_to_serve(calls, sim, r, now)
        if call < 0:
            break
        tokens += begin_call(calls, sim, r, call, now)
    if replica.in_progress == 0:
        schedule(sim, r, np.inf)
        return
    replica.phase = BATCH
    replica.busy_from_s = now
    service_s = station.alpha_s + station.beta_s * replica.in_progress + station.gamma_s * tokens
    schedule(sim, r, now + service_s)


@inlined_part
def batch_due_s(calls: Calls, sim: SimState, r: int, now: float) -> float:
    """When an idle replica starts its next batch: now if a preferred size is full, else when the oldest's window
    closes.
    """
    replica = sim.replicas[r]
    station = sim.stations[replica.pool]
    if replica.waiting == 0:
        return np.inf
    if _preferred_size(sim, r) > 0:
        return now
    return float(max(now, _oldest_s(calls, sim, r) + station.batch_window_s))


@inlined_part
def _batch_size(calls: Calls, sim: SimState, r: int, now: float) -> int:
    """How many calls a batch that starts now takes at most: the largest preferred size that is full, until a window has
    closed; then, and where none is full, all that fit.
    """
    station = sim.stations[sim.replicas[r].pool]
    size = _preferred_size(sim, r)
    window_s = station.batch_window_s
    if size == 0 or (window_s > 0.0 and _oldest_s(calls, sim, r) + window_s <= now):
        return int(station.max_num_seqs)
    return size


@inlined_part
def _preferred_size(sim: SimState, r: int) -> int:
    """The largest preferred size that the waiting calls fill, 0 where they fill none."""
    replica = sim.replicas[r]
    return int(sim.preferred[replica.pool, min(replica.waiting, sim.preferred.shape[1] - 1)])


@inlined_part
def _oldest_s(calls: Calls, sim: SimState, r: int) -> float:
    """When the one that waits longest in each queue joined it, the earliest of them."""
    oldest_s = np.inf
    for number in range(1, sim.queues.shape[1]):
        call = sim.queues[r, number].first
        if call >= 0:
            oldest_s = min(oldest_s, calls.joined_s[call])
    return float(oldest_s)
