"""How would the platform of a world serve its calls by rules that the world's own loop does not know?

In: a world, its demand, the rules. Out: ``Served``, as the loop of the world gives it. Orders of service, minimum
shares, limits of a queue and preferred sizes of batches; plain Python, a step at a time, an object a replica. Without
any rule it serves call by call as costctl/synth/platform.py does, and like that loop it shares no code with the replay.
Nobody gives up and no call breaks off: a demand in which somebody would is refused.
"""

from __future__ import annotations

import heapq
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from costctl.synth.demand import Demand
from costctl.synth.platform import CallEnd, Served
from costctl.synth.world import PoolSpec, World

_NEVER: Final = float("inf")
_PATIENT_S: Final = 1e8
_JITTERS: Final = 65_521  # as many as the world's loop draws, for the same times of the same steps


@dataclass(frozen=True, slots=True)
class Rules:
    """Rules by name of the class, or of the pool. lane: 1 is served first, classes without one last.  min_share: of the
    work that begins while a class waits.  limit: calls of a class that may wait at a replica.  max_wait_s: after which
    one that waits is sent away.  preferred: sizes with which a batch of a pool starts before its window has closed.
    """

    lane: Mapping[str, int] = field(default_factory=dict)
    min_share: Mapping[str, float] = field(default_factory=dict)
    limit: Mapping[str, int] = field(default_factory=dict)
    max_wait_s: Mapping[str, float] = field(default_factory=dict)
    preferred: Mapping[str, tuple[int, ...]] = field(default_factory=dict)

    @property
    def are_none(self) -> bool:
        """Whether there is no rule that the world's own loop does not know."""
        return not (self.lane or self.min_share or self.limit or self.max_wait_s or self.preferred)


@dataclass(slots=True)
class _Replica:
    pool: PoolSpec
    waiting: list[int] = field(default_factory=list)  # in the order in which they came
    reading: list[int] = field(default_factory=list)
    running: list[int] = field(default_factory=list)
    event_s: float = _NEVER
    busy_from_s: float | None = None
    busy_s: float = 0.0
    credit_s: dict[str, float] = field(default_factory=dict)

    @property
    def in_progress(self) -> int:
        return len(self.reading) + len(self.running)


class _Server:
    def __init__(self, world: World, demand: Demand, rules: Rules) -> None:
        calls = demand.calls
        if bool(calls.is_doomed.any()) or bool((calls.timeout_s < _PATIENT_S).any()):
            raise ValueError("somebody of this world gives up, or a call of it breaks off")
        size = calls.activity.size
        self.rules = rules
        self.replicas = [_Replica(pool) for pool in world.pools for _ in range(pool.replicas)]
        self.of_pool = [
            [number for number, each in enumerate(self.replicas) if each.pool is pool] for pool in world.pools
        ]
        self.pool, self.gap_s, self.tokens = (
            calls.pool.tolist(),
            calls.gap_s.tolist(),
            calls.uncached_tokens.tolist(),
        )
        self.unread, self.left = list(self.tokens), calls.steps.tolist()
        self.request_class = [
            world.classes[number].name for number in demand.requests.request_class[calls.request].tolist()
        ]
        self.follower = {after: call for call, after in enumerate(calls.after.tolist()) if after >= 0}
        self.ready_s, self.begin_s, self.first_s, self.end_s = ([np.nan] * size for _ in range(4))
        self.replica, self.end = [-1] * size, [int(CallEnd.NEVER_MADE)] * size
        jitter = 1.0 + world.step_jitter * np.random.default_rng([world.seed, 9, 0]).standard_normal(
            _JITTERS
        ).clip(-3, 3)
        self.jitter = jitter.tolist()
        self.arrivals: list[tuple[float, int]] = []
        starts_s = demand.requests.start_s[calls.request] + calls.gap_s
        for call in np.flatnonzero(calls.after < 0).tolist():
            self.come(call, float(starts_s[call]))

    def come(self, call: int, at_s: float) -> None:
        self.ready_s[call] = at_s
        heapq.heappush(self.arrivals, (at_s, call))

    def run(self) -> Served:
        while True:
            next_one = min(self.replicas, key=lambda each: each.event_s)
            if self.arrivals and self.arrivals[0][0] <= next_one.event_s:
                self.arrive(*heapq.heappop(self.arrivals))
            elif next_one.event_s == _NEVER:
                break
            else:
                now = next_one.event_s
                self.pass_step(next_one, now)
                self.begin_work(next_one, now)
        return Served(
            ready_s=np.array(self.ready_s),
            begin_s=np.array(self.begin_s),
            first_token_s=np.array(self.first_s),
            end_s=np.array(self.end_s),
            replica=np.array(self.replica),
            end=np.array(self.end),
            busy_s=np.array([each.busy_s for each in self.replicas]),
            scrapes=np.zeros((len(self.replicas), 0, 0)),
        )

    def arrive(self, now: float, call: int) -> None:
        number = min(
            self.of_pool[self.pool[call]],
            key=lambda each: len(self.replicas[each].waiting) + self.replicas[each].in_progress,
        )
        replica, name = self.replicas[number], self.request_class[call]
        self.replica[call] = number
        limit = self.rules.limit.get(name)
        if limit is not None:
            ahead = sum(self.request_class[each] == name for each in replica.waiting)
            if ahead >= limit + (replica.in_progress == 0):
                self.end[call] = int(CallEnd.FAILED)
                return
        replica.waiting.append(call)
        if replica.busy_from_s is not None:
            return
        if not replica.pool.is_static or self.full_sizes(replica):
            replica.event_s = now
        else:
            replica.event_s = min(replica.event_s, now + replica.pool.window_s)

    def full_sizes(self, replica: _Replica) -> list[int]:
        """The sizes of a batch that those who wait fill."""
        slots = replica.pool.slots
        sizes = [each for each in self.rules.preferred.get(replica.pool.name, ()) if each <= slots] or [slots]
        return [each for each in sizes if each <= len(replica.waiting)]

    def pass_step(self, replica: _Replica, now: float) -> None:
        """What has just passed: a prefill, a step, or a whole batch; and those who have all that they asked for."""
        is_static = replica.pool.is_static
        if replica.busy_from_s is not None and (not replica.reading or replica.pool.chunk_tokens > 0):
            for call in replica.running:
                self.left[call] -= 1
                if is_static:
                    self.first_s[call] = now
        read = [call for call in replica.reading if self.unread[call] == 0]
        replica.reading = [call for call in replica.reading if self.unread[call] > 0]
        for call in read:
            self.first_s[call] = now
        replica.running += read
        done = [call for call in replica.running if self.left[call] <= 0]
        if done:
            replica.running = [call for call in replica.running if self.left[call] > 0]
        for call in done:
            self.end_s[call], self.end[call] = now, int(CallEnd.OK)
            if call in self.follower:
                follower = self.follower[call]
                self.come(follower, now + self.gap_s[follower])

    def begin_work(self, replica: _Replica, now: float) -> None:
        pool = replica.pool
        room = max(pool.chunk_tokens - len(replica.running), 1) if pool.chunk_tokens > 0 else 0
        tokens = 0
        for call in replica.reading:
            part = min(self.unread[call], room)
            self.unread[call] -= part
            tokens, room = tokens + part, room - part
        if pool.is_static:
            if replica.waiting and not self.is_due(replica, now):
                self.rest(replica, now)
                replica.event_s = min(self.ready_s[each] for each in replica.waiting) + pool.window_s
                return
            size = self.batch_size(replica, now)
            while replica.waiting and len(replica.running) < size:
                for joining in self.next_of(replica, now):
                    self.left[joining] = 1
                    tokens += self.tokens[joining]
                    replica.running.append(joining)
        else:
            while replica.waiting and replica.in_progress < pool.slots:
                if room <= 0 if pool.chunk_tokens > 0 else replica.reading:
                    break
                for joining in self.next_of(replica, now):
                    whole = self.tokens[joining]
                    part = min(whole, room) if pool.chunk_tokens > 0 else whole
                    self.unread[joining] = whole - part
                    tokens, room = tokens + part, room - part
                    replica.reading.append(joining)
        if replica.in_progress == 0:
            self.rest(replica, now)
            return
        if replica.busy_from_s is None:
            replica.busy_from_s = now
        replica.event_s = now + self.length_s(replica, tokens)

    def rest(self, replica: _Replica, now: float) -> None:
        replica.event_s = _NEVER
        if replica.busy_from_s is not None:
            replica.busy_s += now - replica.busy_from_s
            replica.busy_from_s = None

    def length_s(self, replica: _Replica, tokens: int) -> float:
        pool = replica.pool
        if replica.reading and pool.chunk_tokens == 0:
            return pool.gamma_s * tokens
        eldest = replica.running[0] if replica.running else replica.reading[0]
        noise = self.jitter[(eldest * 7919 + self.left[eldest]) % _JITTERS]
        return float((pool.alpha_s + pool.beta_s * len(replica.running)) * noise + pool.gamma_s * tokens)

    def is_due(self, replica: _Replica, now: float) -> bool:
        """Whether a batch starts now: one of its sizes is full, or the window of the first has closed."""
        return bool(self.full_sizes(replica)) or self.is_over(replica, now)

    def is_over(self, replica: _Replica, now: float) -> bool:
        return min(self.ready_s[each] for each in replica.waiting) + replica.pool.window_s <= now

    def batch_size(self, replica: _Replica, now: float) -> int:
        """The largest size that is full; all that fit once the window has closed."""
        if not replica.waiting or self.is_over(replica, now):
            return replica.pool.slots
        return max(self.full_sizes(replica))

    def next_of(self, replica: _Replica, now: float) -> tuple[int, ...]:
        """Who is served next, out of the queue; nobody where that one has waited too long and is sent away."""
        call = min(replica.waiting, key=lambda each: self.turn(replica, each))
        replica.waiting.remove(call)
        name = self.request_class[call]
        if now - self.ready_s[call] > self.rules.max_wait_s.get(name, _NEVER):
            self.end[call] = int(CallEnd.FAILED)
            return ()
        self.begin_s[call] = now
        if self.rules.min_share:
            self.charge(replica, call)
        return (call,)

    def turn(self, replica: _Replica, call: int) -> tuple[float, float, float, int]:
        """Smaller is sooner: those to whom their share is owed, the largest debt first; then by lane and arrival."""
        name = self.request_class[call]
        credit_s = replica.credit_s.get(name, 0.0)
        is_owed = self.rules.min_share.get(name, 0.0) > 0 and credit_s >= 0
        rank = -1.0 if is_owed else float(self.rules.lane.get(name, 10**6))
        return rank, -credit_s if is_owed else 0.0, self.ready_s[call], call

    def charge(self, replica: _Replica, call: int) -> None:
        """A call that begins gives those who wait their share of its work, and takes its own work from its class."""
        pool, own = replica.pool, self.request_class[call]
        work_s = pool.gamma_s * self.tokens[call]
        work_s += (
            pool.alpha_s + pool.beta_s if pool.is_static else (pool.alpha_s + pool.beta_s) * self.left[call]
        )
        for name in {own, *(self.request_class[each] for each in replica.waiting)}:
            share = self.rules.min_share.get(name, 0.0)
            replica.credit_s[name] = replica.credit_s.get(name, 0.0) + share * work_s
        replica.credit_s[own] = max(replica.credit_s[own] - work_s, -work_s)


def served_by_rules(world: World, demand: Demand, rules: Rules) -> Served:
    """What becomes of the calls. Raises ValueError where a caller would give up, or a call break off."""
    return _Server(world, demand, rules).run()
