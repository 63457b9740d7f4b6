"""Calls that wait over time: what is waited in all slots is what the calls waited, to the nanosecond."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as some

from costctl.behaviour.depth_over_time import depth_over_time
from costctl.behaviour.waits import MOST_STRETCHES, edges_by, fitting_length_s, waited_ns
from costctl.documents.workload_map import DepthOverTime, WorkloadMap
from costctl.observation import Question, observed
from costctl.units import NS_PER_S
from tests.oracles.plain_waits import plain_waited_ns
from tests.relations.span_rows import chat, engine_of

DAY_NS = 86_400 * NS_PER_S
NOW_NS = 1_795_000_000 * NS_PER_S
WAITS = some.lists(some.tuples(some.integers(0, 10**12), some.integers(0, 10**12)), min_size=1, max_size=30)


def unwatched(_what: str, _ratio: float | None, _detail: str = "") -> None:
    """Progress that nobody watches."""


def by_stretch(waits: list[tuple[int, int]], edges_ns: list[int]) -> list[int]:
    from_ns, until_ns = np.array(waits, np.int64).reshape(-1, 2).T
    return waited_ns(from_ns, until_ns, np.array(edges_ns)).tolist()


@given(WAITS, some.lists(some.integers(0, 2 * 10**12), min_size=2, max_size=12, unique=True))
def test_each_stretch_has_the_part_of_each_wait_that_lies_in_it(
    lengths: list[tuple[int, int]], edges: list[int]
) -> None:
    waits = [(NOW_NS + from_, NOW_NS + from_ + wait) for from_, wait in lengths]
    edges_ns = sorted(NOW_NS + each for each in edges)
    assert by_stretch(waits, edges_ns) == plain_waited_ns(waits, edges_ns)


@given(WAITS, some.integers(1, 200))
def test_stretches_of_any_length_have_all_that_was_waited(
    lengths: list[tuple[int, int]], length_s: int
) -> None:
    waits = [(NOW_NS + from_, NOW_NS + from_ + wait) for from_, wait in lengths]
    first, last = min(from_ for from_, _ in waits), max(until for _, until in waits) + 1
    edges_ns = edges_by(length_s, first, last).tolist()
    assert sum(by_stretch(waits, edges_ns)) == sum(until - from_ for from_, until in waits)


def test_sums_that_leave_64_bits_come_back() -> None:
    # a thousand calls, in nanoseconds since 1970: their starts sum to 2e21, and they wait a second and 80 ms in all
    from_ns = np.full(1_000, NOW_NS)
    edges_ns = np.array([NOW_NS, NOW_NS + 500, NOW_NS + DAY_NS])
    assert waited_ns(from_ns, from_ns + 1_080_000, edges_ns).tolist() == [500_000, 1_079_500_000]


@pytest.mark.parametrize(
    ("seconds", "length_s"),
    [(0.5, 1), (95, 1), (97, 2), (3600, 60), (86_400, 1800), (7 * 86_400, 7200), (400 * 86_400, 8 * 86_400)],
)
def test_a_window_of_any_length_has_few_slots(seconds: float, length_s: int) -> None:
    first, last = NOW_NS + 7, NOW_NS + 7 + int(seconds * NS_PER_S)
    assert fitting_length_s(first, last) == length_s
    edges_ns = edges_by(length_s, first, last)
    assert len(edges_ns) - 1 <= MOST_STRETCHES
    assert (edges_ns[0], edges_ns[-1]) == (first, last)
    assert (np.diff(edges_ns) > 0).all()


def told(*spans: dict[str, object]) -> DepthOverTime | None:
    calls = engine_of(list(spans)).fetch("calls")
    return depth_over_time(calls, (0, 8 * NS_PER_S))


def test_two_that_wait_are_told_second_by_second_and_a_pool_that_reports_nothing_is_left_out() -> None:
    # one waits over [0, 6), one over [2.5, 4): a second and a half
    found = told(
        chat("a/call", 0, 8, service="llm", model_served="m", queue_s=6.0),
        chat("b/call", 2.5, 8, service="llm", model_served="m", queue_s=1.5),
        chat("c/call", 2, 8, service="llm", model_served="other"),
    )
    assert found is not None
    assert [(each.from_[17:19], each.observed_s) for each in found.slots] == [
        (f"0{n}", 1.0) for n in range(8)
    ]
    assert [(each.pool, each.mean) for each in found.pools] == [("m", (1, 1, 1.5, 2, 1, 1, 0, 0))]


def test_without_reported_queues_nothing_is_told() -> None:
    assert told(chat("c/call", 2, 8, service="llm", model_served="other")) is None


def test_the_sample_waits_as_long_in_its_slots_as_its_calls_say(
    sample_map: WorkloadMap, sample_question: Question
) -> None:
    found = sample_map.depth_over_time
    assert found is not None
    with observed(sample_question, unwatched) as observation:
        reported = observation.engine.fetch("calls").group_by("pool").agg(queue_s=pl.col("queue_s").sum())
    by_pool = dict(reported.select("pool", "queue_s").iter_rows())
    for pool in found.pools:
        waited_s = sum(m * slot.observed_s for m, slot in zip(pool.mean, found.slots, strict=True))
        assert waited_s == pytest.approx(by_pool[pool.pool], rel=1e-6)
