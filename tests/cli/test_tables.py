"""One table, three forms."""

from __future__ import annotations

import csv
import io

from hypothesis import given
from hypothesis import strategies as st

from costctl.legible import legible
from costctl.render.markdown import as_markdown
from costctl.render.sections import Notes, Table
from costctl.render.spreadsheet import as_csv
from costctl.render.terminal import as_terminal_text

FRUIT = Table("Fruit", ("name", "grams"), (("apple", "180"), ("a|b", "7")), frozenset({"name"}))


def test_markdown_aligns_numbers_right_and_escapes_bars() -> None:
    assert as_markdown([FRUIT, Notes("Why", ("because",))]) == (
        "## Fruit\n\n| name | grams |\n| --- | ---: |\n| apple | 180 |\n| a\\|b | 7 |\n\n## Why\n\n- because\n"
    )


def test_the_terminal_form_is_plain_and_within_100_columns_off_a_terminal() -> None:
    wide = Table("Wide", ("a", "b"), (("word " * 30, "word " * 30),), frozenset({"a", "b"}))
    text = as_terminal_text([FRUIT, wide])

    assert "\x1b" not in text
    assert max(len(line) for line in text.splitlines()) <= 100
    assert "apple" in text


def test_a_csv_cell_that_a_spreadsheet_would_run_is_neutralised_and_numbers_are_not() -> None:
    rows = list(csv.reader(io.StringIO(as_csv(["a", "b"], [["=1+1", -1.5], ["@x", None], ["ok", 3]]))))
    assert rows == [["a", "b"], ["'=1+1", "-1.5"], ["'@x", ""], ["ok", "3"]]


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1))
def test_csv_keeps_every_digit_of_a_float(values: list[float]) -> None:
    rows = list(csv.reader(io.StringIO(as_csv(["x"], [[value] for value in values]))))
    assert [float(row[0]) for row in rows[1:]] == values


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0")), min_size=2, max_size=2))
def test_a_csv_row_is_one_row_whatever_ends_of_line_are_in_its_cells(cells: list[str]) -> None:
    text = as_csv(["a", "b"], [cells, ["last\rcell", "\r\n"]])
    _, row, last = csv.reader(io.StringIO(text, newline=""))
    shown = [
        "\r".join(map(legible, cell.split("\r"))) for cell in cells
    ]  # what steers a terminal is spelled out
    assert [read.removeprefix("'") for read in row] == [cell.removeprefix("'") for cell in shown]
    assert last == ["last\rcell", "'\r\n"]
