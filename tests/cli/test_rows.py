"""The answer of a query on a screen: as DuckDB's shell shows it, and nothing is left out without a word."""

from __future__ import annotations

import polars as pl
import pytest

from costctl.engine.catalogue import contracts, listing
from costctl.render.forms import RowFormat
from costctl.render.rows import MOST_ROWS, rendered


def shown(frame: pl.DataFrame, kind: str = "BIGINT", form: RowFormat = RowFormat.TABLE) -> list[str]:
    return rendered(frame, (kind,) * frame.width, form).splitlines()


def numbers(rows: int, columns: int) -> pl.DataFrame:
    return pl.DataFrame({f"column_{place:02d}": range(rows) for place in range(columns)})


def test_types_stand_under_the_names_and_the_size_below() -> None:
    assert shown(pl.DataFrame({"n": [1, 20]})) == [
        "     n",
        "BIGINT",
        "     1",
        "    20",
        "",
        "2 rows, 1 column",
    ]


def test_many_rows_are_cut_with_a_count() -> None:
    lines = shown(numbers(1234, 1))
    assert len(lines) == 2 + MOST_ROWS + 2
    assert lines[-1] == "1,234 rows (40 shown), 1 column; all with --format csv, json or line"


def test_columns_that_do_not_fit_are_counted() -> None:
    lines = shown(numbers(5, 30))
    assert max(map(len, lines)) <= 100
    assert "column_09" not in lines[0]
    assert lines[-1] == "5 rows, 30 columns (9 shown); all with --format csv, json or line"


def test_a_few_rows_of_many_columns_are_printed_a_line_for_each_value() -> None:
    lines = shown(numbers(2, 30))
    assert lines[:2] == ["column_00  0", "column_01  0"]
    assert lines[31] == "column_00  1"
    assert lines[-1] == "2 rows, 30 columns"


def test_a_line_for_each_value_can_be_asked_for() -> None:
    frame = pl.DataFrame({"name": ["a", None], "text": ["x" * 300, ""]})
    text = "".join(shown(frame, "VARCHAR", RowFormat.LINE)).replace(" ", "")
    assert "x" * 300 in text
    assert "nameNULL" in text


@pytest.mark.parametrize("form", [RowFormat.CSV, RowFormat.JSON, RowFormat.MARKDOWN])
def test_other_formats_have_every_row_and_column(form: RowFormat) -> None:
    text = "\n".join(shown(numbers(100, 30), form=form))
    assert text.count("99") == 30
    assert "column_29" in text


def test_a_long_text_shows_that_it_is_cut() -> None:
    (line,) = [line for line in shown(pl.DataFrame({"a": ["x" * 90], "b": ["y"]}), "VARCHAR") if "xx" in line]
    assert line.split() == ["x" * 60 + "…", "y"]


def test_every_relation_and_every_stored_table_is_listed_with_what_it_holds() -> None:
    rows = listing()
    assert {"spans", "sources", "quarantine", "calls", "charge", "staged_spans"} <= {*rows["name"]}
    assert all("One row per" in contract for contract in rows["contract"])


def test_the_columns_of_spans_have_meanings() -> None:
    assert contracts()["spans"].meanings["ttft_s"] == "s from start to the first token, queue included"
    assert contracts()["calls"].meanings["start_ns"] == "ns UTC"
