"""One pool as processes of simpy: the replay as somebody would write it with a library for simulation.

Prefill stalls; every decode step is a timeout of its own. Only for workloads in which no two events share
an instant, since simpy breaks such ties in its own way.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import numpy as np
import simpy

from costctl.simulate.workload import CallStatus, Outcome, PoolSetup, ServiceModel, Workload


class SimpyReplica:
    def __init__(self, replay: SimpyReplay) -> None:
        self.replay = replay
        self.env = replay.env
        self.waiting: list[int] = []
        self.in_progress = 0
        self.busy_s = 0.0
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
                replay.begin_s[call] = self.env.now
                self.in_progress += 1
                return call
            replay.status[call] = CallStatus.EXPIRED
        return None

    def finish(self, call: int) -> None:
        self.in_progress -= 1
        self.replay.end(call)

    def until_arrival(self) -> Generator[Any, Any, None]:
        self.arrived = self.env.event()
        yield self.arrived

    def serve_steps(self) -> Generator[Any, Any, None]:
        replay, model, steps_left = self.replay, self.replay.model, dict[int, int]()
        while True:
            if not self.waiting and not steps_left:
                yield from self.until_arrival()
            from_s = self.env.now
            while len(steps_left) < replay.setup.max_num_seqs and (call := self.take()) is not None:
                yield self.env.timeout(model.gamma_s * replay.tokens[call])
                replay.first_token_s[call] = self.env.now
                if replay.decode_steps[call]:
                    steps_left[call] = replay.decode_steps[call]
                else:
                    self.finish(call)
            if steps_left:
                yield self.env.timeout(model.alpha_s + model.beta_s * len(steps_left))
            steps_left = {call: left - 1 for call, left in steps_left.items()}
            for call in [call for call, left in steps_left.items() if left == 0]:
                del steps_left[call]
                self.finish(call)
            self.busy_s += self.env.now - from_s

    def serve_batches(self) -> Generator[Any, Any, None]:
        replay, model, setup = self.replay, self.replay.model, self.replay.setup
        while True:
            if not self.waiting:
                yield from self.until_arrival()
            oldest_s = min(replay.arrival_s[call] for call in self.waiting)
            window = self.env.timeout(max(oldest_s + setup.batch_window_s - self.env.now, 0.0))
            while len(self.waiting) < setup.max_num_seqs and not window.processed:
                self.arrived = self.env.event()
                yield window | self.arrived
            batch = []
            while len(batch) < setup.max_num_seqs and (call := self.take()) is not None:
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
        )


def simpy_replay(workload: Workload, model: ServiceModel, setup: PoolSetup) -> Outcome:
    """The outcome of one pool with least_outstanding dispatch."""
    return SimpyReplay(workload, model, setup).run()
