"""Continuous batching: what does a replica do from one step boundary to the next that matters?

Compiled parts of the event loop. While the set of decoding sequences stays the same, steps are equally
long, or each is longer than the one before by the same, so the time of the next completion, of the boundary at which
a new call can be let in, or at which KV memory runs out, is known without passing the steps between.
"""

from __future__ import annotations

from math import sqrt

import numpy as np

from costctl.compiled import inlined_part
from costctl.simulate.heaps import heap_pop, heap_push, schedule
from costctl.simulate.kv_memory import (
    come_back,
    context_at_end,
    end_decoding,
    fits,
    give_back,
    make_room,
    pass_steps,
    start_decoding,
    steps_until_full,
    take_blocks,
)
from costctl.simulate.queues import dequeue, wait_on
from costctl.simulate.replay_state import (
    BEGUN,
    IDLE,
    MIXED,
    PREFILLING,
    STEPPING,
    Calls,
    Memory,
    SimState,
)
from costctl.simulate.service import begin_call, end_call, let_go
from costctl.simulate.turns import next_to_serve


@inlined_part
def pass_boundary(calls: Calls, sim: SimState, memory: Memory | None, r: int, now: float) -> None:
    """The replica's work up to this boundary ends, and its next begins."""
    let_go(sim, r)
    _end_steps(calls, sim, memory, r, now)
    _end_prefills(calls, sim, memory, r, now)
    if memory is not None:
        make_room(calls, sim, memory, r)
    _start_work(calls, sim, memory, r, now)


@inlined_part
def come_to_next_boundary(sim: SimState, memory: Memory | None, r: int, now: float) -> None:
    """Bring the next event of a replica that passes steps forward to the first boundary at or after now."""
    replica = sim.replicas[r]
    growth_s = growth_of_steps_s(memory, r)
    passed = steps_until(replica.anchor_s, replica.step_s, growth_s, now)
    replica.steps_at_event = replica.steps + passed
    schedule(sim, r, replica.anchor_s + steps_s(passed, replica.step_s, growth_s))


@inlined_part
def growth_of_steps_s(memory: Memory | None, r: int) -> float | None:
    """By how much each decode step is longer than the one before; None where memory is not counted."""
    if memory is None:
        return None
    return float(memory.replicas[r].growth_s)


@inlined_part
def steps_s(steps: int, step_s: float, growth_s: float | None) -> float:
    """How long as many decode steps take, the first of them step_s."""
    if growth_s is None:
        return steps * step_s
    return steps * step_s + growth_s * (steps * (steps - 1) // 2)


@inlined_part
def steps_until(anchor_s: float, step_s: float, growth_s: float | None, now: float) -> int:
    """The least k with which k steps from the anchor end at or after now, exact in the arithmetic that places
    boundaries.
    """
    if step_s <= 0.0:
        return 0
    passed = _about_steps_until(now - anchor_s, step_s, growth_s)
    while anchor_s + steps_s(passed, step_s, growth_s) < now:
        passed += 1
    while passed > 0 and anchor_s + steps_s(passed - 1, step_s, growth_s) >= now:
        passed -= 1
    return passed


@inlined_part
def _about_steps_until(length_s: float, step_s: float, growth_s: float | None) -> int:
    """The root of steps_s(k) = length."""
    if growth_s is None:
        return int(length_s / step_s)
    first_s = step_s - growth_s / 2.0
    return int(2.0 * length_s / (first_s + sqrt(first_s * first_s + 2.0 * growth_s * length_s)))


@inlined_part
def _end_steps(calls: Calls, sim: SimState, memory: Memory | None, r: int, now: float) -> None:
    """Calls whose last decode step has passed end."""
    replica = sim.replicas[r]
    if replica.phase != STEPPING and replica.phase != MIXED:
        return
    if memory is not None:
        pass_steps(sim, memory, r, replica.steps_at_event - replica.steps)
    replica.steps = replica.steps_at_event
    decoding = sim.completions[replica.completions_from :]
    while replica.decoding > 0 and calls.progress[decoding[0]] <= replica.steps:
        call = int(decoding[0])
        replica.decoding -= 1
        heap_pop(decoding, replica.decoding, calls.progress)
        if memory is not None:
            end_decoding(calls, sim, memory, r, call)
        end_call(calls, sim, call, now)


@inlined_part
def _end_prefills(calls: Calls, sim: SimState, memory: Memory | None, r: int, now: float) -> None:
    """Calls whose last prompt token has been read give their first token, and decode from here on."""
    replica = sim.replicas[r]
    decoding = sim.completions[replica.completions_from :]
    while sim.queues[r, BEGUN].first >= 0 and calls.progress[sim.queues[r, BEGUN].first] == 0:
        call = dequeue(calls, sim, r, BEGUN)
        steps = calls.decode_steps[call]
        if memory is None or memory.generated[call] == 0:
            calls.first_token_s[call] = now
        if memory is not None:
            steps -= memory.generated[call]
            memory.generated[call] += 1
        if steps == 0:
            if memory is not None:
                give_back(calls, sim, memory, r, call, context_at_end(calls, memory, call))
            end_call(calls, sim, call, now)
        else:
            calls.progress[call] = replica.steps + steps
            heap_push(decoding, replica.decoding, calls.progress, call)
            replica.decoding += 1
            if memory is not None:
                start_decoding(calls, memory, r, call)


@inlined_part
def _start_work(calls: Calls, sim: SimState, memory: Memory | None, r: int, now: float) -> None:
    """At a boundary: prefill first, then decode steps, else idle."""
    replica = sim.replicas[r]
    station = sim.stations[replica.pool]
    if replica.phase == IDLE:
        replica.busy_from_s = now
    tokens = _admit_to_prefill(calls, sim, memory, r, now)
    has_prefill = sim.queues[r, BEGUN].first >= 0
    step_s = station.alpha_s + station.beta_s * replica.decoding
    if memory is not None:
        step_s += station.kappa_s * memory.replicas[r].context
        memory.replicas[r].growth_s = station.kappa_s * replica.decoding
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
        steps = int(calls.progress[sim.completions[replica.completions_from]]) - replica.steps
        if memory is not None:
            steps = steps_until_full(sim, memory, r, steps)
        replica.steps_at_event = replica.steps + steps
        schedule(sim, r, now + steps_s(steps, step_s, growth_of_steps_s(memory, r)))
    else:
        replica.phase = IDLE
        replica.busy_s += now - replica.busy_from_s
        schedule(sim, r, np.inf)


@inlined_part
def _admit_to_prefill(calls: Calls, sim: SimState, memory: Memory | None, r: int, now: float) -> int:
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
    while carried < room:
        tokens = _begin_next(calls, sim, memory, r, now)
        if tokens < 0:
            break
        call = int(sim.queues[r, BEGUN].last)
        if station.is_prefill_stalling:
            calls.progress[call] = 0
            return tokens
        taken = min(tokens, room - carried)
        calls.progress[call] = tokens - taken
        carried += taken
    return carried


@inlined_part
def _begin_next(calls: Calls, sim: SimState, memory: Memory | None, r: int, now: float) -> int:
    """The call whose turn it is begins, as the last of those in prefill; the tokens that it has to prefill, -1 where
    none begins. One that was pre-empted comes first. Where one does not fit, none after it is looked at.
    """
    replica = sim.replicas[r]
    if memory is not None and memory.replicas[r].paused >= 0:
        return come_back(calls, sim, memory, r)
    if replica.waiting == 0 or replica.in_progress >= sim.stations[replica.pool].max_num_seqs:
        return -1
    call = next_to_serve(calls, sim, r, now)
    if call < 0:
        return -1
    if memory is not None and not fits(calls, sim, memory, r, call):
        wait_on(calls, sim, r, call)
        return -1
    tokens = begin_call(calls, sim, r, call, now)
    if memory is not None:
        tokens -= take_blocks(calls, sim, memory, r, call, 0)
    return tokens
