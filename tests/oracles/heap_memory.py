"""KV memory in the plain Python replay: every step of every sequence by itself, every block counted anew.

As a scheduler of vLLM does it (V1, 2025): the sequences that run take a block each as they need it, in the order in
which they began; where there is none, the last of them goes. Shares no code with the compiled loop.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from costctl.arrays import Ints
from costctl.simulate.workload import Workload
from tests.oracles.heap_turns import Replica

if TYPE_CHECKING:
    from tests.oracles.heap_replay import HeapReplay

BLOCK = 16  # tokens


@dataclass(slots=True)
class Memory:
    capacity: int | None  # blocks; None is without limit
    kept_free: int
    is_caching: bool
    queue: deque[int] = field(default_factory=deque)  # free blocks, each with whose it was; -1 is of no use
    own: dict[int, int] = field(default_factory=dict)  # call: blocks that are its alone
    users: dict[int, list[int]] = field(default_factory=dict)  # beginning: calls in progress that share it
    idle: list[int] = field(default_factory=list)  # beginnings that nobody uses, least recently used first
    generated: dict[int, int] = field(default_factory=dict)
    steps_left: dict[int, int] = field(default_factory=dict)
    has_arrival: bool = False
    preemptions: int = 0


def prompts_of(workload: Workload) -> list[int]:
    cached = 0 if workload.cached_tokens is None else workload.cached_tokens
    prompts: list[int] = (workload.uncached_tokens + cached).tolist()
    return prompts


def note_arrival(replica: Replica) -> None:
    if replica.memory is not None:
        replica.memory.has_arrival = True


def memory_of(replica: Replica) -> Memory | None:
    setup = replica.pool.setup
    if setup.kv_tokens is None and not setup.enable_prefix_caching and replica.pool.model.kappa_s == 0:
        return None
    capacity = None if setup.kv_tokens is None else setup.kv_tokens // BLOCK
    kept_free = 0 if capacity is None else int(setup.kv_watermark * capacity)
    return Memory(capacity, kept_free, setup.enable_prefix_caching, deque([-1] * (capacity or 0)))


def preemptions_of(replicas: list[Replica]) -> Ints | None:
    if all(replica.memory is None for replica in replicas):
        return None
    return np.array([0 if each.memory is None else each.memory.preemptions for each in replicas])


def blocks(tokens: int) -> int:
    return -(-tokens // BLOCK)


def context(replay: HeapReplay, replica: Replica, call: int) -> int:
    assert replica.memory is not None
    return replay.prompt[call] + replica.memory.generated.get(call, 0)


def free_blocks(replica: Replica) -> float:
    memory = replica.memory
    assert memory is not None
    if memory.capacity is None:
        return float("inf")
    return len(memory.queue)


def require_conservation(replica: Replica) -> None:
    """Every block is free, of a beginning, or of one sequence."""
    memory = replica.memory
    assert memory is not None
    kept = sum(tokens // BLOCK for tokens in replica.held.values()) if memory.is_caching else 0
    blocks_now = len(memory.queue) + kept + sum(memory.own.values())
    assert memory.capacity in (None, blocks_now)


def use(memory: Memory, number: int) -> None:
    """Take free blocks, in the order in which they became free."""
    if memory.capacity is not None:
        for _ in range(number):
            memory.queue.popleft()


def free(memory: Memory, number: int, whose: int = -1) -> None:
    if memory.capacity is not None:
        memory.queue.extend([whose] * number)


def evict(replica: Replica) -> None:
    memory = replica.memory
    assert memory is not None
    free(memory, replica.held.pop(memory.idle.pop(0)) // BLOCK)


def shared_blocks(replay: HeapReplay, replica: Replica, call: int) -> int:
    assert replica.memory is not None
    if not replica.memory.is_caching or replay.prefix[call] < 0:
        return 0
    return replay.prefix_tokens[call] // BLOCK


def never_fits(replay: HeapReplay, replica: Replica, call: int) -> bool:
    memory = replica.memory
    if memory is None or memory.capacity is None:
        return False
    return blocks(replay.prompt[call] + 1 + replay.decode_steps[call]) > memory.capacity


def pass_boundary(replay: HeapReplay, replica: Replica, now: float) -> None:
    memory = replica.memory
    assert memory is not None
    has_news = memory.has_arrival or replica.doing != "stepping"
    memory.has_arrival = False
    growing = []
    if replica.doing in ("stepping", "mixed") and replica.steps_from_anchor > 0:
        has_news |= pass_one_step(replay, replica, now)
        growing = [call for _, call in replica.decoding]
    while replica.prefilling and replay.tokens_left[replica.prefilling[0]] == 0:
        end_prefill(replay, replica, replica.prefilling.popleft(), now)
    for call in growing:
        has_news |= grow(replay, replica, call)
    if replica.doing == "nothing":
        replica.busy_from_s = now
    tokens = admit(replay, replica, now) if has_news else 0
    require_conservation(replica)
    start(replay, replica, now, tokens)


def pass_one_step(replay: HeapReplay, replica: Replica, now: float) -> bool:
    """Whether a call ended."""
    memory = replica.memory
    assert memory is not None
    for _, call in replica.decoding:
        memory.generated[call] += 1
        memory.steps_left[call] -= 1
    ended = [call for _, call in replica.decoding if memory.steps_left[call] == 0]
    replica.decoding = [each for each in replica.decoding if each[1] not in ended]
    assert all(memory.generated[call] == replay.decode_steps[call] + 1 for call in ended), "tokens are lost"
    for call in ended:
        leave(replay, replica, call)
        replay.end_call(call, now)
    return bool(ended)


def end_prefill(replay: HeapReplay, replica: Replica, call: int, now: float) -> None:
    memory = replica.memory
    assert memory is not None
    had = memory.generated.get(call, 0)
    memory.generated[call] = had + 1
    memory.steps_left[call] = replay.decode_steps[call] - had
    if had == 0:
        replay.first_token_s[call] = now
    if memory.steps_left[call] == 0:
        leave(replay, replica, call)
        replay.end_call(call, now)
    else:
        replica.decoding.append((0, call))


def leave(replay: HeapReplay, replica: Replica, call: int, whose: int = -1) -> None:
    memory = replica.memory
    assert memory is not None
    free(memory, memory.own.pop(call), whose)
    if shared_blocks(replay, replica, call) > 0:
        prefix = replay.prefix[call]
        memory.users[prefix].remove(call)
        if not memory.users[prefix]:
            memory.idle.append(prefix)


def grow(replay: HeapReplay, replica: Replica, call: int) -> bool:
    """Give the call the blocks of its context, unless it has gone itself; whether somebody had to go."""
    memory = replica.memory
    assert memory is not None
    had_to = False
    while call in memory.own:
        missing = blocks(context(replay, replica, call)) - shared_blocks(replay, replica, call)
        missing -= memory.own[call]
        if missing <= free_blocks(replica):
            memory.own[call] += missing
            use(memory, missing)
            break
        had_to = True
        if memory.idle:
            evict(replica)
        else:
            preempt(replay, replica)
    return had_to


def preempt(replay: HeapReplay, replica: Replica) -> None:
    assert replica.memory is not None
    is_read = not replica.prefilling
    call = replica.decoding.pop()[1] if is_read else replica.prefilling.pop()
    leave(replay, replica, call, call if is_read else -1)
    replica.paused.insert(0, call)
    replica.memory.preemptions += 1


def admit(replay: HeapReplay, replica: Replica, now: float) -> int:
    """The prompt tokens that the work from this boundary carries."""
    setup, is_stalling = replica.pool.setup, replica.pool.model.is_prefill_stalling
    budget = room = max(setup.max_batched_tokens - len(replica.decoding), 1)
    for call in replica.prefilling:
        part = min(replay.tokens_left[call], room)
        replay.tokens_left[call] -= part
        room -= part
    while room > 0:
        call, tokens = next_that_fits(replay, replica, now)
        if call is None:
            break
        replica.prefilling.append(call)
        part = tokens if is_stalling else min(tokens, room)
        replay.tokens_left[call] = tokens - part
        room -= part
        if is_stalling:
            break
    return budget - room


def next_that_fits(replay: HeapReplay, replica: Replica, now: float) -> tuple[int | None, int]:
    if replica.paused:
        call = replica.paused[0]
        if not is_room(replay, replica, call):
            return None, 0
        replica.paused.pop(0)
        return call, read_again(replay, replica, call)
    if replica.in_progress >= replica.pool.setup.max_num_seqs:
        return None, 0
    call = replay.next_to_serve(replica, now)
    if call is None:
        return None, 0
    if not is_room(replay, replica, call):
        lane = replay.lane_now(call)
        replica.queues[replay.queue_of[replay.pool_of[call]][lane]].appendleft(call)
        replica.waiting[lane] += 1
        return None, 0
    tokens = replay.begin(replica, call, now)
    return call, tokens - take(replay, replica, call)


def read_again(replay: HeapReplay, replica: Replica, call: int) -> int:
    """The tokens that a call which was pre-empted has to read."""
    memory = replica.memory
    assert memory is not None
    length, shared = context(replay, replica, call), shared_blocks(replay, replica, call)
    again = 0
    if memory.is_caching and found_blocks(replay, replica, call) == shared:
        again = max(min(memory.queue.count(call), (length - 1) // BLOCK - shared), 0)
    for _ in range(again):  # its first blocks became free last
        place = len(memory.queue) - 1 - list(memory.queue)[::-1].index(call)
        del memory.queue[place]
    memory.queue = deque(-1 if each == call else each for each in memory.queue)
    found = take(replay, replica, call, again)
    cached = replay.prompt[call] - replay.tokens[call]
    if again == 0:
        return length - cached - found
    return length - max(found + BLOCK * again, cached)


def found_blocks(replay: HeapReplay, replica: Replica, call: int) -> int:
    return min(replica.held.get(replay.prefix[call], 0) // BLOCK, shared_blocks(replay, replica, call))


def is_room(replay: HeapReplay, replica: Replica, call: int) -> bool:
    memory = replica.memory
    assert memory is not None
    room = free_blocks(replica) + sum(replica.held[prefix] // BLOCK for prefix in memory.idle)
    if shared_blocks(replay, replica, call) > 0 and replay.prefix[call] in memory.idle:
        room -= found_blocks(replay, replica, call)
    if replica.decoding or replica.prefilling:
        room -= memory.kept_free
    needed = blocks(context(replay, replica, call) + 1) - found_blocks(replay, replica, call)
    return needed <= room


def take(replay: HeapReplay, replica: Replica, call: int, again: int = 0) -> int:
    """The call gets its blocks, some of its own again; the tokens of its beginning that it finds in others."""
    memory = replica.memory
    assert memory is not None
    found, shared = found_blocks(replay, replica, call), shared_blocks(replay, replica, call)
    if shared > 0:
        prefix = replay.prefix[call]
        if prefix in memory.idle:
            memory.idle.remove(prefix)
        memory.users.setdefault(prefix, []).append(call)
        replica.held[prefix] = max(replica.held.get(prefix, 0), BLOCK * shared)
        replay.last_user[replay.pool_of[call], prefix] = replica
    memory.own[call] = blocks(context(replay, replica, call) + 1) - shared
    missing = memory.own[call] + shared - found - again
    while free_blocks(replica) < missing and memory.idle:
        evict(replica)
    if free_blocks(replica) < missing:
        prefix = replay.prefix[call]
        free(memory, replica.held[prefix] // BLOCK - shared)
        replica.held[prefix] = BLOCK * shared
    use(memory, missing)
    return BLOCK * found


def start(replay: HeapReplay, replica: Replica, now: float, tokens: int) -> None:
    model = replica.pool.model
    contexts = sum(context(replay, replica, call) for _, call in replica.decoding)
    step_s = model.alpha_s + model.beta_s * len(replica.decoding) + model.kappa_s * contexts
    replica.anchor_s, replica.step_s, replica.steps_from_anchor = now, step_s, 1
    if replica.prefilling and model.is_prefill_stalling:
        replica.doing = "prefilling"
        replay.schedule(replica, now + model.gamma_s * tokens)
    elif replica.prefilling:
        replica.doing = "mixed"
        replay.schedule(replica, now + (step_s + model.gamma_s * tokens))
    elif replica.decoding:
        replica.doing = "stepping"
        replay.schedule(replica, now + step_s)
    else:
        replica.doing = "nothing"
        replica.busy_s += now - replica.busy_from_s


def lose(replica: Replica) -> list[int]:
    """The pre-empted calls; memory is empty from here on."""
    memory = replica.memory
    if memory is None:
        return []
    paused = [*replica.paused]
    replica.paused.clear()
    for kept in (memory.own, memory.users, memory.idle, memory.generated, memory.steps_left, memory.queue):
        kept.clear()
    free(memory, memory.capacity or 0)
    return paused
