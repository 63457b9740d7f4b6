"""A forecast in every form says the same numbers, and its first screen answers what was asked."""

from __future__ import annotations

import csv
import io

import pytest
from msgspec.structs import replace

from costctl.documents.forecast import Budget, Forecast, budget_of
from costctl.render.cells import usd_interval
from costctl.render.forecast import csv_text, sections
from costctl.render.forecast_screen import budget_line, screen
from costctl.render.markdown import as_markdown
from costctl.render.terminal import as_terminal_text
from costctl.render.view import View

FIRST_SCREEN_LINES = 24


def test_the_rows_of_the_csv_are_the_numbers_of_the_document(of_weeks: Forecast) -> None:
    rows = list(csv.DictReader(io.StringIO(csv_text(of_weeks))))
    assert [row["of"] for row in rows] == (["total"] + ["class"] * len(of_weeks.classes)) * 2
    told = {(row["period"], row["name"]): row for row in rows}
    month, quarter = (each.name for each in of_weeks.periods)
    for each in of_weeks.classes:
        for period, spend in ((month, each.month), (quarter, each.quarter)):
            row = told[period, each.request_class]
            assert spend.usd is not None
            assert float(row["usd"]) == spend.usd.mid
            assert float(row["usd_high"]) == spend.usd.high
            assert float(row["observed_usd"]) == spend.observed_usd
    assert of_weeks.month.usd is not None
    assert float(told[month, "all"]["usd_low"]) == of_weeks.month.usd.low


def test_the_first_screen_fits_and_names_every_class(of_weeks: Forecast) -> None:
    budgeted = replace(of_weeks, budget=budget_of(of_weeks, 1e6))
    lines = as_terminal_text(screen(budgeted, View())).splitlines()
    assert len(lines) <= FIRST_SCREEN_LINES
    text = "\n".join(lines)
    for each in of_weeks.classes:
        assert each.request_class in text
    assert "$1,000,000.00 a month does not end within the month" in text
    assert "Oct 2026 in all (95%)" in text
    assert "Q4 2026 in all (95%)" in text


def test_the_tables_hold_the_intervals_of_the_document(of_weeks: Forecast) -> None:
    text = as_markdown(sections(of_weeks))
    for spend in (of_weeks.month, *(each.month for each in of_weeks.classes)):
        assert str(usd_interval(spend.usd)) in text
        assert str(usd_interval(spend.likely_usd)) in text


@pytest.mark.parametrize(
    ("budget", "said"),
    [
        (Budget(1200.0, "2026-11", "2026-11-19", "2026-11-17", "2026-11-23"),
         "$1,200.00 a month ends on Nov 19 (95%: Nov 17 to Nov 23)"),
        (Budget(1200.0, "2026-11", "2026-11-19", "2026-11-17", None),
         "$1,200.00 a month ends on Nov 19 (95%: Nov 17 to after the month)"),
        (Budget(1200.0, "2026-11", None, "2026-11-29", None),
         "$1,200.00 a month is not expected to end within the month, but may from Nov 29 on"),
        (Budget(1200.0, "2026-11", None, None, None), "$1,200.00 a month does not end within the month"),
    ],
)  # fmt: skip
def test_a_budget_in_words(budget: Budget, said: str, of_weeks: Forecast) -> None:
    assert budget_line(budget, replace(of_weeks.month, is_lower_bound=False)) == said
