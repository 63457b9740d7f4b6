"""A record's own arithmetic decides what its counts mean, and what it cannot decide is unknown."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from costctl.ingest.token_algebra import CLAIMED, TOKEN_COLUMNS, Claim, resolved_usage
from tests.oracles.usage_slow import Names, conflict_slowly, usage_slowly

# Few and small numbers, so that sums meet by chance and ambiguous records are drawn often.
NUMBERS = st.one_of(st.integers(0, 6), st.sampled_from([0, 0, 10, 20, 30, -1]))


@st.composite
def records(draw: st.DrawFn) -> dict[str, Names]:
    named: dict[str, Names] = {}
    for column in CLAIMED:
        most = 2 if column in ("input_tokens", "output_tokens", "cached_input_tokens", "total_tokens") else 1
        present = draw(st.integers(0, most if draw(st.booleans()) else 0))
        for number in range(present):
            is_apart = column in ("input_tokens", "output_tokens") and draw(st.booleans())
            named.setdefault(column, []).append((f"{column}.{number}", draw(NUMBERS), is_apart))
    return named


def read(named: dict[str, Names], has_no_output: bool = False) -> tuple[dict[str, int | None], str | None]:
    """What costctl reads of a record."""
    claims = {
        column: [
            Claim(key, np.array([number]), np.array([True]), is_apart, is_apart)
            for key, number, is_apart in names
        ]
        for column, names in named.items()
    }
    usage = resolved_usage(claims, 1, np.array([has_no_output]))
    counts = {
        name: (usage.columns[name][0].as_py() if name in usage.columns else None) for name in TOKEN_COLUMNS
    }
    return counts, None if usage.conflict is None else usage.conflict[0].as_py()


@given(records(), st.booleans())
def test_every_record_reads_as_the_slow_twin_reads_it(named: dict[str, Names], has_no_output: bool) -> None:
    counts, is_torn_in, is_torn_out = usage_slowly(named, has_no_output)
    expected = {name: counts[name] for name in TOKEN_COLUMNS}
    assert read(named, has_no_output) == (expected, conflict_slowly(named, is_torn_in, is_torn_out))


@given(st.lists(records(), min_size=1, max_size=6))
def test_records_of_one_block_do_not_change_each_other(each: list[dict[str, Names]]) -> None:
    columns = sorted({column for named in each for column in named})
    names = {column: [key for named in each for key, _, _ in named.get(column, [])] for column in columns}
    claims = {
        column: [
            Claim(
                key,
                np.array([_number(named, column, key) or 0 for named in each]),
                np.array([_number(named, column, key) is not None for named in each]),
            )
            for key in dict.fromkeys(names[column])
        ]
        for column in columns
    }
    usage = resolved_usage(claims, len(each))
    for row, named in enumerate(each):
        plain = {column: [(key, number, False) for key, number, _ in said] for column, said in named.items()}
        counts, _ = read(plain)
        found = {
            name: (usage.columns[name][row].as_py() if name in usage.columns else None)
            for name in TOKEN_COLUMNS
        }
        assert found == counts


def _number(named: dict[str, Names], column: str, key: str) -> int | None:
    return next((number for name, number, _ in named.get(column, []) if name == key), None)


def said(**numbers: Any) -> dict[str, Names]:
    """One name a count; a number with an ``apart`` before it leaves its parts out."""
    named: dict[str, Names] = {}
    for key, number in numbers.items():
        column = key.removeprefix("apart_").removesuffix("_2")
        named.setdefault(f"{column}_tokens", []).append((key, number, key.startswith("apart_")))
    return named


@pytest.mark.parametrize(
    ("record", "into", "out"),
    [
        # the total proves that the input holds the cache, though the dialect leaves it out
        (said(apart_input=90, cached_input=88, output=4, total=94), 90, 4),
        # the total proves that it does not, though the dialect says that it does
        (said(input=10, cached_input=50, output=4, total=64), 60, 4),
        (said(input=60, cached_input=50, output=4, total=114), 110, 4),
        # more was cached than went in: the input cannot hold it, with a total of what is written or without
        (said(input=10, cached_input=50, output=4), 60, 4),
        (said(input=10, cached_input=50, output=4, total=14), 60, 4),
        # what was read from a cache and what was written to it lie outside together, where no total says otherwise
        ({**said(input=10, cached_input=80, output=1), "cache_write_tokens": [("w", 10, False)]}, 100, 1),
        # reasoning outside the output, by the total
        (said(input=10, output=4, reasoning=3, total=17), 10, 7),
        (said(input=10, apart_output=4, reasoning=3, total=14), 10, 4),
        # a zero gives way to a number
        (said(input=60, cached_input=0, cached_input_2=50, output=4), 60, 4),
        (said(input=0, input_2=60, output=4), 60, 4),
        # two names, one with the cache and one without it
        (said(input=60, input_2=10, cached_input=50, output=4), 60, 4),
        # what a side does not say, the total leaves
        (said(input=10, total=14), 10, 4),
        (said(output=4, total=14), 10, 4),
        # the modalities sum to the whole
        (said(input_text=5, input_audio=7, output=4), 12, 4),
        # nothing tells: two numbers for one thing, a total that nothing sums to, an ambiguous one
        (said(input=10, input_2=11, output=4), None, 4),
        (said(input=10, output=4, total=99), None, None),
        (said(input=10, cached_input=3, output=5, reasoning=3, total=18), None, None),
        (said(input=10, output=4, reasoning=5), 10, 9),
        (said(input=-1, output=4), None, 4),
    ],
)
def test_what_a_record_says_is_what_its_arithmetic_allows(
    record: dict[str, Names], into: int | None, out: int | None
) -> None:
    counts, conflict = read(record)
    assert (counts["input_tokens"], counts["output_tokens"]) == (into, out)
    assert (conflict is None) == (into is not None and out is not None)


def test_a_total_alone_is_the_input_of_a_call_that_gives_nothing_out() -> None:
    assert read(said(total=9), has_no_output=True)[0]["input_tokens"] == 9
    assert read(said(total=9)) == (dict.fromkeys(TOKEN_COLUMNS), "total")


def test_writes_for_minutes_and_for_an_hour_are_all_writes() -> None:
    counts, _ = read(
        {**said(input=100), "cache_write_5m_tokens": [("5m", 20, False)], **said(cache_write_1h=30)}
    )
    assert (counts["cache_write_tokens"], counts["cache_write_1h_tokens"]) == (50, 30)
