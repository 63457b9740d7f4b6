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
WEIGHTS = st.sampled_from([(1.0, 1.0), (4.0, 1.0), (0.5, 2.0)])
few = settings(max_examples=how_many(6, thorough=25), deadline=None)


def engine_for(
    calls: Calls, weights: tuple[float, float] = (1.0, 1.0), usd_per_hour: float = 3.6, later_s: int = 0
) -> Any:
    pool = Pool(
        usd_per_replica_hour=usd_per_hour,
        match={"service": "llm"},
        prefill_weight=weights[0],
        decode_weight=weights[1],
    )
    spans = [
        chat(f"t{number}/call", start + later_s, start + later_s + duration, service="llm", replica_id=f"r{replica}",
             ttft_s=float(ttft), input_tokens=10, output_tokens=5)
        for number, (replica, start, duration, ttft) in enumerate(calls)
    ]  # fmt: skip
    return engine_of(spans, Settings(pools={"gpu": pool}))


def shares(calls: Calls, **options: Any) -> list[float]:
    """The share of each call, s, in the order given."""
    rows = engine_for(calls, **options).query(
        "SELECT requests.trace_id, call_share.share_s FROM call_share "
        "INNER JOIN calls ON calls.call_id = call_share.call_id "
        "INNER JOIN requests ON requests.request_id = calls.request_id"
    )
    found = dict(rows.iter_rows())
    return [found[f"t{number}"] for number in range(len(calls))]


def busy_s(calls: Calls) -> int:
    """Whole seconds in which a replica has a call in progress."""
    return len(
        {(replica, at) for replica, start, duration, _ in calls for at in range(start, start + duration)}
    )


@few
@given(CALLS, WEIGHTS)
def test_shares_sum_to_busy_time(calls: Calls, weights: tuple[float, float]) -> None:
    assert sum(shares(calls, weights=weights)) == pytest.approx(busy_s(calls), abs=1e-9)


@few
@given(CALLS, WEIGHTS)
def test_a_share_is_at_least_the_time_alone_and_at_most_the_duration(
    calls: Calls, weights: tuple[float, float]
) -> None:
    for number, share_s in enumerate(shares(calls, weights=weights)):
        others = busy_s([*calls[:number], *calls[number + 1 :]])
        assert busy_s(calls) - others - 1e-9 <= share_s <= calls[number][2] + 1e-9


@few
@given(CALLS)
def test_with_equal_weights_a_share_is_the_shapley_value_of_the_busy_time_game(calls: Calls) -> None:
    def cost(coalition: frozenset[int]) -> float:
        return busy_s([calls[each] for each in coalition])

    assert shares(calls) == pytest.approx(shapley_values(len(calls), cost), abs=1e-9)


@few
@given(CALLS, WEIGHTS, st.randoms(use_true_random=False))
def test_the_order_of_the_calls_changes_nothing(
    calls: Calls, weights: tuple[float, float], random: Any
) -> None:
    order = list(range(len(calls)))
    random.shuffle(order)
    mixed = shares([calls[each] for each in order], weights=weights)
    straight = shares(calls, weights=weights)
    assert mixed == pytest.approx([straight[each] for each in order], abs=1e-9)


@few
@given(CALLS, WEIGHTS)
def test_a_replica_shares_alike_whatever_the_others_do(calls: Calls, weights: tuple[float, float]) -> None:
    together = shares(calls, weights=weights)
    for replica in {each[0] for each in calls}:
        here = [number for number, each in enumerate(calls) if each[0] == replica]
        apart = shares([calls[number] for number in here], weights=weights)
        assert apart == pytest.approx([together[number] for number in here], abs=1e-9)


@few
@given(CALLS, WEIGHTS, st.integers(1, 2_000_000_000))
def test_a_shift_in_time_changes_nothing(calls: Calls, weights: tuple[float, float], later_s: int) -> None:
    assert shares(calls, weights=weights, later_s=later_s) == pytest.approx(
        shares(calls, weights=weights), abs=1e-9
    )


@few
@given(CALLS)
def test_doubling_the_price_doubles_every_charge(calls: Calls) -> None:
    usd = [
        engine_for(calls, usd_per_hour=price)
        .query("SELECT usd FROM charge ORDER BY call_id")["usd"]
        .to_list()
        for price in (3.6, 7.2)
    ]
    assert usd[1] == pytest.approx([2 * each for each in usd[0]])


@few
@given(CALLS, WEIGHTS)
def test_calls_that_take_no_time_change_nothing_for_the_others(
    calls: Calls, weights: tuple[float, float]
) -> None:
    with_more = shares([*calls, (0, 5, 0, 0), (1, 7, 0, 0)], weights=weights)
    assert with_more == pytest.approx([*shares(calls, weights=weights), 0.0, 0.0], abs=1e-9)


def test_a_prefill_of_weight_three_takes_three_quarters_of_the_time_it_shares_with_a_decode() -> None:
    # a decodes over [0, 10); b prefills over [4, 8) and decodes over [8, 10): 4 + 4/4 + 2/2, and 3 + 1
    calls = [(0, 0, 10, 0), (0, 4, 6, 4)]
    assert shares(calls, weights=(3.0, 1.0)) == pytest.approx([6.0, 4.0])
    assert shares(calls) == pytest.approx([7.0, 3.0])


def test_a_call_whose_only_token_comes_at_its_end_was_prefill_throughout() -> None:
    # a decodes over [0, 10); b prefills over [4, 8) and ends with its first token: 4 + 4/4 + 2, and 3
    assert shares([(0, 0, 10, 0), (0, 4, 4, 4)], weights=(3.0, 1.0)) == pytest.approx([7.0, 3.0])
