"""The replay in plain Python: the same rules, a heap of events, objects instead of arrays.

Two uses. With `jumping=False` every decode step is an event of its own: the slow twin that the compiled
loop, which never looks at single steps, must equal. With `jumping=True` steps that change nothing are
passed at once: what somebody would write who wants it fast and has only heapq.
"""

from __future__ import annotations

import heapq
import math
from collections import deque
from dataclasses import dataclass, field

import numpy as np

from costctl.simulate.workload import CallStatus, Outcome, Pool, ServiceModel, Workload

ARRIVAL, REPLICA = 0, 1  # at one instant, arrivals come first


@dataclass(slots=True)
class Replica:
    number: int
    pool: Pool
    lines: list[deque[int]]
    waiting: list[int]
    prefilling: deque[int] = field(default_factory=deque)
    decoding: list[tuple[int, int]] = field(default_factory=list)  # heap of (last step, call)
    batch: list[int] = field(default_factory=list)
    steps: int = 0
    doing: str = "nothing"
    anchor_s: float = 0.0
    step_s: float = 0.0
    steps_from_anchor: int = 0
    event_s: float = math.inf
    busy_from_s: float = 0.0
    busy_s: float = 0.0

    @property
    def in_progress(self) -> int:
        return len(self.prefilling) + len(self.decoding) + len(self.batch)

    @property
    def outstanding(self) -> int:
        return sum(self.waiting) + self.in_progress


class HeapReplay:
    def __init__(self, workload: Workload, pool_of: list[int], pools: list[Pool], *, jumping: bool) -> None:
        n = workload.size
        self.jumping = jumping
        self.pool_of = pool_of
        self.pools = pools
        self.after = workload.after.tolist()
        self.think_s = workload.think_s.tolist()
        self.tokens = workload.uncached_tokens.tolist()
        self.decode_steps = workload.decode_steps.tolist()
        self.lane = workload.lane.tolist()
        self.recorded = workload.replica.tolist()
        self.tokens_left = list(self.tokens)
        self.arrival_s, self.begin_s, self.first_token_s, self.end_s = ([math.nan] * n for _ in range(4))
        self.served_by = [-1] * n
        self.status = [CallStatus.NEVER_ARRIVED] * n
        self.followers: list[list[int]] = [[] for _ in range(n)]
        self.events: list[tuple[float, int, int]] = []
        for call, arrival_s in enumerate(workload.arrival_s.tolist()):
            if self.after[call] < 0:
                self.events.append((arrival_s, ARRIVAL, call))
            else:
                self.followers[self.after[call]].append(call)
        heapq.heapify(self.events)
        self.replicas: list[Replica] = []
        self.first_of: list[int] = []
        self.dealt = [0] * len(pools)
        self.level: list[list[int]] = []
        for pool in pools:
            ranks = pool.setup.lanes.rank.tolist()
            self.level.append([sorted(set(ranks)).index(rank) for rank in ranks])
            self.first_of.append(len(self.replicas))
            for _ in range(pool.setup.replicas):
                lines: list[deque[int]] = [deque() for _ in set(ranks)]
                self.replicas.append(Replica(len(self.replicas), pool, lines, [0] * len(ranks)))

    def run(self) -> Outcome:
        now = 0.0
        while self.events:
            at_s, kind, index = heapq.heappop(self.events)
            if kind == ARRIVAL:
                now = at_s
                self.arrive(index, now)
            elif self.replicas[index].event_s == at_s:  # else it was moved to another time
                now = at_s
                self.replicas[index].event_s = math.inf
                self.act(self.replicas[index], now)
        return Outcome(
            arrival_s=np.array(self.arrival_s),
            begin_s=np.array(self.begin_s),
            first_token_s=np.array(self.first_token_s),
            end_s=np.array(self.end_s),
            replica=np.array(self.served_by, np.int64),
            status=np.array([int(status) for status in self.status], np.int64),
            busy_s=np.array([replica.busy_s for replica in self.replicas]),
            horizon_s=now,
        )

    def schedule(self, replica: Replica, at_s: float) -> None:
        if replica.event_s != at_s:
            replica.event_s = at_s
            heapq.heappush(self.events, (at_s, REPLICA, replica.number))

    def arrive(self, call: int, now: float) -> None:
        replica = self.choose(call)
        self.arrival_s[call] = now
        self.served_by[call] = replica.number
        lane = self.lane[call]
        limit = int(replica.pool.setup.lanes.queue_limit[lane])
        if limit >= 0 and replica.waiting[lane] >= limit + (replica.in_progress == 0):
            self.status[call] = CallStatus.REJECTED
            return
        replica.lines[self.level[self.pool_of[call]][lane]].append(call)
        replica.waiting[lane] += 1
        if replica.doing == "nothing":
            self.schedule(replica, self.due_s(replica, now))
        elif replica.doing == "stepping" and replica.in_progress < replica.pool.setup.max_num_seqs:
            self.schedule(replica, self.next_boundary_s(replica, now))

    def choose(self, call: int) -> Replica:
        pool = self.pool_of[call]
        setup, first = self.pools[pool].setup, self.first_of[pool]
        mine = self.replicas[first : first + setup.replicas]
        if setup.dispatch == "recorded" and first <= self.recorded[call] < first + setup.replicas:
            return self.replicas[self.recorded[call]]
        if setup.dispatch == "round_robin":
            self.dealt[pool] += 1
            return mine[(self.dealt[pool] - 1) % len(mine)]
        return mine[0] if len(mine) == 1 else min(mine, key=lambda each: each.outstanding)

    def next_boundary_s(self, replica: Replica, now: float) -> float:
        """The first boundary at or after now, found step by step from the boundary last passed."""
        if replica.step_s <= 0.0:
            replica.steps_from_anchor = 0
            return replica.anchor_s
        if self.jumping:
            replica.steps_from_anchor = max(int((now - replica.anchor_s) / replica.step_s) - 1, 0)
        elif now <= replica.anchor_s + (replica.steps_from_anchor - 1) * replica.step_s:
            replica.steps_from_anchor -= 1  # the step that began at this very instant has not passed yet
        while replica.anchor_s + replica.steps_from_anchor * replica.step_s < now:
            replica.steps_from_anchor += 1
        return replica.anchor_s + replica.steps_from_anchor * replica.step_s

    def act(self, replica: Replica, now: float) -> None:
        if replica.pool.model.discipline == "static":
            self.end_batch(replica, now)
            self.start_batch(replica, now)
            return
        if replica.doing == "stepping" and not self.jumping and not self.is_anything_new(replica):
            replica.steps_from_anchor += 1
            self.schedule(replica, replica.anchor_s + replica.steps_from_anchor * replica.step_s)
            return
        if replica.doing in ("stepping", "mixed"):
            replica.steps += replica.steps_from_anchor
        while replica.decoding and replica.decoding[0][0] <= replica.steps:
            self.end_call(heapq.heappop(replica.decoding)[1], now)
        while replica.prefilling and self.tokens_left[replica.prefilling[0]] == 0:
            self.decode(replica, replica.prefilling.popleft(), now)
        self.start_work(replica, now)

    def is_anything_new(self, replica: Replica) -> bool:
        has_slot = replica.in_progress < replica.pool.setup.max_num_seqs
        is_complete = replica.decoding[0][0] <= replica.steps + replica.steps_from_anchor
        return is_complete or (has_slot and any(replica.waiting))

    def decode(self, replica: Replica, call: int, now: float) -> None:
        self.first_token_s[call] = now
        if self.decode_steps[call] == 0:
            self.end_call(call, now)
        else:
            heapq.heappush(replica.decoding, (replica.steps + self.decode_steps[call], call))

    def start_work(self, replica: Replica, now: float) -> None:
        model: ServiceModel = replica.pool.model
        if replica.doing == "nothing":
            replica.busy_from_s = now
        admit = self.admit_one if model.is_prefill_stalling else self.fill_step
        tokens = admit(replica, now)
        step_s = model.alpha_s + model.beta_s * len(replica.decoding)
        replica.anchor_s, replica.step_s, replica.steps_from_anchor = now, step_s, 1
        if replica.prefilling and model.is_prefill_stalling:
            replica.doing = "prefilling"
            self.schedule(replica, now + model.gamma_s * tokens)
        elif replica.prefilling:
            replica.doing = "mixed"
            self.schedule(replica, now + (step_s + model.gamma_s * tokens))
        elif replica.decoding:
            replica.doing = "stepping"
            if self.jumping:
                replica.steps_from_anchor = replica.decoding[0][0] - replica.steps
            self.schedule(replica, now + replica.steps_from_anchor * step_s)
        else:
            replica.doing = "nothing"
            replica.busy_s += now - replica.busy_from_s

    def admit_one(self, replica: Replica, now: float) -> int:
        if replica.in_progress >= replica.pool.setup.max_num_seqs:
            return 0
        call = self.next_in_line(replica, now)
        if call is None:
            return 0
        self.begin_s[call] = now
        self.tokens_left[call] = 0
        replica.prefilling.append(call)
        return self.tokens[call]

    def fill_step(self, replica: Replica, now: float) -> int:
        setup = replica.pool.setup
        room = budget = max(setup.max_batched_tokens - len(replica.decoding), 1)
        for call in replica.prefilling:
            part = min(self.tokens_left[call], room)
            self.tokens_left[call] -= part
            room -= part
        while room > 0 and replica.in_progress < setup.max_num_seqs:
            call = self.next_in_line(replica, now)
            if call is None:
                break
            self.begin_s[call] = now
            replica.prefilling.append(call)
            part = min(self.tokens_left[call], room)
            self.tokens_left[call] -= part
            room -= part
        return budget - room

    def next_in_line(self, replica: Replica, now: float) -> int | None:
        for line in replica.lines:
            while line:
                call = line.popleft()
                lane = self.lane[call]
                replica.waiting[lane] -= 1
                if now - self.arrival_s[call] <= replica.pool.setup.lanes.time_to_live_s[lane]:
                    return call
                self.status[call] = CallStatus.EXPIRED
        return None

    def due_s(self, replica: Replica, now: float) -> float:
        if (
            replica.pool.model.discipline == "continuous"
            or sum(replica.waiting) >= replica.pool.setup.max_num_seqs
        ):
            return now
        oldest_s = min(self.arrival_s[line[0]] for line in replica.lines if line)
        return max(now, oldest_s + replica.pool.setup.batch_window_s)

    def end_batch(self, replica: Replica, now: float) -> None:
        if replica.doing == "nothing":
            return
        for call in replica.batch:
            self.first_token_s[call] = now
            self.end_call(call, now)
        replica.batch = []
        replica.doing = "nothing"
        replica.busy_s += now - replica.busy_from_s

    def start_batch(self, replica: Replica, now: float) -> None:
        if not any(replica.waiting):
            return
        if self.due_s(replica, now) > now:
            self.schedule(replica, self.due_s(replica, now))
            return
        while len(replica.batch) < replica.pool.setup.max_num_seqs:
            call = self.next_in_line(replica, now)
            if call is None:
                break
            self.begin_s[call] = now
            replica.batch.append(call)
        if replica.batch:
            model, tokens = replica.pool.model, sum(self.tokens[call] for call in replica.batch)
            replica.doing = "batch"
            replica.busy_from_s = now
            self.schedule(
                replica, now + (model.alpha_s + model.beta_s * len(replica.batch) + model.gamma_s * tokens)
            )

    def end_call(self, call: int, now: float) -> None:
        self.end_s[call] = now
        self.status[call] = CallStatus.SERVED
        for follower in self.followers[call]:
            heapq.heappush(self.events, (now + self.think_s[follower], ARRIVAL, follower))


def heap_replay(workload: Workload, pool_of: list[int], pools: list[Pool]) -> Outcome:
    """Jumps over steps that change nothing."""
    return HeapReplay(workload, pool_of, pools, jumping=True).run()


def stepwise_replay(workload: Workload, pool_of: list[int], pools: list[Pool]) -> Outcome:
    """Passes every decode step one by one."""
    return HeapReplay(workload, pool_of, pools, jumping=False).run()
