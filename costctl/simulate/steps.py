"""Continuous batching: what does a replica do from one step boundary to the next that matters?

Compiled parts of the event loop. While the set of decoding sequences stays the same, steps are equally
long, so the time of the next completion, or of the boundary at which a new call can be let in, is known
without passing the steps between.
"""

from __future__ import annotations

import numpy as np

from costctl.compiled import inlined_part
from costctl.simulate.heaps import heap_pop, heap_push, schedule
from costctl.simulate.queues import dequeue
from costctl.simulate.replay_state import BEGUN, IDLE, MIXED, PREFILLING, STEPPING, Calls, SimState
from costctl.simulate.service import begin_call, end_call
from costctl.simulate.turns import next_to_serve


@inlined_part
def pass_boundary(calls: Calls, sim: SimState, r: int, now: float) -> None:
    """The replica's work up to this boundary ends, and its next begins."""
    _end_steps(calls, sim, r, now)
    _end_prefills(calls, sim, r, now)
    _start_work(calls, sim, r, now)


@inlined_part
def steps_until(anchor_s: float, step_s: float, now: float) -> int:
    """The least k with anchor + k·step >= now, exact in the arithmetic that places boundaries."""
    if step_s <= 0.0:
        return 0
    passed = int((now - anchor_s) / step_s)
    while anchor_s + passed * step_s < now:
        passed += 1
    while passed > 0 and anchor_s + (passed - 1) * step_s >= now:
        passed -= 1
    return passed


@inlined_part
def _end_steps(calls: Calls, sim: SimState, r: int, now: float) -> None:
    """Calls whose last decode step has passed end."""
    replica = sim.replicas[r]
    if replica.phase != STEPPING and replica.phase != MIXED:
        return
    replica.steps = replica.steps_at_event
    decoding = sim.completions[replica.completions_from :]
    while replica.decoding > 0 and calls.progress[decoding[0]] <= replica.steps:
        call = int(decoding[0])
        replica.decoding -= 1
        heap_pop(decoding, replica.decoding, calls.progress)
        end_call(calls, sim, call, now)


@inlined_part
def _end_prefills(calls: Calls, sim: SimState, r: int, now: float) -> None:
    """Calls whose last prompt token has been read give their first token, and decode from here on."""
    replica = sim.replicas[r]
    decoding = sim.completions[replica.completions_from :]
    while sim.queues[r, BEGUN].first >= 0 and calls.progress[sim.queues[r, BEGUN].first] == 0:
        call = dequeue(calls, sim, r, BEGUN)
        calls.first_token_s[call] = now
        if calls.decode_steps[call] == 0:
            end_call(calls, sim, call, now)
        else:
            calls.progress[call] = replica.steps + calls.decode_steps[call]
            heap_push(decoding, replica.decoding, calls.progress, call)
            replica.decoding += 1


@inlined_part
def _start_work(calls: Calls, sim: SimState, r: int, now: float) -> None:
    """At a boundary: prefill first, then decode steps, else idle."""
    replica = sim.replicas[r]
    station = sim.stations[replica.pool]
    if replica.phase == IDLE:
        replica.busy_from_s = now
    tokens = _admit_to_prefill(calls, sim, r, now)
    has_prefill = sim.queues[r, BEGUN].first >= 0
    step_s = station.alpha_s + station.beta_s * replica.decoding
    if has_prefill and station.is_prefill_stalling:
        replica.phase = PREFILLING
        schedule(sim, r, now + station.gamma_s * tokens)
    elif has_prefill:
        replica.phase = MIXED
        replica.steps_at_event = replica.steps + 1
        schedule(sim, r, now + (step_s + station.gamma_s * tokens))
    elif replica.decoding > 0:
        replica.phase = STEPPING
        replica.anchor_s, replica.step_s = now, step_s
        replica.steps_at_event = int(calls.progress[sim.completions[replica.completions_from]])
        schedule(sim, r, now + (replica.steps_at_event - replica.steps) * step_s)
    else:
        replica.phase = IDLE
        replica.busy_s += now - replica.busy_from_s
        schedule(sim, r, np.inf)


@inlined_part
def _admit_to_prefill(calls: Calls, sim: SimState, r: int, now: float) -> int:
    """Prompt tokens that the work from this boundary carries.

    Stalling: all of one call. Otherwise a step has room for max_batched_tokens less one for each decoding
    sequence, and for at least one: calls in prefill come first, then waiting calls while there is room.
    """
    replica = sim.replicas[r]
    station = sim.stations[replica.pool]
    room = max(station.max_batched_tokens - replica.decoding, 1)
    carried = 0
    call = sim.queues[r, BEGUN].first
    while call >= 0 and carried < room:
        taken = min(calls.progress[call], room - carried)
        calls.progress[call] -= taken
        carried += taken
        call = calls.next_in_queue[call]
    while replica.waiting > 0 and replica.in_progress < station.max_num_seqs and carried < room:
        call = next_to_serve(calls, sim, r, now)
        if call < 0:
            break
        tokens = begin_call(calls, sim, r, call, now)
        if station.is_prefill_stalling:
            calls.progress[call] = 0
            return tokens
        taken = min(tokens, room - carried)
        calls.progress[call] = tokens - taken
        carried += taken
    return carried
