"""How much KV memory does a sequence hold, when does it run out, and who goes then? Compiled parts of the event loop.

A sequence holds the blocks of its context, prompt and generated tokens; whole blocks of a beginning that sequences
share are held once (Kwon et al. 2023, PagedAttention). Of a beginning that nobody uses the blocks are idle: they are
kept until somebody needs them, least recently used out first. Where that is not enough, the sequence that began last
goes.
"""

from __future__ import annotations

from costctl.compiled import inlined_part, part
from costctl.simulate.heaps import heap_remove
from costctl.simulate.prefix_cache import link_newest, unlink
from costctl.simulate.queues import NOT_THERE, cut_out, dequeue, enqueue
from costctl.simulate.replay_state import BEGUN, BLOCK, Calls, Memory, SimState


@inlined_part
def fits_alone(calls: Calls, memory: Memory, r: int, call: int) -> bool:
    """Whether the replica's memory holds the whole context of the call, to its last token."""
    return bool(_blocks(context_at_end(calls, memory, call)) <= memory.replicas[r].capacity)


@part
def fits(calls: Calls, sim: SimState, memory: Memory, r: int, call: int) -> bool:
    """Whether the call can begin, or come back, now: above the watermark unless nothing runs."""
    replica, own = sim.replicas[r], memory.replicas[r]
    room = own.free + own.idle
    if replica.decoding > 0 or sim.queues[r, BEGUN].first >= 0:
        room -= own.watermark
    needed = _blocks(_context_to_read(memory, call))
    shared = _shared_blocks(calls, sim, call)
    if shared > 0:
        prefix = sim.cached[r, calls.prefix[call]]
        held = prefix.tokens // BLOCK
        needed -= min(held, shared)
        if prefix.users == 0:
            room -= min(held, shared)  # what it does not share can go
    return bool(needed <= room)


@part
def take_blocks(calls: Calls, sim: SimState, memory: Memory, r: int, call: int, again: int) -> int:
    """The call takes the blocks that it needs to be read; the tokens of them that it finds there. again: blocks of its
    own that nobody has taken since it was pre-empted, of use where the beginning that it shares is there, too.
    """
    own = memory.replicas[r]
    found, held, shared = 0, 0, _shared_blocks(calls, sim, call)
    if shared > 0:
        number = int(calls.prefix[call])
        prefix = sim.cached[r, number]
        held = prefix.tokens // BLOCK
        found = min(held, shared)
        if prefix.users == 0 and held > 0:
            unlink(sim, r, number)
            own.idle -= held
        prefix.users += 1
        prefix.tokens = BLOCK * max(held, shared)
        sim.last_user[sim.replicas[r].pool, number] = r
    if found < shared:
        again = 0
    needed = _blocks(_context_to_read(memory, call)) - found
    own.free -= needed
    own.taken += needed - again
    while own.free < 0 and own.idle > 0:
        _evict(sim, memory, r)
    if own.free < 0:
        own.free += held - shared
        sim.cached[r, calls.prefix[call]].tokens = BLOCK * shared
    own.fewest_free = min(own.fewest_free, own.free)
    return int(BLOCK * (found + again))


@part
def come_back(calls: Calls, sim: SimState, memory: Memory, r: int) -> int:
    """The pre-empted call whose turn it is begins to be read again, if it fits; the tokens to read, -1 where not."""
    own = memory.replicas[r]
    call = int(own.paused)
    if not fits(calls, sim, memory, r, call):
        return -1
    own.paused = calls.next_in_queue[call]
    enqueue(calls, sim, r, BEGUN, call)
    context = int(memory.prompt[call]) + int(memory.generated[call])
    shared = _shared_blocks(calls, sim, call)
    mine = _blocks(context) - shared
    again = min(mine - max(own.taken - calls.progress[call], 0), (context - 1) // BLOCK - shared)
    if again < 0 or sim.stations[sim.replicas[r].pool].has_prefixes_in_memory == 0:
        again = 0
    found = take_blocks(calls, sim, memory, r, call, again)
    in_trace = (
        context - int(calls.tokens[call]) - int(memory.generated[call])
    )  # of the prompt, and is not read
    return context - max(found, in_trace) if found > BLOCK * shared else context - in_trace - found


@inlined_part
def start_decoding(calls: Calls, memory: Memory, r: int, call: int) -> None:
    """The call joins the decoding sequences, as the one that began last; its progress is set."""
    own = memory.replicas[r]
    memory.earlier[call] = own.last
    if own.last >= 0:
        calls.next_in_queue[own.last] = call
    calls.next_in_queue[call] = -1
    own.last = call
    memory.growing[r, _grows_at(calls, memory, call)] += 1
    own.context += memory.prompt[call] + memory.generated[call]


@inlined_part
def pass_steps(sim: SimState, memory: Memory, r: int, steps: int) -> None:
    """Every decoding sequence grows by as many tokens; the replica counts its steps afterwards."""
    own, replica = memory.replicas[r], sim.replicas[r]
    own.context += steps * replica.decoding
    needed = steps // BLOCK * replica.decoding
    for step in range(replica.steps, replica.steps + steps % BLOCK):
        needed += memory.growing[r, step % BLOCK]
    own.free -= needed
    own.taken += needed


@inlined_part
def steps_until_full(sim: SimState, memory: Memory, r: int, most: int) -> int:
    """The decode step, counted from now, at whose end more blocks are needed than are free; at most ``most``."""
    decoding = sim.replicas[r].decoding
    rounds = memory.replicas[r].free // decoding  # each sequence needs one block in BLOCK steps
    if BLOCK * rounds >= most:
        return most
    left, step = memory.replicas[r].free - rounds * decoding, BLOCK * rounds
    while step < most:
        left -= memory.growing[r, (sim.replicas[r].steps + step) % BLOCK]
        step += 1
        if left < 0:
            break
    return int(step)


@inlined_part
def end_decoding(calls: Calls, sim: SimState, memory: Memory, r: int, call: int) -> None:
    """The call, whose last step has passed, gives back what it held."""
    _leave(calls, memory, r, call)
    context = context_at_end(calls, memory, call)
    memory.replicas[r].context -= context
    memory.replicas[r].taken -= (
        context % BLOCK == 1
    )  # a block that its last token would have needed, had another come
    give_back(calls, sim, memory, r, call, context)


@part
def give_back(calls: Calls, sim: SimState, memory: Memory, r: int, call: int, context: int) -> None:
    """The blocks of a sequence with this context are free, those of a beginning that nobody else uses idle."""
    own = memory.replicas[r]
    shared = _shared_blocks(calls, sim, call)
    own.free += _blocks(context) - shared
    if shared > 0:
        number = int(calls.prefix[call])
        prefix = sim.cached[r, number]
        prefix.users -= 1
        if prefix.users == 0:
            own.idle += prefix.tokens // BLOCK
            link_newest(sim, r, number)


@part
def abort_prefill(calls: Calls, sim: SimState, memory: Memory, r: int, call: int) -> None:
    """The call, which was taken out of those in prefill, gives back what it held."""
    give_back(calls, sim, memory, r, call, _context_to_read(memory, call))


@part
def abort_decoding(calls: Calls, sim: SimState, memory: Memory, r: int, call: int, steps: int) -> None:
    """The call leaves the decoding sequences at the boundary that is so many steps ahead, and gives back what it held.

    The others grow until then; the blocks that it still takes itself come and go, so that only ``taken`` tells.
    """
    replica, own = sim.replicas[r], memory.replicas[r]
    context = context_at_end(calls, memory, call) - (int(calls.progress[call]) - int(replica.steps))
    _leave(calls, memory, r, call)
    replica.decoding -= 1
    heap_remove(sim.completions[replica.completions_from :], replica.decoding, calls.progress, call)
    own.context -= context
    own.taken += _blocks(context + max(steps - 1, 0)) - _blocks(context)
    give_back(calls, sim, memory, r, call, context)


@part
def left_paused(calls: Calls, memory: Memory, r: int, call: int) -> bool:
    """Take a call out of those that were pre-empted, and hold nothing; whether it was one of them."""
    own = memory.replicas[r]
    first, before = cut_out(calls, int(own.paused), call)
    own.paused = first
    return before != NOT_THERE


@inlined_part
def make_room(calls: Calls, sim: SimState, memory: Memory, r: int) -> None:
    """Where decoding sequences need more than there is: beginnings that nobody uses go, then who began last."""
    own = memory.replicas[r]
    while own.free < 0:
        if own.idle > 0:
            _evict(sim, memory, r)
        else:
            _preempt(calls, sim, memory, r)
    own.fewest_free = min(own.fewest_free, own.free)


@part
def clear_memory(sim: SimState, memory: Memory, r: int) -> None:
    """Nothing is in progress on the replica any more; what was in use of beginnings is lost."""
    own, cached = memory.replicas[r], sim.cached[r]
    own.free, own.context, own.last, own.paused = own.capacity - own.idle, 0, -1, -1
    for step in range(BLOCK):
        memory.growing[r, step] = 0
    for prefix in range(cached.size - 1):
        if cached[prefix].users > 0:
            cached[prefix].users, cached[prefix].tokens = 0, 0


@part
def _preempt(calls: Calls, sim: SimState, memory: Memory, r: int) -> None:
    """The sequence that began last comes back before all that wait, to be read with all that it has generated."""
    replica, own = sim.replicas[r], memory.replicas[r]
    if sim.queues[r, BEGUN].first >= 0:  # at a boundary at most one prompt is read in part
        call = dequeue(calls, sim, r, BEGUN)
        context = _context_to_read(memory, call)
        place = own.taken - _blocks(
            context
        )  # as if all its blocks were taken: what was read in part is of no use
    else:
        call = int(own.last)
        _leave(calls, memory, r, call)
        replica.decoding -= 1
        heap_remove(sim.completions[replica.completions_from :], replica.decoding, calls.progress, call)
        memory.generated[call] = 1 + calls.decode_steps[call] - (calls.progress[call] - replica.steps)
        context = int(memory.prompt[call]) + int(memory.generated[call])
        own.context -= context
        place = own.free + own.taken
    calls.progress[call] = place
    give_back(calls, sim, memory, r, call, context)
    calls.next_in_queue[call] = own.paused
    own.paused = call
    own.preemptions += 1


@inlined_part
def _leave(calls: Calls, memory: Memory, r: int, call: int) -> None:
    """The call is no longer among the decoding sequences."""
    earlier, later = memory.earlier[call], calls.next_in_queue[call]
    if later >= 0:
        memory.earlier[later] = earlier
    else:
        memory.replicas[r].last = earlier
    if earlier >= 0:
        calls.next_in_queue[earlier] = later
    memory.growing[r, _grows_at(calls, memory, call)] -= 1


@part
def _evict(sim: SimState, memory: Memory, r: int) -> None:
    """The idle beginning that was used least recently goes."""
    own, cached = memory.replicas[r], sim.cached[r]
    oldest = int(cached[cached.size - 1].newer)
    blocks = cached[oldest].tokens // BLOCK
    own.free += blocks
    own.idle -= blocks
    cached[oldest].tokens = 0
    unlink(sim, r, oldest)


@inlined_part
def _blocks(context: int) -> int:
    return int((context + BLOCK - 1) // BLOCK)


@inlined_part
def _context_to_read(memory: Memory, call: int) -> int:
    """Tokens that the call has once it has been read, that which comes of it included."""
    return int(memory.prompt[call]) + int(memory.generated[call]) + 1


@inlined_part
def context_at_end(calls: Calls, memory: Memory, call: int) -> int:
    """Prompt and all tokens that the call generates."""
    return int(memory.prompt[call]) + int(calls.decode_steps[call]) + 1


@inlined_part
def _grows_at(calls: Calls, memory: Memory, call: int) -> int:
    """The number of the decode step, modulo BLOCK, at which the decoding call fills a block and needs another."""
    return int((calls.progress[call] - context_at_end(calls, memory, call)) % BLOCK)


@inlined_part
def _shared_blocks(calls: Calls, sim: SimState, call: int) -> int:
    """Whole blocks of the call's prompt that others may share."""
    if sim.last_user.size == 0 or calls.prefix[call] < 0:
        return 0
    if sim.stations[calls.pool[call]].shares_prefixes_in_memory == 0:
        return 0
    return int(calls.prefix_tokens[call] // BLOCK)
