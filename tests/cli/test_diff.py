"""``costctl diff``: what is compared, how much more, why, and which requests show it, in every form."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from costctl import Store, open_store
from costctl.documents.difference import Difference, DifferenceRow, rows_of
from costctl.documents.estimate import Estimate
from costctl.errors import CostctlError, NotEnoughDataError, UsageError
from costctl.render import difference, difference_screen
from costctl.render.difference_words import signed
from costctl.render.document import as_json
from costctl.render.markdown import as_markdown
from costctl.render.sections import Section, Table
from costctl.render.terminal import as_terminal_text
from costctl.render.view import View
from costctl.saved import read_saved
from tests.command_line import costctl
from tests.synth.changed_worlds import PLANTED, written

NARROW = {"COLUMNS": "80"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a store of four days, of which the last two lost their prompt cache."""
    place = tmp_path_factory.mktemp("diff")
    written(5, PLANTED["lost cache"][0], place)
    assert costctl(place, "ingest", "traces.jsonl", "--quiet").returncode == 0
    return place


def told(folder: Path, *words: str) -> str:
    done = costctl(folder, "diff", "--quiet", *words, environment=NARROW)
    assert done.returncode == 0, done.stderr
    return done.stdout


def store_in(folder: Path, **window: str) -> Store:
    return open_store(folder / "costctl.duckdb", config=folder / "costctl.toml", **window)


@pytest.fixture(scope="module")
def usual(folder: Path) -> Difference:
    """What ``costctl diff --format json`` writes."""
    told(folder, "-o", "usual.json")
    return read_saved(folder / "usual.json", Difference, "costctl diff --format json -o usual.json")


def test_the_first_screen_says_what_is_compared_how_much_more_and_why(folder: Path) -> None:
    lines = told(folder).splitlines()
    assert len(lines) <= 24
    assert max(map(len, lines)) <= 80
    assert lines[:2] == ["Nov 25–26 2026 (2.0 days)", "against Nov 23–24 2026 (2.0 days)"]
    assert lines[2].startswith("+$")
    why = lines.index(next(line for line in lines if line.startswith("WHY")))
    assert lines[why + 1].startswith("agent: fewer cache hits")
    assert any(line.startswith("Next") and "costctl explain" in line for line in lines)


def test_a_request_that_shows_it_can_be_explained(folder: Path, usual: Difference) -> None:
    first = usual.causes[0]
    assert len(first.requests) == 3
    explained = store_in(folder).explain(first.requests[0]).requests
    assert [each.request_class for each in explained] == ["agent"]


def test_the_effects_and_every_cut_of_them_add_up_to_the_change(usual: Difference) -> None:
    assert usual.new.usd is not None
    assert usual.base.usd is not None
    change = usual.new.usd - usual.base.usd
    assert usual.change_usd == pytest.approx(change, abs=1e-9)
    assert sum(each.usd for each in usual.effects) == pytest.approx(change, abs=1e-9)
    for of in ("class", "tenant", "model"):
        rows = rows_of(usual, of)
        assert sum(row.change_usd for row in rows) == pytest.approx(change, abs=1e-9)
        for row in rows:
            assert sum(each.usd for each in row.effects) == pytest.approx(row.change_usd, abs=1e-9)


def test_each_side_costs_what_the_analysis_of_it_says(folder: Path, usual: Difference) -> None:
    totals = store_in(folder, since=usual.new.from_, until=usual.new.to).analyze().totals
    assert (usual.new.requests, usual.new.usd) == (totals.requests, pytest.approx(totals.attributed_usd))


def test_csv_has_the_numbers_of_the_document_to_the_last_digit(usual: Difference) -> None:
    rows = [*csv.DictReader(io.StringIO(difference.csv_text(usual)))]
    effects = {row["effect"]: float(row["usd"]) for row in rows if row["row"] == "effect"}
    assert effects == {each.effect: each.usd for each in usual.effects}
    causes = [(row["effect"], row["value"], float(row["usd"])) for row in rows if row["row"] == "cause"]
    assert causes == [(each.effect, each.value, each.usd) for each in usual.causes]
    (change,) = (row for row in rows if row["row"] == "change")
    assert (float(change["before"]), float(change["after"])) == (usual.base.usd, usual.new.usd)


@pytest.mark.parametrize("laid_out", [as_markdown, as_terminal_text])
def test_every_form_for_people_rounds_the_same_numbers(
    usual: Difference, laid_out: Callable[[list[Section]], str]
) -> None:
    text = laid_out(difference.sections(usual))
    shown = [str(signed(each.usd)) for each in usual.effects if each.usd]
    assert len(shown) > 3
    assert [each for each in shown if each not in text] == []


def test_a_period_is_compared_with_the_time_after_it_and_last_with_the_time_before(
    folder: Path, usual: Difference
) -> None:
    assert store_in(folder).diff("2026-11-23..2026-11-25").change_usd == usual.change_usd
    last = store_in(folder, last="1d").diff()
    assert last.base.to == last.new.from_
    assert (last.base.seconds, last.new.seconds) == (86_400.0, 86_400.0)


def test_a_saved_analysis_is_a_side_that_tells_less(folder: Path, usual: Difference) -> None:
    saved = store_in(folder, until="2026-11-25").analyze()
    (folder / "base.json").write_text(as_json(saved), encoding="utf-8")
    found = store_in(folder).diff(folder / "base.json", "2026-11-25..2026-11-27")
    assert found.change_usd == pytest.approx(usual.change_usd)
    assert sum(each.usd for each in found.effects) == pytest.approx(found.change_usd)
    first = found.causes[0]
    assert (first.effect, first.value) == ("cache", "agent")
    assert (first.interval, first.requests, found.is_clear) == (None, (), None)
    assert any("saved document" in each for each in found.not_observed)


def test_a_store_is_a_side(folder: Path) -> None:
    path = folder / "costctl.duckdb"
    found = store_in(folder).diff(path, path)
    assert (found.base.kind, found.change_usd, found.causes) == ("store", 0.0, ())


@pytest.mark.parametrize(
    ("words", "kind", "said"),
    [
        (("nowhere",), UsageError, "cannot be compared"),
        (("2026-11-25..2026-11-23",), UsageError, "is no period"),
        (("2020-01-01..2020-01-02", "2026-11-25..2026-11-26"), NotEnoughDataError, "no requests"),
        (("2026-11-25..",), UsageError, "Nothing comes after"),
    ],
)
def test_what_cannot_be_compared_is_said(
    folder: Path, words: tuple[str, ...], kind: type[CostctlError], said: str
) -> None:
    with pytest.raises(kind, match=said):
        store_in(folder).diff(*words)


def test_two_sides_leave_no_window_to_ask_for(folder: Path) -> None:
    with pytest.raises(UsageError, match="--last"):
        store_in(folder, last="1d").diff("2026-11-23..2026-11-24", "2026-11-24..2026-11-25")


def test_the_first_time_has_nothing_before_it(folder: Path) -> None:
    with pytest.raises(NotEnoughDataError, match="nothing before that time"):
        store_in(folder, since="2026-11-20").diff()


HOSTILE = (
    "<script>alert(1)</script>",
    "=cmd|'/C calc'!A0",
    "\x1b[31mred\x1b[0m",
    "\u202eright to left",
    "two\nlines | and bars",
    "![](https://example.com/pixel.png)",
    "x" * 10_000,
)


@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_name_does_nothing_in_any_form(usual: Difference, name: str) -> None:
    named = msgspec.json.decode(
        as_json(usual).replace('"agent"', json.dumps(name)).replace('"acme"', json.dumps(name)),
        type=Difference,
    )
    screens = [difference_screen.screen(named, View()), difference.sections(named)]
    for sections in screens:
        for text in (as_markdown(sections), as_terminal_text(sections)):
            assert not {"\x1b", "\u202e"} & {*text}
        markdown = as_markdown(sections)
        assert "<script" not in markdown
        assert re.search(r"(?<!\\)\]\(", markdown) is None
        assert max(map(len, as_terminal_text(sections).splitlines())) <= 120
    rows = [*csv.reader(io.StringIO(difference.csv_text(named)))]
    assert {len(row) for row in rows} == {len(rows[0])}
    assert not [cell for row in rows for cell in row if cell.startswith("=")]


def test_amounts_of_what_has_no_price_are_not_priced_and_of_a_part_of_it_lower_bounds(
    usual: Difference,
) -> None:
    first = usual.rows[0]
    free = replace(first, before_usd=0.0, after_usd=0.0, change_usd=0.0, unpriced_charges=4, effects=())
    partly = replace(first, before_usd=1.5, unpriced_charges=4)

    def cells(row: DifferenceRow) -> tuple[str, ...]:
        (table,) = (
            each
            for each in difference.sections(replace(usual, rows=(row,)))
            if isinstance(each, Table) and each.title.startswith(f"By {row.of}")
        )
        return table.texts()[0]

    assert cells(free)[1:4] == ("not priced",) * 3
    assert cells(partly)[1].startswith("≥ $1.5")
    written_rows = csv.DictReader(io.StringIO(difference.csv_text(replace(usual, rows=(free,)))))
    (row,) = (each for each in written_rows if each["row"] == "row")
    assert (row["usd"], row["before"], row["after"]) == ("", "", "")


def test_a_change_whose_interval_leaves_zero_out_is_told_what_more_is_asked_for(usual: Difference) -> None:
    likely = replace(usual, is_clear=False, change_interval=Estimate(1.0, 2.0, 3.0, 0.95, "jackknife"))
    unsure = replace(likely, change_interval=Estimate(-1.0, 2.0, 5.0, 0.95, "jackknife"))
    assert "not clear of chance, which asks for 4 standard errors (95%: +$1.00" in difference_screen.headline(
        likely
    )
    assert "standard errors" not in difference_screen.headline(unsure)
    assert "standard errors" not in difference_screen.headline(replace(likely, is_clear=True))
