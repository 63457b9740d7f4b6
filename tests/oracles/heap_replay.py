"""The replay in plain Python: the same rules, a heap of events, objects instead of arrays.

Two uses. With `jumping=False` every decode step is an event of its own: the slow twin that the compiled
loop, which never looks at single steps, must equal. With `jumping=True` steps that change nothing are
passed at once, but where KV memory counts: what somebody would write who wants it fast and has only heapq.
"""

from __future__ import annotations

import heapq
import math
from collections import deque

import numpy as np

from costctl.simulate.lanes import FallbackCause, RefusalAction
from costctl.simulate.workload import CallStatus, Outcome, Pool, ServiceModel, Workload
from tests.oracles import heap_memory
from tests.oracles.heap_admission import is_admitted
from tests.oracles.heap_batches import due_s_of_batch, end_batch, start_batch
from tests.oracles.heap_capacity import Change, change, changes_of, switch_off
from tests.oracles.heap_dispatch import choose, parts_of
from tests.oracles.heap_refusals import expire, refuse
from tests.oracles.heap_timeouts import let_go, time_out, watch
from tests.oracles.heap_turns import Replica, charge, note_joining, queue_of, queue_to_serve, tokens_saved

ARRIVAL, TIMEOUT, REPLICA = range(3)  # as they come at one instant


class HeapReplay:
    def __init__(self, workload: Workload, pool_of: list[int], pools: list[Pool], *, jumping: bool) -> None:
        n = workload.size
        self.jumping = jumping
        self.own_pool = pool_of
        self.pool_of = list(pool_of)
        self.pools = pools
        self.after = workload.after.tolist()
        self.think_s = workload.think_s.tolist()
        self.tokens = workload.uncached_tokens.tolist()
        whole = workload.uncached_tokens if workload.prompt_tokens is None else workload.prompt_tokens
        self.prompt_tokens = whole.tolist()
        self.decode_steps = workload.decode_steps.tolist()
        self.lane = workload.lane.tolist()
        self.recorded = workload.replica.tolist()
        self.prefix = [-1] * n if workload.prefix is None else workload.prefix.tolist()
        self.tree = workload.prefix_tree
        has_cache = workload.prefix is not None and any(pool.setup.prefix_cache_tokens for pool in pools)
        self.spared_tokens = [0] * n if has_cache else None
        self.prefix_tokens = [0] * n if workload.prefix_tokens is None else workload.prefix_tokens.tolist()
        self.prompt = heap_memory.prompts_of(workload)
        self.tokens_left = list(self.tokens)
        self.joined_s, self.due_s = [math.nan] * n, [math.inf] * n
        self.attempts, self.fell_back, self.is_demoted = [0] * n, [0] * n, [False] * n
        self.has_fallbacks = any(pool.setup.lanes.has_fallbacks for pool in pools)
        self.came: list[tuple[float, int]] = []  # of calls that were let in: when, and which
        self.last_user: dict[tuple[int, int], Replica] = {}
        self.low_since_s: list[float | None] = [None] * len(pools)
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
        self.given = [0] * len(pools)
        for pool in pools:
            self.first_of.append(len(self.replicas))
            lanes = pool.setup.lanes
            for place in range(pool.setup.most_replicas):
                queues = lanes.count if lanes.is_shared else len(set(lanes.rank.tolist()))
                replica = Replica(
                    len(self.replicas), pool, [deque() for _ in range(queues)], [0] * lanes.count
                )
                replica.memory = heap_memory.memory_of(replica)
                if place >= pool.setup.replicas:
                    replica.state, replica.paid_from_s = "off", None
                self.replicas.append(replica)
        self.queue_of = [
            [queue_of(self.replicas[first], lane) for lane in range(pool.setup.lanes.count)]
            for first, pool in zip(self.first_of, pools, strict=True)
        ]
        self.changes: list[Change] = changes_of(self)

    def run(self, until_s: float) -> Outcome:
        now = 0.0
        while True:
            while self.events and self.is_stale(*self.events[0]):
                heapq.heappop(self.events)
            if not self.events:
                break
            at_s, kind, index = self.events[0]
            if self.changes and self.changes[0][0] <= at_s:
                at_s = self.changes[0][0]
                if at_s > until_s:
                    break
                now, kind, _, subject = heapq.heappop(self.changes)
                change(self, now, kind, subject)
                continue
            if at_s > until_s:
                break
            now = at_s
            heapq.heappop(self.events)
            if kind == ARRIVAL:
                self.arrive(index, now)
            elif kind == TIMEOUT:
                time_out(self, index, now)
            else:
                self.replicas[index].event_s = math.inf
                self.act(self.replicas[index], now)
        return self.outcome(now if until_s == math.inf else until_s)

    def is_stale(self, at_s: float, kind: int, index: int) -> bool:
        if kind == TIMEOUT:
            return self.due_s[index] != at_s
        return kind == REPLICA and self.replicas[index].event_s != at_s

    def outcome(self, horizon_s: float) -> Outcome:
        for replica in self.replicas:
            if replica.doing != "nothing":
                replica.busy_s += horizon_s - replica.busy_from_s
            if replica.paid_from_s is not None:
                replica.paid_s += horizon_s - replica.paid_from_s
        return Outcome(
            arrival_s=np.array(self.arrival_s),
            begin_s=np.array(self.begin_s),
            first_token_s=np.array(self.first_token_s),
            end_s=np.array(self.end_s),
            replica=np.array(self.served_by, np.int64),
            status=np.array([int(status) for status in self.status], np.int64),
            busy_s=np.array([replica.busy_s for replica in self.replicas]),
            horizon_s=horizon_s,
            attempts=np.array(self.attempts, np.int64),
            pool=np.array(self.pool_of, np.int64),
            paid_s=np.array([replica.paid_s for replica in self.replicas]),
            spared_tokens=None if self.spared_tokens is None else np.array(self.spared_tokens, np.int64),
            preemptions=heap_memory.preemptions_of(self.replicas),
            fell_back=np.array(self.fell_back) if self.has_fallbacks else None,
        )

    def schedule(self, replica: Replica, at_s: float) -> None:
        if replica.event_s != at_s:
            replica.event_s = at_s
            heapq.heappush(self.events, (at_s, REPLICA, replica.number))

    def replicas_of(self, pool: int) -> list[Replica]:
        first = self.first_of[pool]
        return self.replicas[first : first + self.pools[pool].setup.most_replicas]

    def lane_now(self, call: int) -> int:
        own = self.lane[call]
        return (
            int(self.pools[self.pool_of[call]].setup.lanes.demote_to[own]) if self.is_demoted[call] else own
        )

    def arrive(self, call: int, now: float) -> None:
        if self.attempts[call] == 0:
            self.arrival_s[call] = now
        self.attempts[call] += 1
        self.joined_s[call] = now
        self.status[call] = CallStatus.IN_FLIGHT
        self.served_by[call], self.is_demoted[call] = -1, False
        watch(self, call, now)
        if not is_admitted(self, call, now):
            refuse(self, call, FallbackCause.OVERLOAD, now)
            return
        if self.is_shed(call) and not (self.may_demote(call) and not self.is_shed(call)):
            refuse(self, call, FallbackCause.OVERLOAD, now)
        else:
            self.dispatch(call, now)

    def is_shed(self, call: int) -> bool:
        shed_above = self.pools[self.pool_of[call]].setup.lanes.shed_above[self.lane_now(call)]
        if shed_above == math.inf:
            return False
        mine = self.replicas_of(self.pool_of[call])
        up = sum(each.state == "up" for each in mine)
        return bool(sum(sum(each.waiting) for each in mine) > shed_above * max(up, 1))

    def may_demote(self, call: int) -> bool:
        """Demotes the call where its own lane says so for a refusal, once."""
        rule = self.pools[self.pool_of[call]].setup.lanes.on_refusal[self.lane[call]]
        if rule != RefusalAction.DEMOTE or self.is_demoted[call]:
            return False
        self.is_demoted[call] = True
        return True

    def dispatch(self, call: int, now: float) -> None:
        lane = self.lane_now(call)
        replica = choose(self, call)
        self.served_by[call] = -1 if replica is None else replica.number
        if replica is None:
            refuse(self, call, FallbackCause.ERROR, now)
            return
        if heap_memory.never_fits(self, replica, call):
            refuse(self, call, FallbackCause.CONTEXT_WINDOW, now)
            return
        if self.is_full(replica, lane):
            if not self.may_demote(call) or self.is_shed(call) or self.is_full(replica, self.lane_now(call)):
                refuse(self, call, FallbackCause.OVERLOAD, now)
                return
            lane = self.lane_now(call)
        self.wait(replica, lane, call)
        if replica.doing == "nothing":
            self.schedule(replica, due_s_of_batch(self, replica, now))
        elif replica.doing == "stepping" and replica.in_progress < replica.pool.setup.max_num_seqs:
            self.schedule(replica, self.next_boundary_s(replica, now))
            heap_memory.note_arrival(replica)

    def is_full(self, replica: Replica, lane: int) -> bool:
        limit = int(replica.pool.setup.lanes.queue_limit[lane])
        return limit >= 0 and replica.waiting[lane] >= limit + (replica.in_progress == 0)

    def wait(self, replica: Replica, lane: int, call: int) -> None:
        note_joining(replica, lane)
        replica.queues[self.queue_of[self.pool_of[call]][lane]].append(call)
        replica.waiting[lane] += 1

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
        has_left = let_go(self, replica)
        if replica.pool.model.discipline == "static":
            end_batch(self, replica, now)
            start_batch(self, replica, now)
        elif replica.memory is not None:
            heap_memory.pass_boundary(self, replica, now)
        else:
            self.pass_boundary(replica, now, has_left)
        if replica.state == "draining" and replica.outstanding == 0:
            switch_off(replica, now)

    def pass_boundary(self, replica: Replica, now: float, has_left: bool) -> None:
        has_news = has_left or self.jumping
        if replica.doing == "stepping" and not has_news and not self.is_anything_new(replica):
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
        call = self.next_to_serve(replica, now)
        if call is None:
            return 0
        tokens = self.begin(replica, call, now)
        self.tokens_left[call] = 0
        replica.prefilling.append(call)
        return tokens

    def begin(self, replica: Replica, call: int, now: float) -> int:
        """The tokens that the call has to prefill."""
        self.begin_s[call] = now
        charge(replica, self.lane_now(call), self.tokens[call], self.decode_steps[call])
        parts = parts_of(self.tree, self.prefix[call], self.prefix_tokens[call])
        saved = max(min(tokens_saved(replica, parts), self.prompt_tokens[call] - 1), 0)
        knows_blocks = replica.memory is not None and replica.memory.is_caching
        for prefix in [each for each, _, _ in parts if each in replica.held and not knows_blocks]:
            self.last_user[self.pool_of[call], prefix] = replica
        if self.spared_tokens is not None and replica.pool.setup.prefix_cache_tokens and parts:
            self.spared_tokens[call] = saved
        if replica.pool.setup.prefix_cache_tokens and parts:
            return self.prompt_tokens[call] - saved
        return self.tokens[call]

    def fill_step(self, replica: Replica, now: float) -> int:
        setup = replica.pool.setup
        room = budget = max(setup.max_batched_tokens - len(replica.decoding), 1)
        for call in replica.prefilling:
            part = min(self.tokens_left[call], room)
            self.tokens_left[call] -= part
            room -= part
        while room > 0 and replica.in_progress < setup.max_num_seqs:
            call = self.next_to_serve(replica, now)
            if call is None:
                break
            self.tokens_left[call] = self.begin(replica, call, now)
            replica.prefilling.append(call)
            part = min(self.tokens_left[call], room)
            self.tokens_left[call] -= part
            room -= part
        return budget - room

    def next_to_serve(self, replica: Replica, now: float) -> int | None:
        while (queue := queue_to_serve(replica, self.joined_s)) is not None:
            call = replica.queues[queue].popleft()
            lane = self.lane_now(call)
            replica.waiting[lane] -= 1
            if now - self.joined_s[call] <= replica.pool.setup.lanes.time_to_live_s[lane]:
                return call
            expire(self, replica, call, lane, now)
        return None

    def end_call(self, call: int, now: float) -> None:
        self.end_s[call], self.due_s[call] = now, math.inf
        self.status[call] = CallStatus.SERVED
        for follower in self.followers[call]:
            heapq.heappush(self.events, (now + self.think_s[follower], ARRIVAL, follower))


def heap_replay(
    workload: Workload, pool_of: list[int], pools: list[Pool], until_s: float = math.inf
) -> Outcome:
    """Jumps over steps that change nothing."""
    return HeapReplay(workload, pool_of, pools, jumping=True).run(until_s)


def stepwise_replay(
    workload: Workload, pool_of: list[int], pools: list[Pool], until_s: float = math.inf
) -> Outcome:
    """Passes every decode step one by one."""
    return HeapReplay(workload, pool_of, pools, jumping=False).run(until_s)
