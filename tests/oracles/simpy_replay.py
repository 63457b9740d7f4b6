"""One pool as processes of simpy: the replay as somebody would write it with a library for simulation.

Prefill stalls; every decode step is a timeout of its own; KV memory is counted anew at each, without prefix
caching. Only for workloads in which no two events share an instant, since simpy breaks such ties in its own way.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import numpy as np
import simpy

from costctl.arrays import Ints
from costctl.simulate.workload import CallStatus, Outcome, PoolSetup, ServiceModel, Workload

BLOCK = 16  # tokens


class SimpyReplica:
    def __init__(self, replay: SimpyReplay) -> None:
        self.replay = replay
        self.env = replay.env
        self.waiting: list[int] = []
        self.in_progress = 0
        self.busy_s = 0.0
        self.has_news = True  # since waiting calls were last looked at
        self.generated: dict[int, int] = {}
        self.running: list[int] = []  # in the order in which they began
        self.paused: list[int] = []
        self.preemptions = 0
        self.arrived = self.env.event()
        discipline = replay.model.discipline
        self.env.process(self.serve_batches() if discipline == "static" else self.serve_steps())

    def take(self) -> int | None:
        """The next call by rank, then arrival, that has not waited too long."""
        replay = self.replay
        while self.waiting:
            call = min(
                self.waiting,
                key=lambda each: (replay.setup.lanes.rank[replay.lane[each]], replay.arrival_s[each]),
            )
            self.waiting.remove(call)
            if self.env.now - replay.arrival_s[call] <= replay.setup.lanes.time_to_live_s[replay.lane[call]]:
                if not self.fits(call):
                    self.waiting.append(call)
                    return None
                replay.begin_s[call] = self.env.now
                self.in_progress += 1
                return call
            replay.status[call] = CallStatus.EXPIRED
        return None

    def context(self, call: int) -> int:
        return self.replay.tokens[call] + self.generated.get(call, 0)

    def blocks_free(self) -> float:
        kv_tokens = self.replay.setup.kv_tokens
        if kv_tokens is None:
            return float("inf")
        return kv_tokens // BLOCK - sum(-(-self.context(call) // BLOCK) for call in self.running)

    def fits(self, call: int) -> bool:
        return -(-(self.context(call) + 1) // BLOCK) <= self.blocks_free()

    def make_room(self) -> None:
        while self.blocks_free() < 0:
            self.paused.insert(0, self.running.pop())
            self.preemptions += 1

    def next_to_read(self) -> int | None:
        if self.paused:
            return self.paused.pop(0) if self.fits(self.paused[0]) else None
        return self.take() if len(self.running) < self.replay.setup.max_num_seqs else None

    def finish(self, call: int) -> None:
        self.in_progress -= 1
        self.replay.end(call)

    def until_arrival(self) -> Generator[Any, Any, None]:
        self.arrived = self.env.event()
        yield self.arrived

    def serve_steps(self) -> Generator[Any, Any, None]:
        replay, model = self.replay, self.replay.model
        while True:
            if not self.waiting and not self.running:
                yield from self.until_arrival()
            from_s = self.env.now
            while self.has_news:
                self.has_news = False
                while (call := self.next_to_read()) is not None:
                    self.running.append(call)
                    self.generated[call] = self.generated.get(call, 0) + 1  # the token that comes of it
                    yield self.env.timeout(model.gamma_s * (self.context(call) - 1))
                    if self.generated[call] == 1:
                        replay.first_token_s[call] = self.env.now
                    self.end_if_done(call)
            if self.running:
                contexts = sum(self.context(call) for call in self.running)
                step_s = model.alpha_s + model.beta_s * len(self.running) + model.kappa_s * contexts
                yield self.env.timeout(step_s)
            for call in list(self.running):
                self.generated[call] += 1
                self.end_if_done(call)
            self.make_room()
            self.busy_s += self.env.now - from_s

    def end_if_done(self, call: int) -> None:
        if self.generated[call] > self.replay.decode_steps[call]:
            self.running.remove(call)
            self.has_news = True
            self.finish(call)

    def serve_batches(self) -> Generator[Any, Any, None]:
        replay, model, setup = self.replay, self.replay.model, self.replay.setup
        while True:
            if not self.waiting:
                yield from self.until_arrival()
            oldest_s = min(replay.arrival_s[call] for call in self.waiting)
            window = self.env.timeout(max(oldest_s + setup.batch_window_s - self.env.now, 0.0))
            wanted = [size for size in setup.preferred_sizes if size <= setup.max_num_seqs]
            sizes = wanted or [setup.max_num_seqs]
            while len(self.waiting) < min(sizes) and not window.processed:
                self.arrived = self.env.event()
                yield window | self.arrived
            is_over = setup.batch_window_s > 0 and oldest_s + setup.batch_window_s <= self.env.now
            full = [] if is_over else [size for size in sizes if size <= len(self.waiting)]
            batch = []
            while len(batch) < max(full, default=setup.max_num_seqs) and (call := self.take()) is not None:
                batch.append(call)
            tokens = sum(replay.tokens[call] for call in batch)
            service_s = model.alpha_s + model.beta_s * len(batch) + model.gamma_s * tokens if batch else 0.0
            yield self.env.timeout(service_s)
            self.busy_s += service_s
            for call in batch:
                replay.first_token_s[call] = self.env.now
                self.finish(call)


class SimpyReplay:
    def __init__(self, workload: Workload, model: ServiceModel, setup: PoolSetup) -> None:
        self.env = simpy.Environment()
        self.workload, self.model, self.setup = workload, model, setup
        self.tokens = workload.uncached_tokens.tolist()
        self.decode_steps = workload.decode_steps.tolist()
        self.lane = workload.lane.tolist()
        n = workload.size
        self.arrival_s, self.begin_s, self.first_token_s, self.end_s = (np.full(n, np.nan) for _ in range(4))
        self.served_by = np.full(n, -1, np.int64)
        self.status = np.full(n, int(CallStatus.NEVER_ARRIVED), np.int64)
        self.followers: list[list[int]] = [[] for _ in range(n)]
        for call in np.flatnonzero(workload.after >= 0).tolist():
            self.followers[workload.after[call]].append(call)
        self.replicas = [SimpyReplica(self) for _ in range(setup.replicas)]
        self.env.process(self.plain_arrivals())

    def plain_arrivals(self) -> Generator[Any, Any, None]:
        for call in np.flatnonzero(self.workload.after < 0).tolist():
            yield self.env.timeout(self.workload.arrival_s[call] - self.env.now)
            self.arrive(call)

    def arrive(self, call: int) -> None:
        replica = min(self.replicas, key=lambda each: len(each.waiting) + each.in_progress)
        self.arrival_s[call] = self.env.now
        self.served_by[call] = self.replicas.index(replica)
        lane = self.lane[call]
        limit, in_line = (
            self.setup.lanes.queue_limit[lane],
            sum(self.lane[each] == lane for each in replica.waiting),
        )
        if limit >= 0 and in_line >= limit + (replica.in_progress == 0):
            self.status[call] = CallStatus.REJECTED
            return
        replica.waiting.append(call)
        replica.has_news = True
        if not replica.arrived.triggered:
            replica.arrived.succeed()

    def end(self, call: int) -> None:
        self.end_s[call] = self.env.now
        self.status[call] = CallStatus.SERVED
        for follower in self.followers[call]:
            self.env.process(self.follow(follower))

    def follow(self, call: int) -> Generator[Any, Any, None]:
        yield self.env.timeout(self.workload.think_s[call])
        self.arrive(call)

    def run(self) -> Outcome:
        self.env.run()
        return Outcome(
            arrival_s=self.arrival_s,
            begin_s=self.begin_s,
            first_token_s=self.first_token_s,
            end_s=self.end_s,
            replica=self.served_by,
            status=self.status,
            busy_s=np.array([replica.busy_s for replica in self.replicas]),
            horizon_s=float(self.env.now),
            attempts=(self.status != CallStatus.NEVER_ARRIVED).astype(np.int64),
            pool=np.zeros(self.status.size, np.int64),
            paid_s=np.full(len(self.replicas), self.env.now),
            preemptions=self.preemptions(),
        )

    def preemptions(self) -> Ints | None:
        if self.setup.kv_tokens is None and self.model.kappa_s == 0:
            return None
        return np.array([replica.preemptions for replica in self.replicas])


def simpy_replay(workload: Workload, model: ServiceModel, setup: PoolSetup) -> Outcome:
    """The outcome of one pool with least_outstanding dispatch."""
    return SimpyReplay(workload, model, setup).run()
