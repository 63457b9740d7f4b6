"""The how-to on forecasts: from an export to the day on which a budget ends, as the page quotes it."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from tests.docs.page_commands import run_commands

PAGE = "docs/how-to/what-will-this-month-cost.md"


def test_an_export_leads_to_the_day_on_which_the_budget_ends(repository: Path, reader: Path) -> None:
    ran = [each for each in run_commands(repository / PAGE, reader) if each.quoted]
    assert [each.printed for each in ran] == [each.quoted for each in ran]
    document = json.loads((reader / "forecast.json").read_text(encoding="utf-8"))
    assert document["budget"]["earliest"] <= document["budget"]["day"] <= document["budget"]["latest"]
    rows = list(csv.DictReader((reader / "forecast.csv").read_text(encoding="utf-8").splitlines()))
    assert float(rows[0]["usd"]) == pytest.approx(document["month"]["usd"]["mid"])
