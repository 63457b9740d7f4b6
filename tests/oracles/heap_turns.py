"""Who is served next at a replica of the plain Python replay, and which prefixes does it hold?

Lists and dicts, one object a replica; shares no code with the compiled loop.
"""

from __future__ import annotations

import math
from collections import OrderedDict, deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from costctl.simulate.workload import Pool

if TYPE_CHECKING:
    from tests.oracles.heap_memory import Memory


@dataclass(slots=True)
class Replica:
    number: int
    pool: Pool
    queues: list[deque[int]]  # by level or, where lanes share, by lane
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
    state: str = "up"
    state_after: str = "up"
    ready_s: float = math.inf
    paid_from_s: float | None = 0.0
    paid_s: float = 0.0
    tag: dict[int, float] = field(default_factory=dict)  # virtual start of each lane
    virtual: dict[int, float] = field(default_factory=dict)  # virtual time of each rank
    credit_s: dict[int, float] = field(default_factory=dict)
    held: OrderedDict[int, int] = field(default_factory=OrderedDict)  # prefix: tokens, oldest first
    leaving: list[int] = field(default_factory=list)  # broken off, until the next boundary
    paused: list[int] = field(default_factory=list)  # pre-empted calls, in the order in which they come back
    memory: Memory | None = None

    @property
    def in_progress(self) -> int:
        at_work = len(self.prefilling) + len(self.decoding) + len(self.batch)
        return at_work + len(self.paused) + len(self.leaving)

    @property
    def outstanding(self) -> int:
        return sum(self.waiting) + self.in_progress


def queue_of(replica: Replica, lane: int) -> int:
    lanes = replica.pool.setup.lanes
    if lanes.is_shared:
        return lane
    return sorted(set(lanes.rank.tolist())).index(int(lanes.rank[lane]))


def queue_to_serve(replica: Replica, joined_s: list[float]) -> int | None:
    """The queue whose first call is served next."""
    if not any(replica.waiting):
        return None
    lanes = replica.pool.setup.lanes
    if not lanes.is_shared:
        return next(number for number, queue in enumerate(replica.queues) if queue)
    waiting = [lane for lane, queue in enumerate(replica.queues) if queue]
    owed = [lane for lane in waiting if lanes.min_share[lane] > 0 and replica.credit_s.get(lane, 0.0) >= 0]
    if owed:
        return min(owed, key=lambda lane: (-replica.credit_s.get(lane, 0.0), lane))

    def turn(lane: int) -> tuple[float, float, float, int]:
        first = replica.queues[lane][0]
        tag = 0.0 if lanes.weight is None else replica.tag.get(lane, 0.0)
        return float(lanes.rank[lane]), tag, joined_s[first], first

    return min(waiting, key=turn)


def note_joining(replica: Replica, lane: int) -> None:
    """A lane of weight that was empty starts at the virtual time of its rank."""
    lanes = replica.pool.setup.lanes
    if lanes.weight is not None and replica.waiting[lane] == 0:
        rank = int(lanes.rank[lane])
        replica.tag[lane] = max(replica.tag.get(lane, 0.0), replica.virtual.get(rank, 0.0))


def charge(replica: Replica, lane: int, tokens: int, decode_steps: int) -> None:
    """The work of a call that begins, against its lane's weight and all minimum shares."""
    lanes, model = replica.pool.setup.lanes, replica.pool.model
    if not lanes.is_shared:
        return
    if model.discipline == "static":
        work_s = model.alpha_s + model.beta_s + model.gamma_s * tokens
    else:
        contexts = sum(tokens + 1 + step for step in range(decode_steps))
        work_s = (
            model.gamma_s * tokens + (model.alpha_s + model.beta_s) * decode_steps + model.kappa_s * contexts
        )
    if lanes.weight is not None:
        is_out_of_turn = lanes.min_share[lane] > 0 and replica.credit_s.get(lane, 0.0) >= 0
        if not is_out_of_turn:
            replica.virtual[int(lanes.rank[lane])] = replica.tag.get(lane, 0.0)
        replica.tag[lane] = replica.tag.get(lane, 0.0) + work_s / float(lanes.weight[lane])
    for each in range(len(replica.waiting)):
        if each == lane or replica.waiting[each] > 0:
            replica.credit_s[each] = replica.credit_s.get(each, 0.0) + float(lanes.min_share[each]) * work_s
    replica.credit_s[lane] = max(replica.credit_s[lane] - work_s, -work_s)


def tokens_saved(replica: Replica, parts: list[tuple[int, int, int]]) -> int:
    """What the replica has of a prompt; from now on it has all of it, as far as it fits.

    parts: of its beginning, from the first: prefix, and the tokens from and up to which it goes.
    """
    capacity = replica.pool.setup.prefix_cache_tokens
    if capacity == 0:
        return 0
    saved = 0
    keeps: dict[int, int] = {}
    for prefix, begins, end in parts:
        had = replica.held.get(prefix, 0)
        saved = max(saved, min(begins + had, end) if had else 0)
        wanted = max(had, end - begins)
        keeps[prefix] = wanted if begins + wanted <= capacity else had
    # The whole prompt comes before all else; of what is left, the latest used that fit without a gap.
    others = [(prefix, tokens) for prefix, tokens in replica.held.items() if prefix not in keeps]
    room = capacity - sum(keeps.values())
    while sum(tokens for _, tokens in others) > room:
        others.pop(0)
    own = [(prefix, tokens) for prefix, tokens in reversed(keeps.items()) if tokens > 0]
    replica.held = OrderedDict([*others, *own])
    return saved
