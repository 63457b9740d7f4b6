"""When does each call begin, get its first token and end? The compiled loop behind every replay.

`run` takes the arrays of replay_state and fills them in. It jumps from event to event: while the set of
decoding sequences stays the same, steps are equally long, so the time of the next completion, or of the
boundary at which a new call can be let in, is known without passing the steps between. Each event costs
O(log calls in progress + log replicas).

At one instant arrivals come before events of replicas, arrivals by index of the call, replicas by index.
All compiled functions live in this file because numba's cache watches the file of `run` alone.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from costctl.compiled import compiled, part
from costctl.simulate.replay_state import DISPATCH_CODE, Calls, Floor
from costctl.simulate.workload import CallStatus, Floats, Ints

SERVED: Final = int(CallStatus.SERVED)
REJECTED: Final = int(CallStatus.REJECTED)
EXPIRED: Final = int(CallStatus.EXPIRED)
RECORDED: Final = DISPATCH_CODE["recorded"]
ROUND_ROBIN: Final = DISPATCH_CODE["round_robin"]

# What a replica is doing.
IDLE: Final = 0  # nothing in progress; calls may wait for a batch window
PREFILLING: Final = 1  # one call's prefill, no decode step passes
STEPPING: Final = 2  # decode steps of equal length, counted from the anchor
MIXED: Final = 3  # one step that carries prefill tokens
BATCH: Final = 4  # a static batch


@compiled
def run(calls: Calls, floor: Floor) -> float:
    """Replay all calls; the arrays of both arguments are filled in. Returns the last event, in seconds."""
    now = 0.0
    plain = _next_plain(calls.after, 0)
    while True:
        call = _next_arrival(calls, floor, plain)
        replica = floor.winner[1]
        event_s = floor.event_s[replica]
        if call >= 0 and calls.arrival_s[call] <= event_s:
            now = calls.arrival_s[call]
            if call == plain:
                plain = _next_plain(calls.after, plain + 1)
            else:
                floor.released_count[0] -= 1
                _heap_pop(floor.released, floor.released_count[0], calls.arrival_s)
            _arrive(calls, floor, call, now)
        elif event_s < np.inf:
            now = event_s
            _pass_event(calls, floor, replica, now)
        else:
            return now


@part
def _next_plain(after: Ints, start: int) -> int:
    """The next call from start on that follows no other, or the number of calls."""
    call = start
    while call < after.size and after[call] >= 0:
        call += 1
    return call


@part
def _next_arrival(calls: Calls, floor: Floor, plain: int) -> int:
    """The call that arrives next, or -1: the earlier of the next plain call and the next one released."""
    has_plain = plain < calls.after.size
    if floor.released_count[0] == 0:
        return plain if has_plain else -1
    released = int(floor.released[0])
    return plain if has_plain and _is_before(calls.arrival_s, plain, released) else released


@part
def _arrive(calls: Calls, floor: Floor, call: int, now: float) -> None:
    """Send the call to a replica; there it is turned away, or joins its line."""
    pool, lane = calls.pool[call], calls.lane[call]
    r = _replica_for(calls, floor, call)
    replica = floor.replicas[r]
    calls.replica[call] = r
    limit = floor.queue_limit[pool, lane]
    if replica.in_progress == 0:
        limit += limit >= 0  # one of those in line begins at once, so it does not wait
    if 0 <= limit <= floor.waiting_in_lane[r, lane]:
        calls.status[call] = REJECTED
        return
    level = floor.level[pool, lane]
    _join_line(calls, floor, r, level, call)
    floor.waiting_in_lane[r, lane] += 1
    replica.waiting += 1
    _notice_arrival(calls, floor, r, now)


@part
def _replica_for(calls: Calls, floor: Floor, call: int) -> int:
    """By the pool's dispatch; a recorded replica that the pool no longer has: least outstanding."""
    station = floor.stations[calls.pool[call]]
    first, count = station.first_replica, station.replicas
    recorded = calls.recorded[call]
    if station.dispatch == RECORDED and first <= recorded < first + count:
        return int(recorded)
    if station.dispatch == ROUND_ROBIN:
        station.in_turn += 1
        return int(first + (station.in_turn - 1) % count)
    chosen, fewest = int(first), calls.after.size + 1
    for r in range(first, first + count):
        outstanding = floor.replicas[r].waiting + floor.replicas[r].in_progress
        if outstanding < fewest:
            chosen, fewest = r, outstanding
    return chosen


@part
def _notice_arrival(calls: Calls, floor: Floor, r: int, now: float) -> None:
    """Bring the replica's next event forward where the new call in line can be let in earlier."""
    replica = floor.replicas[r]
    station = floor.stations[replica.pool]
    if replica.phase == IDLE:
        due_s = _batch_due_s(calls, floor, r, now) if station.is_static else now
        _schedule(floor, r, due_s)
    elif replica.phase == STEPPING and replica.waiting == 1 and replica.in_progress < station.max_num_seqs:
        passed = _steps_until(replica.anchor_s, replica.step_s, now)
        replica.steps_at_event = replica.steps + passed
        _schedule(floor, r, replica.anchor_s + passed * replica.step_s)


@part
def _steps_until(anchor_s: float, step_s: float, now: float) -> int:
    """The least k with anchor + k·step >= now, exact in the arithmetic that places boundaries."""
    if step_s <= 0.0:
        return 0
    passed = int((now - anchor_s) / step_s)
    while anchor_s + passed * step_s < now:
        passed += 1
    while passed > 0 and anchor_s + (passed - 1) * step_s >= now:
        passed -= 1
    return passed


@part
def _pass_event(calls: Calls, floor: Floor, r: int, now: float) -> None:
    if floor.stations[floor.replicas[r].pool].is_static:
        _end_batch(calls, floor, r, now)
        _start_batch(calls, floor, r, now)
    else:
        _end_steps(calls, floor, r, now)
        _end_prefills(calls, floor, r, now)
        _start_work(calls, floor, r, now)


@part
def _end_steps(calls: Calls, floor: Floor, r: int, now: float) -> None:
    """Calls whose last decode step has passed end."""
    replica = floor.replicas[r]
    if replica.phase != STEPPING and replica.phase != MIXED:
        return
    replica.steps = replica.steps_at_event
    decoding = floor.completions[replica.completions_from :]
    while replica.decoding > 0 and calls.last_step[decoding[0]] <= replica.steps:
        call = decoding[0]
        replica.decoding -= 1
        _heap_pop(decoding, replica.decoding, calls.last_step)
        _end_call(calls, floor, call, now)


@part
def _end_prefills(calls: Calls, floor: Floor, r: int, now: float) -> None:
    """Calls whose last prompt token has been read give their first token, and decode from here on."""
    replica = floor.replicas[r]
    decoding = floor.completions[replica.completions_from :]
    while floor.line_first[r, -1] >= 0 and calls.tokens_left[floor.line_first[r, -1]] == 0:
        call = _leave_line(calls, floor, r, -1)
        calls.first_token_s[call] = now
        if calls.decode_steps[call] == 0:
            _end_call(calls, floor, call, now)
        else:
            calls.last_step[call] = replica.steps + calls.decode_steps[call]
            _heap_push(decoding, replica.decoding, calls.last_step, call)
            replica.decoding += 1


@part
def _start_work(calls: Calls, floor: Floor, r: int, now: float) -> None:
    """At a boundary: prefill first, then decode steps, else idle."""
    replica = floor.replicas[r]
    station = floor.stations[replica.pool]
    if replica.phase == IDLE:
        replica.busy_from_s = now
    tokens = _admit_to_prefill(calls, floor, r, now)
    has_prefill = floor.line_first[r, -1] >= 0
    step_s = station.alpha_s + station.beta_s * replica.decoding
    if has_prefill and station.is_prefill_stalling:
        replica.phase = PREFILLING
        _schedule(floor, r, now + station.gamma_s * tokens)
    elif has_prefill:
        replica.phase = MIXED
        replica.steps_at_event = replica.steps + 1
        _schedule(floor, r, now + (step_s + station.gamma_s * tokens))
    elif replica.decoding > 0:
        replica.phase = STEPPING
        replica.anchor_s, replica.step_s = now, step_s
        replica.steps_at_event = int(calls.last_step[floor.completions[replica.completions_from]])
        _schedule(floor, r, now + (replica.steps_at_event - replica.steps) * step_s)
    else:
        replica.phase = IDLE
        replica.busy_s += now - replica.busy_from_s
        _schedule(floor, r, np.inf)


@part
def _admit_to_prefill(calls: Calls, floor: Floor, r: int, now: float) -> int:
    """Prompt tokens that the work from this boundary carries.

    Stalling: all of one call. Otherwise a step has room for max_batched_tokens less one for each decoding
    sequence, and for at least one: calls in prefill come first, then calls in line while there is room.
    """
    replica = floor.replicas[r]
    station = floor.stations[replica.pool]
    room = max(station.max_batched_tokens - replica.decoding, 1)
    carried = 0
    call = floor.line_first[r, -1]
    while call >= 0 and carried < room:
        taken = min(calls.tokens_left[call], room - carried)
        calls.tokens_left[call] -= taken
        carried += taken
        call = calls.next_in_line[call]
    while replica.waiting > 0 and replica.in_progress < station.max_num_seqs and carried < room:
        call = _next_to_serve(calls, floor, r, now)
        if call < 0:
            break
        _begin_call(calls, floor, r, call, now)
        if station.is_prefill_stalling:
            calls.tokens_left[call] = 0
            return int(calls.tokens[call])
        taken = min(calls.tokens[call], room - carried)
        calls.tokens_left[call] = calls.tokens[call] - taken
        carried += taken
    return carried


@part
def _end_batch(calls: Calls, floor: Floor, r: int, now: float) -> None:
    replica = floor.replicas[r]
    if replica.phase != BATCH:
        return
    while floor.line_first[r, -1] >= 0:
        call = _leave_line(calls, floor, r, -1)
        calls.first_token_s[call] = now
        _end_call(calls, floor, call, now)
    replica.phase = IDLE
    replica.busy_s += now - replica.busy_from_s


@part
def _start_batch(calls: Calls, floor: Floor, r: int, now: float) -> None:
    """Serve up to max_num_seqs calls in line together, or wait for the window of the oldest to close."""
    replica = floor.replicas[r]
    station = floor.stations[replica.pool]
    due_s = _batch_due_s(calls, floor, r, now)
    if due_s > now:
        _schedule(floor, r, due_s)
        return
    tokens = 0
    while replica.in_progress < station.max_num_seqs:
        call = _next_to_serve(calls, floor, r, now)
        if call < 0:
            break
        tokens += calls.tokens[call]
        _begin_call(calls, floor, r, call, now)
    if replica.in_progress == 0:
        _schedule(floor, r, np.inf)
        return
    replica.phase = BATCH
    replica.busy_from_s = now
    service_s = station.alpha_s + station.beta_s * replica.in_progress + station.gamma_s * tokens
    _schedule(floor, r, now + service_s)


@part
def _batch_due_s(calls: Calls, floor: Floor, r: int, now: float) -> float:
    """When an idle replica starts its next batch: now if it is full, else when the oldest's window closes."""
    replica = floor.replicas[r]
    station = floor.stations[replica.pool]
    if replica.waiting == 0:
        return np.inf
    if replica.waiting >= station.max_num_seqs:
        return now
    oldest_s = np.inf
    for level in range(floor.line_first.shape[1] - 1):
        call = floor.line_first[r, level]
        if call >= 0:
            oldest_s = min(oldest_s, calls.arrival_s[call])
    return float(max(now, oldest_s + station.batch_window_s))


@part
def _begin_call(calls: Calls, floor: Floor, r: int, call: int, now: float) -> None:
    """The call leaves the queue and is put behind those in prefill or in the batch."""
    calls.begin_s[call] = now
    floor.replicas[r].in_progress += 1
    _join_line(calls, floor, r, -1, call)


@part
def _end_call(calls: Calls, floor: Floor, call: int, now: float) -> None:
    """The call is served; its followers will arrive when their think time has passed."""
    calls.end_s[call] = now
    calls.status[call] = SERVED
    floor.replicas[calls.replica[call]].in_progress -= 1
    follower = calls.first_follower[call]
    while follower >= 0:
        calls.arrival_s[follower] = now + calls.think_s[follower]
        _heap_push(floor.released, floor.released_count[0], calls.arrival_s, follower)
        floor.released_count[0] += 1
        follower = calls.next_follower[follower]


@part
def _next_to_serve(calls: Calls, floor: Floor, r: int, now: float) -> int:
    """Take the first call in line, by level, then arrival; drop those that waited too long; -1: none."""
    replica = floor.replicas[r]
    for level in range(floor.line_first.shape[1] - 1):
        while floor.line_first[r, level] >= 0:
            call = _leave_line(calls, floor, r, level)
            lane = calls.lane[call]
            floor.waiting_in_lane[r, lane] -= 1
            replica.waiting -= 1
            if now - calls.arrival_s[call] <= floor.time_to_live_s[replica.pool, lane]:
                return call
            calls.status[call] = EXPIRED
    return -1


@part
def _join_line(calls: Calls, floor: Floor, r: int, line: int, call: int) -> None:
    calls.next_in_line[call] = -1
    if floor.line_first[r, line] < 0:
        floor.line_first[r, line] = call
    else:
        calls.next_in_line[floor.line_last[r, line]] = call
    floor.line_last[r, line] = call


@part
def _leave_line(calls: Calls, floor: Floor, r: int, line: int) -> int:
    """Take the first call of a line that has one."""
    call = int(floor.line_first[r, line])
    floor.line_first[r, line] = calls.next_in_line[call]
    return call


@part
def _is_before(key: Floats, call: int, other: int) -> bool:
    return key[call] < key[other] or (key[call] == key[other] and call < other)


@part
def _heap_push(heap: Ints, size: int, key: Floats, call: int) -> None:
    """Add a call to a heap of ``size`` calls, least (key, call) on top."""
    slot = size
    while slot > 0 and _is_before(key, call, heap[(slot - 1) >> 1]):
        heap[slot] = heap[(slot - 1) >> 1]
        slot = (slot - 1) >> 1
    heap[slot] = call


@part
def _heap_pop(heap: Ints, size: int, key: Floats) -> None:
    """Remove the top of a heap; ``size`` calls are left."""
    call = heap[size]
    slot, child = 0, 1
    while child < size:
        if child + 1 < size and _is_before(key, heap[child + 1], heap[child]):
            child += 1
        if _is_before(key, call, heap[child]):
            break
        heap[slot] = heap[child]
        slot, child = child, 2 * child + 1
    heap[slot] = call


@part
def _schedule(floor: Floor, r: int, at_s: float) -> None:
    """Set the replica's next event and play its matches of the tournament anew."""
    events, winner = floor.event_s, floor.winner
    events[r] = at_s
    node = (events.size + r) >> 1
    while node >= 1:
        left, right = winner[2 * node], winner[2 * node + 1]
        winner[node] = left if events[left] <= events[right] else right
        node >>= 1
