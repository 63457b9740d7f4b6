"""Laws of attributed time, for any calls: it adds up, keeps to its bounds, and moves with its inputs."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from costctl.documents.settings import Pool, Settings
from tests.oracles.shapley import shapley_values
from tests.relations.span_rows import chat, engine_of
from tests.thoroughness import how_many

Calls = list[tuple[int, int, int, int]]  # replica, start, duration, time to first token; whole seconds
CALLS = st.lists(
    st.tuples(st.integers(0, 2), st.integers(0, 20), st.integers(0, 12), st.integers(0, 12)),
    min_size=1,
    max_size=8,
)
AT_ONCE = (
    5  # worlds in one engine, each on replicas of its own: relations are built for all of them in one go
)
WORLDS = st.lists(CALLS, min_size=AT_ONCE, max_size=AT_ONCE)
WEIGHTS = st.sampled_from([(1.0, 1.0), (4.0, 1.0), (0.5, 2.0)])
few = settings(max_examples=how_many(2, thorough=5), deadline=None)


def engine_for(
    worlds: list[Calls],
    weights: tuple[float, float] = (1.0, 1.0),
    usd_per_hour: float = 3.6,
    later_s: int = 0,
) -> Any:
    pool = Pool(
        usd_per_replica_hour=usd_per_hour,
        match={"service": "llm"},
        prefill_weight=weights[0],
        decode_weight=weights[1],
    )
    spans = [
        chat(f"{world}.{number}/call", start + later_s, start + later_s + duration, service="llm",
             replica_id=f"{world}.{replica}", ttft_s=float(ttft), input_tokens=10, output_tokens=5)
        for world, calls in enumerate(worlds)
        for number, (replica, start, duration, ttft) in enumerate(calls)
    ]  # fmt: skip
    return engine_of(spans, Settings(pools={"gpu": pool}))


def shares(worlds: list[Calls], **options: Any) -> list[list[float]]:
    """The share of each call of each world, s, in the order given."""
    rows = engine_for(worlds, **options).query(
        "SELECT requests.trace_id, call_share.share_s FROM call_share "
        "INNER JOIN calls ON calls.call_id = call_share.call_id "
        "INNER JOIN requests ON requests.request_id = calls.request_id"
    )
    found = dict(rows.iter_rows())
    return [
        [found[f"{world}.{number}"] for number in range(len(calls))] for world, calls in enumerate(worlds)
    ]


def busy_s(calls: Calls) -> int:
    """Whole seconds in which a replica has a call in progress."""
    return len(
        {(replica, at) for replica, start, duration, _ in calls for at in range(start, start + duration)}
    )


def alike(left: list[list[float]], right: list[list[float]]) -> bool:
    """Whether two answers are the same but for the order of additions."""
    return [each == pytest.approx(other, abs=1e-9) for each, other in zip(left, right, strict=True)] == [
        True
    ] * len(left)


@few
@given(WORLDS, WEIGHTS)
def test_shares_sum_to_busy_time(worlds: list[Calls], weights: tuple[float, float]) -> None:
    sums = [sum(each) for each in shares(worlds, weights=weights)]
    assert sums == pytest.approx([busy_s(calls) for calls in worlds], abs=1e-9)


@few
@given(WORLDS, WEIGHTS)
def test_a_share_is_at_least_the_time_alone_and_at_most_the_duration(
    worlds: list[Calls], weights: tuple[float, float]
) -> None:
    for calls, found in zip(worlds, shares(worlds, weights=weights), strict=True):
        for number, share_s in enumerate(found):
            others = busy_s([*calls[:number], *calls[number + 1 :]])
            assert busy_s(calls) - others - 1e-9 <= share_s <= calls[number][2] + 1e-9


@few
@given(WORLDS)
def test_with_equal_weights_a_share_is_the_shapley_value_of_the_busy_time_game(worlds: list[Calls]) -> None:
    def values(calls: Calls) -> list[float]:
        return shapley_values(len(calls), lambda coalition: busy_s([calls[each] for each in coalition]))

    assert alike(shares(worlds), [values(calls) for calls in worlds])


@few
@given(WORLDS, WEIGHTS, st.randoms(use_true_random=False))
def test_the_order_of_the_calls_changes_nothing(
    worlds: list[Calls], weights: tuple[float, float], random: Any
) -> None:
    orders = [random.sample(range(len(calls)), len(calls)) for calls in worlds]
    mixed = shares(
        [[calls[each] for each in order] for calls, order in zip(worlds, orders, strict=True)],
        weights=weights,
    )
    straight = shares(worlds, weights=weights)
    assert alike(
        mixed, [[found[each] for each in order] for found, order in zip(straight, orders, strict=True)]
    )


@few
@given(WORLDS, WEIGHTS)
def test_a_replica_shares_alike_whatever_the_others_do(
    worlds: list[Calls], weights: tuple[float, float]
) -> None:
    together = shares(worlds, weights=weights)
    for replica in range(3):
        here = [[place for place, each in enumerate(calls) if each[0] == replica] for calls in worlds]
        held = [world for world, places in enumerate(here) if places]
        apart = shares([[worlds[world][each] for each in here[world]] for world in held], weights=weights)
        assert alike(apart, [[together[world][each] for each in here[world]] for world in held])


@few
@given(WORLDS, WEIGHTS, st.integers(1, 2_000_000_000))
def test_a_shift_in_time_changes_nothing(
    worlds: list[Calls], weights: tuple[float, float], later_s: int
) -> None:
    assert alike(shares(worlds, weights=weights, later_s=later_s), shares(worlds, weights=weights))


@few
@given(WORLDS)
def test_doubling_the_price_doubles_every_charge(worlds: list[Calls]) -> None:
    usd = [
        engine_for(worlds, usd_per_hour=price)
        .query("SELECT usd FROM charge ORDER BY call_id")["usd"]
        .to_list()
        for price in (3.6, 7.2)
    ]
    assert usd[1] == pytest.approx([2 * each for each in usd[0]])


@few
@given(WORLDS, WEIGHTS)
def test_calls_that_take_no_time_change_nothing_for_the_others(
    worlds: list[Calls], weights: tuple[float, float]
) -> None:
    with_more = shares([[*calls, (0, 5, 0, 0), (1, 7, 0, 0)] for calls in worlds], weights=weights)
    assert alike(with_more, [[*found, 0.0, 0.0] for found in shares(worlds, weights=weights)])


def test_a_prefill_of_weight_three_takes_three_quarters_of_the_time_it_shares_with_a_decode() -> None:
    # a decodes over [0, 10); b prefills over [4, 8) and decodes over [8, 10): 4 + 4/4 + 2/2, and 3 + 1
    calls = [(0, 0, 10, 0), (0, 4, 6, 4)]
    assert alike(shares([calls], weights=(3.0, 1.0)), [[6.0, 4.0]])
    assert alike(shares([calls]), [[7.0, 3.0]])


def test_a_call_whose_only_token_comes_at_its_end_was_prefill_throughout() -> None:
    # a decodes over [0, 10); b prefills over [4, 8) and ends with its first token: 4 + 4/4 + 2, and 3
    assert alike(shares([[(0, 0, 10, 0), (0, 4, 4, 4)]], weights=(3.0, 1.0)), [[7.0, 3.0]])
