"""Every form of the workload map says the same numbers, and reads on narrow terminals and without colour."""

from __future__ import annotations

import csv
import io
import json
import re

import msgspec
import pytest

from costctl.documents.workload_map import WorkloadMap
from costctl.render import workload_map as render
from costctl.render.cells import count, ratio, usd
from costctl.render.markdown import as_markdown
from costctl.render.numbers import short
from costctl.render.records import records
from costctl.render.sections import HeatMap, Table, heat_text
from costctl.render.terminal import as_terminal_text

ANSI = re.compile(r"\x1b\[[0-9;]*m")


def test_csv_holds_the_numbers_of_the_json_to_the_last_digit(sample_map: WorkloadMap) -> None:
    document = json.loads(msgspec.json.encode(sample_map))
    rows = list(csv.DictReader(io.StringIO(render.csv_text(sample_map))))
    for row, mix, time, faults in zip(
        rows, document["classes"], document["times"], document["faults"], strict=True
    ):
        assert row["request_class"] == mix["request_class"]
        assert float(row["cost_ratio"]) == mix["cost_ratio"]
        assert float(row["before_s"]) == time["phases"]["before_s"]
        assert row["bottleneck_cause"] == time["bottleneck"]["cause"]
        assert float(row["waste_s_per_request"]) == time["bottleneck"]["waste_s_per_request"]
        assert float(row["attempts_per_request"]) == faults["attempts_per_request"]
    burnt = {each["request_class"]: each["objectives"][0]["burn"] for each in document["objectives"]}
    assert {row["request_class"]: float(row["e2e_p95_burn"]) for row in rows if row["e2e_p95_burn"]} == burnt


def test_the_tables_and_maps_round_the_numbers_of_the_document(sample_map: WorkloadMap) -> None:
    sections = {each.title: each for each in render.sections(sample_map)}
    mix = sections["Mix"]
    assert isinstance(mix, Table)
    for row, told in zip(mix.rows, sample_map.classes, strict=True):
        assert (row[1], row[5], row[6]) == (
            count(told.requests),
            usd(told.attributed_usd).at_least(told.unpriced_charges),
            ratio(told.cost_ratio, "unknown"),
        )
    load = sections["Heat map of load: requests by class and hour of the day (UTC)"]
    assert isinstance(load, HeatMap)
    for (name, cells), told_row in zip(load.rows, sample_map.load.rows, strict=True):
        assert name == told_row.request_class
        assert [heat_text(cell, load) for cell in cells] == [
            short(value) if value else "·" for value in told_row.requests
        ]


def test_machines_read_the_maps_and_tables_that_people_read(sample_map: WorkloadMap) -> None:
    found = {
        each.title: records(each) for each in render.sections(sample_map) if isinstance(each, Table | HeatMap)
    }
    mix = found["Mix"]
    assert mix.columns[:5] == ("class", "requests", "share_ratio", "tokens", "tokens_bound")
    assert [row[3] for row in mix.rows] == [each.tokens for each in sample_map.classes]
    load = found["Heat map of load: requests by class and hour of the day (UTC)"]
    assert [row[1:] for row in load.rows] == [each.requests for each in sample_map.load.rows]
    for row in found["Time by phase"].rows:
        parts = [value for value in row[2:] if isinstance(value, float)]
        assert sum(parts) == pytest.approx(1.0)


def test_markdown_and_terminal_show_the_same_cells(sample_map: WorkloadMap) -> None:
    sections = render.sections(sample_map)
    markdown, terminal = as_markdown(sections), as_terminal_text(sections)
    maps = [section for section in sections if isinstance(section, HeatMap)]
    assert maps
    for each in maps:
        for name, cells in each.rows:
            texts = [heat_text(cell, each) for cell in cells]
            assert all(text in markdown for text in texts), name
            assert all(text in terminal for text in texts), name
            assert name in terminal
    assert max(len(line) for line in terminal.splitlines()) <= 100


@pytest.mark.parametrize("width", [80, 120])
def test_a_terminal_holds_every_line_and_colour_says_nothing_that_the_text_does_not(
    sample_map: WorkloadMap, width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    coloured = as_terminal_text(render.sections(sample_map))
    assert "\x1b[" in coloured
    text = ANSI.sub("", coloured)
    assert max(len(line) for line in text.splitlines()) <= width
    monkeypatch.setenv("NO_COLOR", "1")
    plain = ANSI.sub("", as_terminal_text(render.sections(sample_map)))
    assert [line.rstrip() for line in plain.splitlines()] == [line.rstrip() for line in text.splitlines()]


def test_a_heat_map_that_is_too_wide_is_cut_into_blocks_that_hold_every_column() -> None:
    hours = tuple(f"{hour:02d}h" for hour in range(24))
    cells = tuple(count(1000 * (100 + hour)) for hour in range(24))
    load = HeatMap("Load", "class", hours, (("chat", cells),), (0.25, 0.5, 0.75, 0.9), "Requests.", 123_000.0)
    text = as_terminal_text([load])
    assert max(len(line) for line in text.splitlines()) <= 100
    assert text.count("chat") > 1
    for hour, cell in zip(hours, cells, strict=True):
        assert (text.count(hour), text.count(heat_text(cell, load))) == (1, 1)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (999, "999"),
        (999.6, "1.0k"),
        (1234, "1.2k"),
        (9960, "10k"),
        (3_400_000, "3.4M"),
        (2.5e9, "2.5G"),
    ],
)
def test_a_short_number_has_at_most_five_characters(value: float, text: str) -> None:
    assert short(value) == text
