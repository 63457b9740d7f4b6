"""Prompts and answers under a limit: what is left of their tokens, by hand, by laws, and against a slow twin."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from costctl.documents.price_settings import PriceSettings
from costctl.levers.plan import ClassPlan, Plan
from costctl.rebill.bill import bill
from costctl.rebill.rates import PriceList, price_steps
from costctl.rebill.shortened import shortened
from tests.rebill.made_calls import Made, bought
from tests.thoroughness import how_many

LIST = PriceList(PriceSettings())
KINDS = ("cached_input", "input", "cache_write", "cache_write_1h")
SEEDS = range(how_many(10, thorough=100))


def limited(made: list[Made], most: int) -> dict[str, list[float]]:
    found = shortened(bought(made), Plan({"chat": ClassPlan(most_input_tokens=most)}))
    return {kind: found.tokens[kind].tolist() for kind in KINDS}


def prompt(system: int, history: int, last: int) -> tuple[tuple[str, int], ...]:
    return (("system", system), ("history", history), ("last", last))


def test_the_system_prompt_and_the_last_message_stay_however_small_the_limit() -> None:
    assert limited([Made(1, 0, parts=prompt(300, 900, 50))], 1)["input"] == [350]
    assert limited([Made(1, 0, parts=prompt(300, 900, 50))], 1000)["input"] == [1000]
    assert limited([Made(1, 0, parts=prompt(300, 900, 50))], 1250)["input"] == [1250]


def test_behind_a_cut_nothing_is_read_from_a_cache() -> None:
    cached = Made(1, 0, parts=prompt(300, 900, 50), read=1200)
    assert limited([cached], 1249) == {
        "cached_input": [300], "input": [949], "cache_write": [0], "cache_write_1h": [0],
    }  # fmt: skip
    writes = Made(1, 0, parts=prompt(300, 900, 50), read=1200, written=50)
    assert limited([writes], 1249)["cache_write"] == [949]


def test_just_below_a_price_step_all_of_a_prompt_costs_the_lower_price() -> None:
    calls = bought([Made(1, 0, parts=prompt(1000, 199_500, 500), output=0)])
    assert price_steps(calls.frame, LIST).tolist() == [200_001]
    assert bill(calls, Plan(), LIST).usd.sum() == pytest.approx(201_000 * 6e-6)
    below = bill(calls, Plan({"chat": ClassPlan(most_input_tokens=200_000)}), LIST)
    assert below.usd.sum() == pytest.approx(200_000 * 3e-6)


def test_an_answer_ends_at_its_limit_and_what_was_thought_counts_first() -> None:
    found = shortened(
        bought([Made(1, 0, output=40, reasoning=30), Made(1, 2, output=5)]),
        Plan({"chat": ClassPlan(most_output_tokens=50)}),
    )
    assert (found.tokens["output"].tolist(), found.tokens["reasoning"].tolist()) == ([20, 5], [30, 0])


def drawn(seed: int, *, is_cached: bool) -> list[Made]:
    rng = np.random.default_rng([seed, 6])
    calls = []
    for number in range(40):
        parts = prompt(*(int(each) for each in rng.integers(1, (2000, 300_000, 2000))))
        whole = sum(tokens for _, tokens in parts)
        read, written, written_1h = (int(each) for each in rng.multinomial(whole, (0.4, 0.2, 0.1, 0.3))[:3])
        kept = rng.integers(3)
        calls.append(
            Made(
                number,
                float(number),
                parts=parts,
                read=read * is_cached,
                written=written * is_cached * (kept != 1),
                written_1h=written_1h * is_cached * (kept == 1),
            )
        )
    return calls


def slow_cut(call: Made, most: int) -> list[int]:
    """Tokens laid out one after the other, the cheapest first; those of the system prompt that were read stay."""
    first, last = call.parts[0][1], call.parts[-1][1]
    less = max(call.tokens - max(most, first + last), 0)
    counts = [
        call.read,
        call.tokens - call.read - call.written - call.written_1h,
        call.written,
        call.written_1h,
    ]
    if not less:
        return counts
    stays = min(first, call.read)
    line = [kind for kind, count in enumerate([call.read - stays, *counts[1:]]) for _ in range(count)]
    again = 3 if call.written_1h else 2 if call.written else 1
    kept = [again if kind == 0 else kind for kind in line[less:]]
    return [stays, *(kept.count(kind) for kind in (1, 2, 3))]


@pytest.mark.parametrize("seed", SEEDS[: max(1, len(SEEDS) // 5)])
@pytest.mark.parametrize("most", [1, 60_000])
def test_tokens_that_are_left_are_those_of_a_slow_twin(seed: int, most: int) -> None:
    made = drawn(seed, is_cached=True)
    found = limited(made, most)
    assert [[found[kind][at] for kind in KINDS] for at in range(len(made))] == [
        slow_cut(each, most) for each in made
    ]


@pytest.mark.parametrize("seed", SEEDS)
def test_without_a_cache_a_smaller_limit_never_costs_more_and_other_classes_cost_the_same(seed: int) -> None:
    made = [*drawn(seed, is_cached=False), Made(99, 99, request_class="other", parts=prompt(10, 250_000, 10))]
    calls = bought(made)
    bills = [
        bill(calls, Plan({"chat": ClassPlan(most_input_tokens=most)}), LIST).usd
        for most in (1, 1000, 150_000, 200_000, 200_001, 400_000)
    ]
    for smaller, larger in pairwise(bills):
        assert (smaller <= larger + 1e-12).all()
    np.testing.assert_allclose(bills[-1], bill(calls, Plan(), LIST).usd)
    assert {round(each[-1], 9) for each in bills} == {round(bills[-1][-1], 9)}


def test_a_prompt_that_is_cut_reads_its_system_prompt_alone() -> None:
    first = Made(1, 0, parts=prompt(2000, 3000, 100))
    again = Made(1, 9, parts=(*first.parts, ("next", 100)))
    calls = bought([first, again])
    whole = bill(calls, Plan({"chat": ClassPlan(caching="5m")}), LIST)
    cut = bill(calls, Plan({"chat": ClassPlan(caching="5m", most_input_tokens=4000)}), LIST)
    assert (whole.read.tolist(), cut.read.tolist()) == ([0, 5100], [0, 2000])
    assert cut.written.tolist() == [4000, 2000]
