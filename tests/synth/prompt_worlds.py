"""Prompts on replicas: of agents that go on from what was said, and of people who ask the same. How a plain loop serves
them, and the log that is left.

The loop is the plain twin of the replay (tests/oracles/heap_replay.py), which shares no code with what is advised on.
"""

from __future__ import annotations

import dataclasses
import json
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from costctl.observation import Question
from costctl.simulate.lanes import Lanes
from costctl.simulate.workload import Outcome, Pool, PoolSetup, PrefixTree, ServiceModel, Workload
from tests.oracles.heap_replay import HeapReplay

START_NS = 1_795_000_000_000_000_000
USD_PER_HOUR = 4.0
HOT = """
[storage.hot]
usd_per_gb_month = 0.1
usd_per_1k_reads = 0.0004
p50_read_s = 0.001
match = { "db.namespace" = "hot" }
"""
SYSTEM = 700  # tokens of what all agents are told first


@dataclass(frozen=True)
class PromptWorld:
    """Calls of agents, one after the other within each, and the pool that serves them. session: of each call."""

    seconds: float
    workload: Workload
    session: np.ndarray
    parts: list[
        list[tuple[str, int]]
    ]  # of each call: the key of each beginning of its prompt, and the tokens to its end
    pool: Pool
    asked: list[str] | None = None  # of each call, what decides its answer

    def served(self, **changes: object) -> Outcome:
        """What becomes of the calls; with these changes of the pool's rules."""
        pool = Pool(self.pool.model, dataclasses.replace(self.pool.setup, **changes))
        calls = [0] * self.workload.size
        return HeapReplay(self.workload, calls, [pool], jumping=True).run(np.inf)

    def usd_per_week(self, busy_s: float) -> float:
        """Busy seconds of the window as USD a week of the same traffic."""
        return busy_s / 3600.0 * USD_PER_HOUR * 7 * 86_400.0 / self.seconds


def agents(seed: int, *, is_shared: bool = True, replicas: int = 4, sessions: int = 420) -> PromptWorld:
    """The world of a seed. is_shared: what was said stays the beginning of the next turn; else each prompt is new."""
    draw = np.random.default_rng([seed, 77])
    seconds = 3600.0
    turns = draw.integers(2, 8, sessions)
    begins_s = np.sort(draw.uniform(0.0, seconds * 0.96, sessions))
    rows: list[tuple[float, int, int, float, list[tuple[str, int]], int]] = []
    for number in range(sessions):
        chain, tokens = [("system", SYSTEM)], SYSTEM
        at_s = float(begins_s[number])
        for turn in range(int(turns[number])):
            tokens += int(draw.integers(150, 900))
            chain = [*chain, (f"{number}.{turn}.asked", tokens)]
            answer = int(draw.integers(30, 120))
            told = chain if is_shared else [(f"{number}.{turn}.new", tokens)]
            rows.append((at_s, number, turn, float(draw.uniform(0.5, 4.0)), told, answer))
            tokens += answer
            chain = [*chain, (f"{number}.{turn}.answered", tokens)]
            at_s += 8.0
    rows.sort(key=lambda row: row[:3])
    place = {(row[1], row[2]): index for index, row in enumerate(rows)}
    after = np.array([place.get((row[1], row[2] - 1), -1) for row in rows])
    setup = PoolSetup(
        replicas=replicas,
        max_num_seqs=64,
        dispatch="round_robin",
        batch_window_s=0.0,
        lanes=Lanes.plain(1),
        prefix_cache_tokens=int(draw.integers(60_000, 120_000)),
    )
    model = ServiceModel(
        "continuous",
        float(draw.uniform(0.01, 0.02)),
        float(draw.uniform(0.0005, 0.001)),
        float(draw.uniform(1e-4, 3e-4)),
    )
    n = len(rows)
    prefix, tokens_of, tree = numbered([row[4] for row in rows])
    whole = np.array([row[4][-1][1] for row in rows])
    workload = Workload(
        arrival_s=np.array([row[0] for row in rows]),
        after=after,
        think_s=np.where(after >= 0, [row[3] for row in rows], 0.0),
        uncached_tokens=whole,
        decode_steps=np.array([row[5] for row in rows]) - 1,
        lane=np.zeros(n, np.int64),
        replica=np.full(n, -1),
        prefix=prefix,
        prefix_tokens=tokens_of,
        prefix_tree=tree,
    )
    return PromptWorld(
        seconds, workload, np.array([row[1] for row in rows]), [row[4] for row in rows], Pool(model, setup)
    )


def askers(seed: int, *, repeats: float = 0.35, calls: int = 2400, replicas: int = 2) -> PromptWorld:
    """Questions of one call each. repeats: the part that is drawn from 150 questions, few of which are asked often."""
    draw = np.random.default_rng([seed, 78])
    seconds = 3600.0
    weights = 1.0 / np.arange(1, 151)
    often = draw.choice(150, calls, p=weights / weights.sum())
    is_often = draw.random(calls) < repeats
    asked = [f"often {often[call]}" if is_often[call] else f"once {call}" for call in range(calls)]
    length = {
        name: (int(draw.integers(80, 900)), int(draw.integers(40, 220))) for name in dict.fromkeys(asked)
    }
    whole = np.array([length[name][0] for name in asked])
    setup = PoolSetup(replicas, 64, "least_outstanding", 0.0, Lanes.plain(1))
    model = ServiceModel(
        "continuous", float(draw.uniform(0.01, 0.02)), float(draw.uniform(0.0005, 0.001)), 1e-4
    )
    workload = Workload(
        arrival_s=np.sort(draw.uniform(0.0, seconds * 0.99, calls)),
        after=np.full(calls, -1),
        think_s=np.zeros(calls),
        uncached_tokens=whole,
        decode_steps=np.array([length[name][1] for name in asked]) - 1,
        lane=np.zeros(calls, np.int64),
        replica=np.full(calls, -1),
    )
    parts = [[(name, length[name][0])] for name in asked]
    return PromptWorld(seconds, workload, np.arange(calls), parts, Pool(model, setup), asked)


def served_with_cache(world: PromptWorld, capacity_bytes: float) -> Outcome:
    """What becomes of the calls that are left when a list of the latest answers has the others."""
    assert world.asked is not None
    end_s = world.served().end_s
    held: OrderedDict[str, tuple[int, float]] = OrderedDict()
    is_left = np.ones(world.workload.size, np.bool_)
    for call, name in enumerate(world.asked):
        now = float(world.workload.arrival_s[call])
        had = held.pop(name, None)
        if had is not None and had[1] <= now:
            is_left[call] = False
        size = 4 * (int(world.workload.decode_steps[call]) + 1)
        held[name] = (size, had[1] if had is not None and had[1] <= now else float(end_s[call]))
        while sum(size for size, _ in held.values()) > capacity_bytes:
            held.popitem(last=False)
    which = np.flatnonzero(is_left)
    columns = {
        name: getattr(world.workload, name)[which]
        for name in ("arrival_s", "after", "think_s", "uncached_tokens", "decode_steps", "lane", "replica")
    }
    left = dataclasses.replace(world, workload=Workload(**columns), asked=None)
    return left.served()


def numbered(prompts: list[list[tuple[str, int]]]) -> tuple[np.ndarray, np.ndarray, PrefixTree]:
    """Of each prompt the number of its last beginning and its end, and the tree of all beginnings."""
    number: dict[tuple[int, str], int] = {}
    parent, begins, last, ends = [], [], [], []
    for prompt in prompts:
        before, end_before = -1, 0
        for key, end in prompt:
            node = (before, key)
            if node not in number:
                number[node] = len(number)
                parent.append(before)
                begins.append(end_before)
            before, end_before = number[node], end
        last.append(before)
        ends.append(end_before)
    return np.array(last), np.array(ends), PrefixTree(np.array(parent), np.array(begins))


def written(world: PromptWorld, folder: Path, settings: str = "", **changes: object) -> Question:
    """The world as the log that its gateway would leave, with hashes of its prompts, and what its operators declare."""
    outcome = world.served(**changes)
    lines = [json.dumps(_row(world, outcome, call)) for call in range(world.workload.size)]
    (folder / "calls.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (folder / "costctl.toml").write_text(
        f"""[pools.llm]
usd_per_replica_hour = {USD_PER_HOUR}
replicas = {world.pool.setup.replicas}
max_num_seqs = {world.pool.setup.max_num_seqs}
models = ["llama"]
match = {{ "service.name" = "llm" }}
{_cache_line(world)}
{settings}""",
        encoding="utf-8",
    )
    return Question(paths=(str(folder / "calls.jsonl"),), config=folder / "costctl.toml")


def _cache_line(world: PromptWorld) -> str:
    tokens = world.pool.setup.prefix_cache_tokens
    return f"prefix_cache_tokens = {tokens}" if tokens else ""


def _row(world: PromptWorld, outcome: Outcome, call: int) -> dict[str, object]:
    spared = 0 if outcome.spared_tokens is None else int(outcome.spared_tokens[call])

    def ns(at_s: float) -> int:
        return START_NS + round(at_s * 1e9)

    arrival_s = float(outcome.arrival_s[call])
    whole = int(world.workload.uncached_tokens[call])
    return {
        "trace_id": f"{int(world.session[call]) + 1:032x}",
        "span_id": f"{call + 1:016x}",
        "parent_span_id": f"{(1 << 48) + int(world.session[call]):016x}",
        "name": "/v1/agent",
        "start_ns": ns(arrival_s),
        "end_ns": ns(float(outcome.end_s[call])),
        "status": "ok",
        "service": "llm",
        "replica_id": f"llm-{int(outcome.replica[call])}",
        "operation": "chat",
        "provider": "self_hosted",
        "model_served": "llama",
        "input_tokens": whole,
        "cached_input_tokens": spared,
        "output_tokens": int(world.workload.decode_steps[call]) + 1,
        "queue_s": round(float(outcome.begin_s[call]) - arrival_s, 9),
        "ttft_s": round(float(outcome.first_token_s[call]) - arrival_s, 9),
        "content_key": None if world.asked is None else world.asked[call],
        "prefix_keys": [key for key, _ in world.parts[call]],
        "prefix_tokens": [end for _, end in world.parts[call]],
    }
