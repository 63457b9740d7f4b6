"""Static batches in the plain Python replay: when one starts, with which size, and what its end is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.oracles.heap_turns import Replica

if TYPE_CHECKING:
    from tests.oracles.heap_replay import HeapReplay


def due_s_of_batch(replay: HeapReplay, replica: Replica, now: float) -> float:
    if replica.pool.model.discipline == "continuous" or full_sizes(replica):
        return now
    return max(now, oldest_s(replay, replica) + replica.pool.setup.batch_window_s)


def oldest_s(replay: HeapReplay, replica: Replica) -> float:
    return min(replay.joined_s[queue[0]] for queue in replica.queues if queue)


def full_sizes(replica: Replica) -> list[int]:
    setup = replica.pool.setup
    wanted = [each for each in setup.preferred_sizes if each <= setup.max_num_seqs]
    return [each for each in wanted or [setup.max_num_seqs] if each <= sum(replica.waiting)]


def batch_size(replay: HeapReplay, replica: Replica, now: float) -> int:
    setup = replica.pool.setup
    is_over = setup.batch_window_s > 0 and oldest_s(replay, replica) + setup.batch_window_s <= now
    return max([] if is_over else full_sizes(replica), default=setup.max_num_seqs)


def end_batch(replay: HeapReplay, replica: Replica, now: float) -> None:
    if replica.doing == "nothing":
        return
    for call in replica.batch:
        replay.first_token_s[call] = now
        replay.end_call(call, now)
    replica.batch = []
    replica.doing = "nothing"
    replica.busy_s += now - replica.busy_from_s


def start_batch(replay: HeapReplay, replica: Replica, now: float) -> None:
    if not any(replica.waiting):
        return
    if due_s_of_batch(replay, replica, now) > now:
        replay.schedule(replica, due_s_of_batch(replay, replica, now))
        return
    tokens, size = 0, batch_size(replay, replica, now)
    while len(replica.batch) < size:
        call = replay.next_to_serve(replica, now)
        if call is None:
            break
        tokens += replay.begin(replica, call, now)
        replica.batch.append(call)
    if replica.batch:
        model = replica.pool.model
        replica.doing = "batch"
        replica.busy_from_s = now
        replay.schedule(
            replica, now + (model.alpha_s + model.beta_s * len(replica.batch) + model.gamma_s * tokens)
        )
