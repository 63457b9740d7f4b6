"""A cell is a number with its unit: people read it rounded, machines to the last digit, and unknown is never 0."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from costctl.documents.estimate import Estimate
from costctl.render import cells
from costctl.render.cells import Cell, plain
from costctl.render.records import column_key, records
from costctl.render.sections import HeatMap, Table, in_brief

ESTIMATE = Estimate(0.01, 0.02, 0.03, 0.95, "x")
EXACT = Estimate(0.02, 0.02, 0.02, None, "price")
NUMBERS = st.floats(min_value=1e-9, max_value=1e9)


@pytest.mark.parametrize(
    ("cell", "shown"),
    [
        (cells.usd(None), "not priced"),
        (cells.seconds(None), "not observed"),
        (cells.count(None, "no success"), "no success"),
        (cells.usd_interval(None), "not enough data"),
        (cells.usd(None).at_least(3), "not priced"),
        (cells.usd(0.0), "$0.00"),
        (cells.usd(2.0).at_least(3), "≥ $2.00"),
        (cells.usd(2.0).at_least(0), "$2.00"),
        (cells.usd(-2.0).at_most(1), "≤ -$2.00"),
        (replace(cells.usd(2.0), places=6), "$2.000000"),
        (replace(cells.usd(2.0), note="too few for an interval"), "$2.00 (too few for an interval)"),
        (replace(cells.seconds(0.5), is_signed=True), "+500 ms"),
        (replace(cells.ratio(-0.231), is_signed=True), "-23.1%"),
        (replace(cells.ratio(0.0001), is_signed=True), "0.0%"),
        (replace(cells.usd(0.001), is_signed=True, places=2), "<+$0.01"),
        (replace(cells.usd(-0.001), is_signed=True, places=2), ">-$0.01"),
        (cells.usd_interval(ESTIMATE), "$0.0200 ($0.0100 to $0.0300)"),
        (cells.usd_interval(EXACT), "$0.0200 (exact)"),
        (cells.usd_interval(EXACT).at_least(1), "≥ $0.0200"),
        (cells.ratio_interval(ESTIMATE), "2.0% (1.0 to 3.0)"),
        (cells.phrase("{some} of {all}", some=cells.count(1), all=cells.count(2000)), "1 of 2,000"),
        (cells.measured(3.0, "replicas"), "3.00 replicas"),
    ],
)
def test_a_cell_is_read_as(cell: Cell, shown: str) -> None:
    assert str(cell) == shown


@given(NUMBERS)
def test_machines_get_every_digit_of_what_people_read_rounded(value: float) -> None:
    assert plain(cells.usd(value)) == {"_usd": value}
    assert plain(cells.seconds(value)) == {"_s": value}
    assert plain(cells.ratio(value)) == {"_ratio": value}
    assert plain(cells.hours(value)) == {"_s": value}


def test_what_is_unknown_is_none_for_machines_whatever_the_words_are() -> None:
    assert plain(cells.usd(None, "no success")) == {"_usd": None}
    assert plain(cells.usd(None).at_least(1)) == {"_usd": None, "_bound": None}
    assert plain(cells.usd_interval(None)) == {"_usd_low": None, "_usd": None, "_usd_high": None}


FRUIT = Table(
    "Fruit",
    ("name", "cost", "p95 (of all)", "tokens in", "picked"),
    (
        (
            "apple",
            cells.usd(0.1 + 0.2).at_least(2),
            cells.seconds(1 / 3),
            cells.tokens(1_234_567),
            cells.phrase("{ripe} of {all}", ripe=cells.count(1), all=cells.count(2)),
        ),
        (
            "pear",
            cells.usd(None).at_least(0),
            cells.seconds(None),
            cells.tokens(None),
            cells.phrase("none"),
        ),
    ),
    frozenset({"name"}),
)


def test_a_table_has_rows_of_plain_numbers_with_units_in_the_names_of_columns() -> None:
    found = records(FRUIT)
    assert found.columns == (
        "name", "cost_usd", "cost_bound", "p95_s", "tokens_in", "picked_ripe", "picked_all"
    )  # fmt: skip
    assert found.rows == (
        ("apple", 0.1 + 0.2, "at least", 1 / 3, 1_234_567, 1, 2),
        ("pear", None, None, None, None, None, None),
    )
    assert FRUIT.texts()[0] == ("apple", "≥ $0.300", "333 ms", "1.23 M", "1 of 2")


def test_two_columns_of_one_name_are_refused() -> None:
    twice = Table("Twice", ("cost", "Cost (again)"), ((cells.usd(1.0), cells.usd(2.0)),))
    with pytest.raises(ValueError, match="Twice: two columns are called cost_usd"):
        records(twice)


def test_a_heat_map_has_the_numbers_and_no_shades() -> None:
    load = HeatMap(
        "Load",
        "class",
        ("09h", "10h"),
        (("chat", (cells.count(900), cells.count(0))),),
        (0.1,) * 4,
        "",
        900.0,
    )
    assert records(load).columns == ("class", "09h", "10h")
    assert records(load).rows == (("chat", 900, 0),)


@pytest.mark.parametrize(
    ("title", "key"),
    [("TTFT p95", "ttft_p95"), ("charged (idle apart)", "charged"), ("#", "number"), ("95 % low", "95_low")],
)
def test_the_head_of_a_column_is_a_name(title: str, key: str) -> None:
    assert column_key(title) == key


def test_a_warning_in_brief_says_what_is_wrong_and_no_less() -> None:
    long = "[classes.x] has no effect: no rule of costctl.toml assigns it. Did you mean y?"
    assert in_brief(long) == "[classes.x] has no effect: no rule of costctl.toml assigns it. More: --detail"
    assert (
        in_brief("[bills] acme has no effect: no call names it.")
        == "[bills] acme has no effect: no call names it."
    )
