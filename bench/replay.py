"""How fast is the compiled replay, beside a heap of events in plain Python and beside simpy?

Run from the checkout: `python -m bench.replay`. The same workload goes to all three in turn, several rounds,
in one process; compiling is left out. Prints calls per second of processor time, and ratios with their range
over rounds. simpy passes every decode step, as its processes are naturally written; the heap jumps over steps
that change nothing, as the compiled loop does, but for KV memory, which it counts at every step. All three must give
the same ends.

Then a day of a million requests under a grid of a hundred policies, on two threads.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from costctl.simulate.lanes import Lanes
from costctl.simulate.outcome_measures import is_served
from costctl.simulate.workload import Outcome, Pool, PoolSetup, ServiceModel, Workload
from tests.oracles.heap_replay import heap_replay
from tests.oracles.one_pool import replay
from tests.oracles.simpy_replay import simpy_replay

CALLS, SIMPY_CALLS, ROUNDS, TIMES_OURS = 20_000, 1_000, 5, 50
DAY_CALLS, DAY_S, THREADS = 1_000_000, 86_400.0, 2


class Scene(NamedTuple):
    name: str
    rate_per_s: float
    model: ServiceModel
    replicas: int
    lanes: int = 3
    max_num_seqs: int = 64
    kv_tokens: int | None = None


CHAT = ServiceModel("continuous", alpha_s=0.012, beta_s=0.0003, gamma_s=0.00004)
ATTENTIVE = replace(CHAT, kappa_s=2e-8)
EMBEDDING = ServiceModel("static", alpha_s=0.004, beta_s=0.0004, gamma_s=1e-7)
ONE_BY_ONE = ServiceModel("static", alpha_s=0.0, beta_s=0.0, gamma_s=0.001)
SCENES = (
    Scene("one lane, one by one", 0.5, ONE_BY_ONE, 1, lanes=1, max_num_seqs=1),
    Scene("continuous, 1 replica", 3.0, CHAT, 1),
    Scene("continuous, 8 replicas", 24.0, CHAT, 8),
    Scene("lanes and KV memory, 1 replica", 2.0, ATTENTIVE, 1, kv_tokens=24_000),
    Scene("lanes and KV memory, 8 replicas", 20.0, ATTENTIVE, 8, kv_tokens=24_000),
    Scene("static, 1 replica", 800.0, EMBEDDING, 1),
    Scene("static, 8 replicas", 6400.0, EMBEDDING, 8),
)


def workload_of(scene: Scene, calls: int) -> Workload:
    draw = np.random.default_rng(1)
    return Workload(
        arrival_s=np.cumsum(draw.exponential(1 / scene.rate_per_s, calls)),
        after=np.full(calls, -1),
        think_s=np.zeros(calls),
        uncached_tokens=draw.integers(50, 3000, calls),
        decode_steps=draw.geometric(1 / 250, calls) - 1,
        lane=draw.integers(0, scene.lanes, calls),
        replica=np.full(calls, -1),
    )


def setup_of(scene: Scene) -> PoolSetup:
    """Strict ranks, bounded queues and time-outs; a single lane is first come, first served, without limits."""
    limited = replace(
        Lanes.plain(3), rank=np.arange(3), queue_limit=np.full(3, 500), time_to_live_s=np.full(3, 60.0)
    )
    return PoolSetup(
        replicas=scene.replicas,
        max_num_seqs=scene.max_num_seqs,
        dispatch="least_outstanding",
        batch_window_s=0.005 if scene.max_num_seqs > 1 else 0.0,
        lanes=limited if scene.lanes == 3 else Lanes.plain(scene.lanes),
        kv_tokens=scene.kv_tokens,
    )


def policies() -> list[PoolSetup]:
    """A hundred settings of one pool: replicas, slots, queue limits, and whether lanes are ranked or share."""
    day = setup_of(Scene("day", DAY_CALLS / DAY_S, CHAT, 4))
    lanes = (day.lanes, replace(day.lanes, rank=np.zeros(3, np.int64), weight=np.array([4.0, 2.0, 1.0])))
    return [
        replace(
            day,
            replicas=replicas,
            max_num_seqs=slots,
            lanes=replace(kind, queue_limit=np.full(3, limit)),
        )
        for replicas in (2, 3, 4, 5, 6)
        for slots in (32, 64)
        for limit in (5, 20, 50, 200, -1)
        for kind in lanes
    ]


def measure_grid() -> None:
    workload = workload_of(Scene("day", DAY_CALLS / DAY_S, CHAT, 4), DAY_CALLS)
    setups = policies()
    replay(workload_of(SCENES[0], 10), CHAT, setups[0])

    def served(setup: PoolSetup) -> int:
        return int(is_served(replay(workload, CHAT, setup)).sum())

    begin = time.perf_counter()
    with ThreadPoolExecutor(THREADS) as threads:
        counts = list(threads.map(served, setups))
    took_s = time.perf_counter() - begin
    print(
        f"a day of {DAY_CALLS:,} requests under {len(setups)} policies on {THREADS} threads: {took_s:.1f} s; "
        f"served {min(counts):,} to {max(counts):,}"
    )


def calls_per_s(run: Callable[[], Outcome], calls: int) -> tuple[float, Outcome]:
    begin = time.process_time()
    outcome = run()
    return calls / (time.process_time() - begin), outcome


def ratio_text(ours: list[float], theirs: list[float]) -> str:
    ratios = [mine / other for mine, other in zip(ours, theirs, strict=True)]
    return f"{statistics.median(ratios):8.0f}x ({min(ratios):.0f}-{max(ratios):.0f})"


def measure(scene: Scene, rounds: int) -> None:
    setup = setup_of(scene)
    calls = CALLS if scene.kv_tokens is None else SIMPY_CALLS  # the heap passes every step then
    workload, short = workload_of(scene, calls), workload_of(scene, SIMPY_CALLS)
    pool_of, pools = [0] * calls, [Pool(scene.model, setup)]
    long_workload = workload_of(scene, CALLS * TIMES_OURS)
    replay(short, scene.model, setup)  # compiles
    ours, heap, processes = [], [], []
    for _ in range(rounds):
        speed, _ = calls_per_s(lambda: replay(long_workload, scene.model, setup), long_workload.size)
        ours.append(speed)
        speed, twin = calls_per_s(lambda: heap_replay(workload, pool_of, pools), calls)
        heap.append(speed)
        speed, simpy_twin = calls_per_s(lambda: simpy_replay(short, scene.model, setup), SIMPY_CALLS)
        processes.append(speed)
        np.testing.assert_allclose(replay(workload, scene.model, setup).end_s, twin.end_s, atol=1e-9)
        np.testing.assert_allclose(replay(short, scene.model, setup).end_s, simpy_twin.end_s, atol=1e-6)
    speeds = "  ".join(f"{statistics.median(each):12,.0f}" for each in (ours, heap, processes))
    print(f"{scene.name:32}  {speeds}  {ratio_text(ours, heap):>22}  {ratio_text(ours, processes):>26}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    rounds = parser.parse_args().rounds
    print("calls per second, median of rounds; ratios paired by round")
    print(
        f"{'':32}  {'compiled':>12}  {'heap loop':>12}  {'simpy':>12}  {'to heap loop':>22}  {'to simpy':>26}"
    )
    for scene in SCENES:
        measure(scene, rounds)
    measure_grid()


if __name__ == "__main__":
    main()
