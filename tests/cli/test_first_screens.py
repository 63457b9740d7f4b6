"""The default view of a verb answers its question within a screen: golden screens, and what holds of all of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from costctl.documents.spending import Series, Slot, Timeline
from costctl.errors import CostctlError
from costctl.ingest import loader
from costctl.observation import Question
from costctl.render.sections import Facts, Table
from costctl.render.view import View
from costctl.store.database import open_store
from tests.cli.first_screens import FIRST_SCREENS, GOLDEN, MOST_LINES, Worlds, golden, screen_text
from tests.command_line import costctl
from tests.conftest import unwatched

MONEY = re.compile(r"(?<![(<>\d.])\$([\d,]+(?:\.\d+)?)")
WORLDS = ("sample", "shop", "gaps")
SLOW = {"segment --learn"}  # half a minute on real traces, and no longer than on others
NARROW = 60


@pytest.fixture(scope="module")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> Worlds:
    return Worlds(tmp_path_factory.mktemp("screens"))


@pytest.mark.parametrize("case", GOLDEN, ids=lambda case: golden(*case).stem)
def test_a_screen_is_as_it_was_read_by_a_person(worlds: Worlds, case: tuple[str, str, int, bool]) -> None:
    verb, world, columns, is_coloured = case
    text = screen_text(verb, worlds.document(verb, world), columns, is_coloured=is_coloured)
    assert text == golden(*case).read_text(encoding="utf-8"), (
        "python -m tests.cli.first_screens, and read the diff"
    )


def test_no_golden_screen_is_left_over() -> None:
    kept = {golden(*case) for case in GOLDEN}
    assert {path for path in golden(*GOLDEN[0]).parent.iterdir() if path not in kept} == set()


@pytest.fixture(scope="module")
def real_screens(real_traces: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], str]:
    """(folder of traces, verb) → its screen at 80 columns; nothing where there is too little data."""
    found = {}
    for folder in sorted(real_traces.glob("*/*")):
        store = tmp_path_factory.mktemp("real") / "s.duckdb"
        with open_store(store) as connection:
            loader.ingest(connection, [str(folder)])
        for verb, text in _screens(Question(store=store)):
            found[folder.name, verb] = text
    return found


def _screens(question: Question) -> Iterator[tuple[str, str]]:
    for verb in FIRST_SCREENS.keys() - SLOW:
        try:
            document = FIRST_SCREENS[verb].make(question, unwatched)
        except CostctlError:
            continue
        yield verb, screen_text(verb, document, 80)


def test_no_default_view_of_real_traces_is_longer_than_a_screen_or_wider_than_it(
    real_screens: dict[tuple[str, str], str],
) -> None:
    assert len(real_screens) > 50
    sizes = {
        case: (text.count("\n"), max(map(len, text.splitlines()))) for case, text in real_screens.items()
    }
    assert {case: size for case, size in sizes.items() if size[0] > MOST_LINES or size[1] > 80} == {}


def test_the_last_lines_of_a_screen_say_what_to_do_next(worlds: Worlds) -> None:
    for verb, screen in FIRST_SCREENS.items():
        *_, last = screen.screen(worlds.document(verb, "sample"), View())
        assert isinstance(last, Facts)
        label, said = last.lines[-1]
        assert (label, "costctl " in said) == ("Next", True)


@pytest.mark.parametrize("width", [NARROW, 80, 120])
@pytest.mark.parametrize("verb", FIRST_SCREENS)
def test_no_column_is_dropped_without_a_word(worlds: Worlds, verb: str, width: int) -> None:
    document = worlds.document(verb, "sample")
    text = screen_text(verb, document, width)
    tables = [each for each in FIRST_SCREENS[verb].screen(document, View()) if isinstance(each, Table)]
    start = text.index(tables[0].title.split()[0])  # a title folds where there is little room
    head = " ".join(text[start:].splitlines()[:3])
    hidden = " ".join(text.split()).partition("hidden for want of room: ")[2]
    named = {name for name in tables[0].columns[1:] if name}
    assert {name for name in named if name not in head and name not in hidden} == set()


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
    store = worlds.question("gaps").store
    about = ("--store", str(store), "--quiet")
    screen = costctl(tmp_path, "analyze", *about).stdout
    detail = costctl(tmp_path, "analyze", *about, "--detail").stdout
    markdown = costctl(tmp_path, "analyze", *about, "--format", "markdown").stdout
    assert "COST BY CLASS" in screen
    assert "The bill in USD, in rows that add up" not in screen
    assert "The bill in USD, in rows that add up" in detail
    assert "## COST BY CLASS" in markdown
    assert "Next" in screen.splitlines()[-1]
