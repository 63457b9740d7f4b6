"""Every form of a result says the same numbers: they are all made from one document."""

from __future__ import annotations

import csv
import io
import json
from decimal import Decimal

import msgspec
import pytest
from msgspec.structs import replace

from costctl.documents.analysis import Analysis
from costctl.render import analysis as render
from costctl.render.cells import count, usd_interval
from costctl.render.class_rows import csv_text
from costctl.render.markdown import as_markdown
from costctl.render.records import Records, records
from costctl.render.sections import Table
from costctl.render.terminal import as_terminal_text


def test_csv_holds_the_numbers_of_the_json_to_the_last_digit(sample_analysis: Analysis) -> None:
    document = json.loads(msgspec.json.encode(sample_analysis))
    rows = [row for row in csv.DictReader(io.StringIO(csv_text(sample_analysis))) if row["row"] == "class"]
    assert [row["request_class"] for row in rows] == [each["request_class"] for each in document["classes"]]
    for row, each in zip(rows, document["classes"], strict=True):
        cost = each["cost"]
        assert int(row["requests"]) == each["requests"]
        assert float(row["attributed_usd"]) == cost["attributed_usd"]
        assert float(row["loaded_usd"]) == cost["loaded_usd"]
        assert float(row["marginal_usd_per_request"]) == cost["marginal_usd_per_request"]["mid"]
        assert float(row["usd_per_success_high"]) == cost["usd_per_success"]["high"]
        assert (row["output_tokens"] or None) == (
            None if each["tokens"]["output"] is None else str(each["tokens"]["output"])
        )


def test_the_rows_of_the_csv_add_up_to_its_total_row_which_is_the_bill(sample_analysis: Analysis) -> None:
    assert sample_analysis.bill is not None
    *rows, total = csv.DictReader(io.StringIO(csv_text(sample_analysis)))
    assert [row["row"] for row in rows[-2:]] == ["idle", "unattributed"]
    assert {row["row"] for row in rows[:-2]} == {"class"}
    assert total["row"] == "total"
    charged = sum(Decimal(row["charged_usd"]) for row in rows)
    assert charged == Decimal(total["charged_usd"]) == Decimal(repr(sample_analysis.bill.total_usd))
    for column in ("requests", "successes"):
        assert sum(int(row[column] or 0) for row in rows) == int(total[column])
    assert int(total["requests"]) == sample_analysis.totals.requests
    of_all = {(row["period_start"], row["period_end"], row["currency"]) for row in (*rows, total)}
    assert of_all == {(sample_analysis.window.from_, sample_analysis.window.to, "USD")}


def test_where_nothing_is_priced_the_total_row_has_no_amount(sample_analysis: Analysis) -> None:
    *rows, total = csv.DictReader(io.StringIO(csv_text(replace(sample_analysis, bill=None))))
    assert {row["row"] for row in rows} == {"class"}
    assert (total["charged_usd"], total["requests"]) == ("", str(sample_analysis.totals.requests))


def test_the_tables_round_the_numbers_of_the_document(sample_analysis: Analysis) -> None:
    tables = {
        section.title: section for section in render.sections(sample_analysis) if isinstance(section, Table)
    }
    costs = {
        row[0]: row
        for row in tables["Classes: cost in USD, with 95 % intervals where not said otherwise"].texts()
    }
    bill = {row[0]: row for row in tables["The bill in USD, in rows that add up"].texts()}
    traffic = {
        row[0]: row
        for row in tables[
            "Classes: traffic (p50, p95: of all requests with a known duration, failed ones included)"
        ].texts()
    }
    for report in sample_analysis.classes:
        assert usd_of(bill[report.request_class][2]) == pytest.approx(report.cost.attributed_usd, abs=0.01)
        assert usd_of(bill[report.request_class][3]) == pytest.approx(report.cost.loaded_usd, abs=0.01)
        assert costs[report.request_class][1] == str(usd_interval(report.cost.marginal_usd_per_request))
        assert traffic[report.request_class][1] == str(count(report.requests))


def test_each_column_of_the_bill_adds_up_as_it_is_shown(sample_analysis: Analysis) -> None:
    (table,) = (each for each in render.sections(sample_analysis) if each.title.startswith("The bill in USD"))
    assert isinstance(table, Table)
    *rows, total = table.texts()
    for column in (1, 2, 3):
        shown = sum(Decimal(row[column].replace("$", "").replace(",", "")) for row in rows if row[column])
        assert shown == Decimal(total[column].replace("$", "").replace(",", ""))


def test_a_marginal_cost_that_is_priced_but_not_told_is_for_want_of_data(sample_analysis: Analysis) -> None:
    first, *others = sample_analysis.classes
    untold = replace(first, cost=replace(first.cost, marginal_usd=None, marginal_usd_per_request=None))
    sections = render.sections(replace(sample_analysis, classes=(untold, *others)))
    (table,) = (each for each in sections if each.title.startswith("The bill in USD"))
    assert isinstance(table, Table)
    shown = table.texts()
    assert shown[0][4] == "not enough data"
    assert all(row[4].startswith("$") for row in shown[1 : len(sample_analysis.classes)])


def usd_of(cell: str) -> float:
    return float(cell.replace("$", "").replace(",", ""))


def test_markdown_and_terminal_show_the_same_cells(sample_analysis: Analysis) -> None:
    sections = render.sections(sample_analysis)
    markdown, terminal = as_markdown(sections), as_terminal_text(sections)
    tables = [section for section in sections if isinstance(section, Table)]
    assert tables
    for row in (row for table in tables for row in table.texts()):
        assert "| " + " | ".join(row) + " |" in markdown
        assert row[0] in terminal
    assert max(len(line) for line in terminal.splitlines()) <= 100


def test_machines_read_the_tables_that_people_read(sample_analysis: Analysis) -> None:
    tables = [section for section in render.sections(sample_analysis) if isinstance(section, Table)]
    found = {table.title: records(table) for table in tables}
    assert all(len(rows.columns) == len(set(rows.columns)) for rows in found.values())
    for report, row in zip(sample_analysis.classes, rows_of(found, "Classes: cost in USD"), strict=True):
        estimate = report.cost.marginal_usd_per_request
        assert estimate is not None
        assert row["class"] == report.request_class
        assert row["marginal_per_request_usd"] == estimate.mid
        assert row["marginal_per_request_usd_low"] == estimate.low
        assert row["marginal_per_request_bound"] == "exact"
    for pool, row in zip(sample_analysis.pools, rows_of(found, "Pools"), strict=True):
        assert (row["busy_s"], row["utilisation_ratio"]) == (pool.busy_s, pool.utilisation_ratio)
    *_, total = rows_of(found, "The bill in USD")
    assert sample_analysis.bill is not None
    assert total["attributed_usd"] == sample_analysis.bill.attributed.total_usd
    assert total["marginal_usd"] is None


def rows_of(found: dict[str, Records], title: str) -> list[dict[str, object]]:
    (table,) = (table for name, table in found.items() if name.startswith(title))
    return [dict(zip(table.columns, row, strict=True)) for row in table.rows]
