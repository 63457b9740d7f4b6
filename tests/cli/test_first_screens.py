"""The default view of a verb answers its question within a screen: golden screens, and what holds of all of them."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from costctl.documents.spending import Series, Slot, Timeline
from costctl.render.sections import Facts, Table
from costctl.render.terminal import as_terminal_text
from costctl.render.view import View
from tests.cli.first_screens import FIRST_SCREENS, GOLDEN, Worlds, golden, screen_text, terminal
from tests.command_line import costctl

MONEY = re.compile(r"(?<![(<>\d.])\$([\d,]+(?:\.\d+)?)")
WORLDS = ("sample", "shop", "gaps")
NARROW = 60


@pytest.fixture(scope="module")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> Worlds:
    return Worlds(tmp_path_factory.mktemp("screens"))


@pytest.mark.parametrize("case", GOLDEN, ids=lambda case: golden(*case).stem)
def test_a_screen_is_as_it_was_read_by_a_person(worlds: Worlds, case: tuple[str, str, int, bool]) -> None:
    verb, world, columns, is_coloured = case
    text = screen_text(verb, worlds.document(verb, world), columns, is_coloured=is_coloured)
    read = golden(*case).read_text(encoding="utf-8")
    compared = without_numbers if FIRST_SCREENS[verb].is_fitted else str.splitlines
    assert compared(text) == compared(read), "python -m tests.cli.first_screens, and read the diff"


LETTERS = str.maketrans("0123456789", "abcdefghij")  # of a colour, which is no figure


def without_numbers(text: str) -> list[list[str]]:
    """The words of each line, whatever their figures and units."""
    plain = re.sub(r"\x1b\[[\d;]*m", lambda code: f" {code[0].translate(LETTERS)} ", text)
    lines = [
        re.sub(r"[-+]?[\d,.]*\d", "0", line).replace("µs", "s").replace("ms", "s").split()
        for line in plain.splitlines()
    ]
    return [[word for word in line if word.strip("─")] for line in lines]


def test_no_golden_screen_is_left_over() -> None:
    kept = {golden(*case) for case in GOLDEN}
    assert {path for path in golden(*GOLDEN[0]).parent.iterdir() if path not in kept} == set()


@pytest.mark.parametrize("verb", FIRST_SCREENS)
def test_the_answer_fits_on_a_small_terminal_and_ends_with_what_is_next(worlds: Worlds, verb: str) -> None:
    lines = screen_text(verb, worlds.document(verb, "sample"), 80).splitlines()
    assert len(lines) <= FIRST_SCREENS[verb].most_lines
    assert max(map(len, lines)) <= 80
    (place,) = (place for place, line in enumerate(lines) if line.startswith("Next "))
    assert "costctl " in lines[place]
    assert all(line.startswith("     ") for line in lines[place + 1 :])


@pytest.mark.parametrize("width", [NARROW, 80, 120])
@pytest.mark.parametrize("verb", FIRST_SCREENS)
def test_no_column_is_dropped_without_a_word(worlds: Worlds, verb: str, width: int) -> None:
    sections = FIRST_SCREENS[verb].screen(worlds.document(verb, "sample"), View())
    for table in (each for each in sections if isinstance(each, Table) and (width > NARROW or each.least)):
        with terminal(width):
            text = as_terminal_text([table])
        head = " ".join(text.splitlines()[:3])  # names of columns fold where there is little room
        hidden = " ".join(text.split()).partition("hidden for want of room: ")[2]
        named = [name for name in table.columns[1:] if name not in hidden]
        assert {word for name in named for word in name.split() if word not in head} == set()


def amounts(text: str) -> Decimal:
    """The sum of the amounts in a line, without those in brackets; what is less than a unit counts as nothing."""
    found = MONEY.findall(re.sub(r"\([^)]*\)", "", text))
    return sum((Decimal(each.replace(",", "")) for each in found), Decimal(0))


def bill_of(document: Any) -> Decimal:
    assert document.bill is not None
    return Decimal(str(document.bill.total_usd))


@pytest.mark.parametrize("top", [None, 2])
@pytest.mark.parametrize("world", WORLDS)
def test_classes_add_up_to_the_bill_as_they_are_written(worlds: Worlds, world: str, top: int | None) -> None:
    document = worlds.document("analyze", world)
    (table,) = (
        each for each in FIRST_SCREENS["analyze"].screen(document, View(top=top)) if isinstance(each, Table)
    )
    cost, requests = table.columns.index("cost"), table.columns.index("requests")
    rows = table.texts()
    assert sum(amounts(row[cost]) for row in rows) == bill_of(document)
    assert sum(int(row[requests].replace(",", "") or 0) for row in rows) == document.totals.requests


@pytest.mark.parametrize("label", ["BY MODEL", "BY TENANT"])
@pytest.mark.parametrize("world", ["sample", "shop"])
def test_what_a_line_tells_apart_adds_up_to_the_bill(worlds: Worlds, world: str, label: str) -> None:
    document = worlds.document("analyze", world)
    *_, facts = FIRST_SCREENS["analyze"].screen(document, View())
    assert isinstance(facts, Facts)
    assert amounts(dict(facts.lines)[label]) == bill_of(document)


@pytest.mark.parametrize("world", WORLDS)
def test_kinds_of_request_add_up_to_all_requests(worlds: Worlds, world: str) -> None:
    document = worlds.document("segment", world)
    (table,) = (
        each for each in FIRST_SCREENS["segment"].screen(document, View(top=3)) if isinstance(each, Table)
    )
    place = table.columns.index("requests")
    assert sum(int(row[place].replace(",", "")) for row in table.texts()) == document.requests


def test_a_terminal_sees_the_cost_of_each_day_and_a_pipe_does_not(worlds: Worlds) -> None:
    document = worlds.document("analyze", "sample")
    slots = tuple(Slot(f"2026-11-0{day}T00:00:00Z", 86_400.0, is_whole=True) for day in (1, 2, 3))
    series = tuple(
        Series(each.request_class, (1, 1, 1), (1.0, 2.0, float(place)))
        for place, each in enumerate(document.classes)
    )
    told = replace(document, timeline=Timeline(86_400.0, slots, series[0], series))
    assert "▄█" in screen_text("analyze", told, 120, is_coloured=True)
    assert "▄█" not in screen_text("analyze", told, 120)


def test_detail_shows_all_tables_and_markdown_the_same_screen(worlds: Worlds, tmp_path: Path) -> None:
    store = worlds.world("gaps").store
    about = ("--store", str(store), "--quiet")
    screen = costctl(tmp_path, "analyze", *about).stdout
    detail = costctl(tmp_path, "analyze", *about, "--detail").stdout
    markdown = costctl(tmp_path, "analyze", *about, "--format", "markdown").stdout
    assert "COST BY CLASS" in screen
    assert "The bill in USD, in rows that add up" not in screen
    assert "The bill in USD, in rows that add up" in detail
    assert "## COST BY CLASS" in markdown
    assert "\nNext " in screen
