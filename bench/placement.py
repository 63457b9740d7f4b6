"""How long does the cheapest placement of many classes take, and how near to it is the proven bound?

100 classes on 8 pools over 24 hours, loads and prices drawn; whole classes and tenths of them, with and without a limit
on moves; and the same where pools stand in three regions, each class reads what lies in one of them, groups of five
the same, and copies may be kept in the others. `make bench` runs it.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Final

import numpy as np

from costctl.recommend.placement_copies import Copies
from costctl.recommend.placement_program import Problem, cheapest_placement

CLASSES: Final = 100
POOLS: Final = 8
HOURS: Final = 24
REGIONS: Final = 3
READERS: Final = 5  # classes that read the same
SEED: Final = 0


def problem_of(most_moves: int | None, parts: int) -> Problem:
    """Classes of 0.05 to 2 busy replicas on pools of other speeds, two thirds of which each may use."""
    rng = np.random.default_rng(SEED)
    of_class, of_pool = rng.uniform(0.05, 2.0, (CLASSES, 1, 1)), rng.uniform(0.6, 1.6, (1, POOLS, 1))
    rhythm = rng.uniform(0.3, 1.0, (CLASSES, 1, HOURS))
    load = of_class * of_pool * rng.uniform(0.8, 1.2, (CLASSES, POOLS, 1)) * rhythm
    usd_per_replica = rng.uniform(1.0, 4.0, POOLS)
    homes = rng.integers(0, POOLS, CLASSES)
    today = np.zeros((CLASSES, POOLS))
    today[np.arange(CLASSES), homes] = 1.0
    return Problem(
        load=load,
        fixed_load=np.zeros((POOLS, HOURS)),
        usd_per_replica=usd_per_replica,
        usd=1e-3 * load.mean(axis=2) * usd_per_replica,
        is_allowed=(rng.random((CLASSES, POOLS)) < 2 / 3) | (today > 0),
        today=today,
        most_utilisation=np.full(POOLS, 0.85),
        most_replicas=np.full(POOLS, np.inf),
        most_moves=most_moves,
        parts=parts,
    )


def with_reads(problem: Problem) -> Problem:
    """The same with 0 to 2 USD an hour of egress for each class on a pool in another region than what it reads, or a
    copy there at a price; of a half of the groups what they read is their own, of the others shared.
    """
    rng = np.random.default_rng(SEED)
    region_of_pool, group = np.arange(POOLS) % REGIONS, np.arange(CLASSES) // READERS
    lies_in = rng.integers(0, REGIONS, group.max() + 1)[group]
    egress_usd = rng.uniform(0.0, 2.0, CLASSES)
    options = [(k, r) for k in range(CLASSES) for r in range(REGIONS) if r != lies_in[k]]
    content = np.where(group % 2, group, CLASSES + np.arange(CLASSES))
    kept = sorted({(int(content[k]), r) for k, r in options})
    needs = np.zeros((len(options), len(kept)), np.bool_)
    needs[np.arange(len(options)), [kept.index((int(content[k]), r)) for k, r in options]] = True
    classes, regions = np.array(options).T
    far = lies_in[:, np.newaxis] != region_of_pool
    copies = Copies(
        request_class=classes,
        tier=regions,
        is_near=regions[:, np.newaxis] == region_of_pool,
        saved_usd=egress_usd[classes],
        needs=needs,
        keep_usd=rng.uniform(0.2, 2.0, len(kept)),
        is_required=np.zeros(CLASSES, np.bool_),
    )
    return replace(problem, usd=problem.usd + far * egress_usd[:, np.newaxis], copies=copies.worth_keeping())


def main() -> None:
    """Measure and print."""
    for is_reading in (False, True):
        print(f"{CLASSES} classes, {POOLS} pools, {HOURS} hours{', reads and copies' if is_reading else ''}")
        _measure(is_reading)


def _measure(is_reading: bool) -> None:
    print(f"{'moves':>6}  {'parts':>5}  {'elapsed':>9}  {'processor':>9}  {'USD/h':>8}  {'proven gap':>10}")
    for most_moves in (5, 10, 30, None):
        for parts in (1, 10):
            problem = problem_of(most_moves, parts)
            problem = with_reads(problem) if is_reading else problem
            begin, begin_of_work = time.perf_counter(), time.process_time()
            found = cheapest_placement(problem)
            elapsed_s, work_s = time.perf_counter() - begin, time.process_time() - begin_of_work
            told = "none found" if found is None else f"{found.usd:8.2f}  {found.gap:10.2%}"
            moves = "any" if most_moves is None else most_moves
            print(f"{moves:>6}  {parts:>5}  {elapsed_s:7.2f} s  {work_s:7.2f} s  {told}")


if __name__ == "__main__":
    main()
