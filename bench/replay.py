"""How fast is the compiled replay, beside a heap of events in plain Python and beside simpy?

Run from the checkout: `python -m bench.replay`. The same workload goes to all three in turn, several rounds,
in one process; compiling is left out. Prints calls per second and ratios of medians with their range over
rounds. simpy passes every decode step, as its processes are naturally written; the heap jumps over steps
that change nothing, as the compiled loop does. All three must give the same ends.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from costctl.simulate.lanes import Lanes
from costctl.simulate.replay import replay
from costctl.simulate.workload import Outcome, Pool, PoolSetup, ServiceModel, Workload

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
from oracles.heap_replay import heap_replay
from oracles.simpy_replay import simpy_replay

CALLS, SIMPY_CALLS, ROUNDS, TIMES_OURS = 20_000, 1_000, 5, 10


class Scene(NamedTuple):
    name: str
    rate_per_s: float
    model: ServiceModel
    replicas: int


CHAT = ServiceModel("continuous", alpha_s=0.012, beta_s=0.0003, gamma_s=0.00004)
EMBEDDING = ServiceModel("static", alpha_s=0.004, beta_s=0.0004, gamma_s=1e-7)
SCENES = (
    Scene("continuous, 1 replica", 3.0, CHAT, 1),
    Scene("continuous, 8 replicas", 24.0, CHAT, 8),
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
        lane=draw.integers(0, 3, calls),
        replica=np.full(calls, -1),
    )


def setup_of(scene: Scene) -> PoolSetup:
    return PoolSetup(
        replicas=scene.replicas,
        max_num_seqs=64,
        dispatch="least_outstanding",
        batch_window_s=0.005,
        lanes=replace(
            Lanes.plain(3), rank=np.arange(3), queue_limit=np.full(3, 500), time_to_live_s=np.full(3, 60.0)
        ),
    )


def calls_per_s(run: Callable[[], Outcome], calls: int) -> tuple[float, Outcome]:
    begin = time.perf_counter()
    outcome = run()
    return calls / (time.perf_counter() - begin), outcome


def ratio_text(ours: list[float], theirs: list[float]) -> str:
    ratios = [mine / other for mine, other in zip(ours, theirs, strict=True)]
    return f"{statistics.median(ratios):8.0f}x ({min(ratios):.0f}-{max(ratios):.0f})"


def measure(scene: Scene, rounds: int) -> None:
    setup = setup_of(scene)
    workload, short = workload_of(scene, CALLS), workload_of(scene, SIMPY_CALLS)
    pool_of, pools = [0] * CALLS, [Pool(scene.model, setup)]
    long_workload = workload_of(scene, CALLS * TIMES_OURS)
    replay(short, scene.model, setup)  # compiles
    ours, heap, processes = [], [], []
    for _ in range(rounds):
        speed, _ = calls_per_s(lambda: replay(long_workload, scene.model, setup), long_workload.size)
        ours.append(speed)
        speed, twin = calls_per_s(lambda: heap_replay(workload, pool_of, pools), CALLS)
        heap.append(speed)
        speed, simpy_twin = calls_per_s(lambda: simpy_replay(short, scene.model, setup), SIMPY_CALLS)
        processes.append(speed)
        np.testing.assert_allclose(replay(workload, scene.model, setup).end_s, twin.end_s, atol=1e-9)
        np.testing.assert_allclose(replay(short, scene.model, setup).end_s, simpy_twin.end_s, atol=1e-6)
    speeds = "  ".join(f"{statistics.median(each):12,.0f}" for each in (ours, heap, processes))
    print(f"{scene.name:24}  {speeds}  {ratio_text(ours, heap):>22}  {ratio_text(ours, processes):>26}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    rounds = parser.parse_args().rounds
    print("calls per second, median of rounds; ratios paired by round")
    print(
        f"{'':24}  {'compiled':>12}  {'heap loop':>12}  {'simpy':>12}  {'to heap loop':>22}  {'to simpy':>26}"
    )
    for scene in SCENES:
        measure(scene, rounds)


if __name__ == "__main__":
    main()
