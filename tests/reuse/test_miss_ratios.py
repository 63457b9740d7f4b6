"""Miss-ratio curves: laws, a plain list run at each size, and real blocks of prompts."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from costctl.arrays import Ints
from costctl.reuse.curve import miss_ratio_curve
from costctl.reuse.distances import NEVER, stack_distances
from tests.oracles.plain_lru import plain_lru_hits, plain_lru_misses
from tests.thoroughness import how_many

SMALL = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 5)), max_size=60)
CLOSE = 0.01  # of all references


def ints(values: object) -> Ints:
    return np.array(values, np.int64)


def test_the_distance_counts_what_was_used_since_and_itself() -> None:
    # a b b c a: the second b needs one place; the second a needs three, its own and those of b and c.
    assert stack_distances(ints([0, 1, 1, 2, 0])).tolist() == [NEVER, NEVER, 1, NEVER, 3]


def test_sizes_are_those_of_the_latest_uses() -> None:
    # a takes 4; between its uses b is used at 2, then at 7.
    assert stack_distances(ints([0, 1, 1, 0]), ints([4, 2, 7, 4])).tolist() == [NEVER, NEVER, 7, 11]


@given(SMALL, st.integers(1, 40))
def test_a_reference_is_found_from_its_distance_on(uses: list[tuple[int, int]], capacity: int) -> None:
    # Nothing is larger than the memory, and a thing has one size: its latest.
    size_of = {key: min(size, capacity) for key, size in uses}
    keys = [key for key, _ in uses]
    sizes = [size_of[key] for key in keys]
    distance = stack_distances(ints(keys), ints(sizes))
    found = (distance != NEVER) & (distance <= capacity)
    assert found.tolist() == plain_lru_hits(keys, capacity, sizes)


@given(st.lists(st.integers(0, 12), min_size=1, max_size=80))
def test_laws_of_a_curve(keys: list[int]) -> None:
    curve = miss_ratio_curve(ints(keys))
    sizes = np.arange(0, 15, dtype=float)
    ratios = curve.miss_ratio(sizes)
    assert ratios[0] == 1.0  # no memory, no hit
    assert (np.diff(ratios) <= 0).all()  # more memory, no more misses
    assert curve.compulsory_ratio == pytest.approx(len(set(keys)) / len(keys))  # first uses are always missed
    assert ratios[-1] == curve.compulsory_ratio
    assert curve.hits_at(np.inf) <= len(keys) - len(set(keys))  # hits are repeats
    assert curve.distinct == len(set(keys))
    assert [curve.miss_ratio(size) * len(keys) for size in (1, 2, 5)] == pytest.approx(
        [plain_lru_misses(keys, size) for size in (1, 2, 5)]
    )


@given(st.lists(st.integers(0, 12), max_size=80), st.integers(0, 3))
def test_one_in_one_is_exact_whatever_the_seed(keys: list[int], seed: int) -> None:
    exact, sampled = miss_ratio_curve(ints(keys)), miss_ratio_curve(ints(keys), one_in=1, seed=seed)
    assert exact.at.tolist() == sampled.at.tolist()
    assert exact.hits.tolist() == sampled.hits.tolist()


def test_nothing_used_is_no_curve() -> None:
    curve = miss_ratio_curve(ints([]))
    assert np.isnan(curve.miss_ratio(10.0))
    assert curve.distinct == 0


def test_impossible_questions_are_refused() -> None:
    with pytest.raises(ValueError, match="below 0"):
        stack_distances(ints([1]), ints([-1]))
    with pytest.raises(ValueError, match="one thing in one"):
        miss_ratio_curve(ints([1]), one_in=0)


@pytest.mark.parametrize("exponent", [0.7, 1.0, 1.2])
def test_samples_of_skewed_streams_are_close_at_every_size(exponent: float) -> None:
    rng = np.random.default_rng([7, round(10 * exponent)])
    weights = 1.0 / np.arange(1, 60_001) ** exponent
    keys = rng.permutation(60_000)[rng.choice(60_000, 600_000, p=weights / weights.sum())]
    exact, sampled = miss_ratio_curve(keys), miss_ratio_curve(keys, one_in=5)
    sizes = np.geomspace(8, 60_000, 40)
    assert np.abs(sampled.miss_ratio(sizes) - exact.miss_ratio(sizes)).max() < CLOSE
    few = keys[:50_000].tolist()
    curve = miss_ratio_curve(ints(few))
    for size in (10, 300, 8_000):
        assert curve.miss_ratio(size) * len(few) == pytest.approx(plain_lru_misses(few, size))


def test_of_more_than_a_million_references_a_hundred_thousand_things_are_looked_at() -> None:
    keys = np.tile(np.arange(220_000), 5)  # all used in turn: a memory of less than all of them finds nothing
    curve = miss_ratio_curve(keys)
    assert curve.one_in == 2
    assert curve.distinct == pytest.approx(220_000, rel=0.02)
    assert curve.compulsory_ratio == pytest.approx(1 / 5, abs=CLOSE)
    few = miss_ratio_curve(np.tile(np.arange(1_000), 1_200))
    assert (few.one_in, few.compulsory_ratio) == (1, pytest.approx(1 / 1_200))


def blocks_of_mooncake(folder: Path) -> Ints:
    lines = (folder / "workload/mooncake/conversation_trace.jsonl").read_text().splitlines()
    return ints([block for line in lines for block in json.loads(line)["hash_ids"]])


def blocks_of_agents(folder: Path, sessions: int) -> Ints:
    """Blocks of the first sessions, one after the other; those of different sessions have nothing in common."""
    found: list[Ints] = []
    for number, file in enumerate(sorted((folder / "workload/agentic_coding").glob("*.json.gz"))[:sessions]):
        session = json.loads(gzip.decompress(file.read_bytes()))
        found += [ints(each.get("hash_ids", ())) + (number << 32) for each in session["requests"]]
    return np.concatenate(found)


@pytest.mark.parametrize("sessions", [how_many(12, thorough=115)])
def test_blocks_of_real_prompts_by_the_plain_list_and_by_a_sample(real_traces: Path, sessions: int) -> None:
    for blocks, worst in (
        (blocks_of_mooncake(real_traces), CLOSE),
        (blocks_of_agents(real_traces, sessions), 3 * CLOSE if sessions < 115 else CLOSE),
    ):
        exact = miss_ratio_curve(blocks, one_in=1)
        sampled = miss_ratio_curve(blocks, one_in=5)
        sizes = np.geomspace(8, float(exact.distinct), 30)
        off = np.abs(sampled.miss_ratio(sizes) - exact.miss_ratio(sizes))
        assert off.mean() < 0.5 * CLOSE
        assert off.max() < worst
        some = blocks[:60_000].tolist()
        curve = miss_ratio_curve(ints(some))
        for size in (64, 2_000, 20_000):
            assert curve.miss_ratio(size) * len(some) == pytest.approx(plain_lru_misses(some, size))
