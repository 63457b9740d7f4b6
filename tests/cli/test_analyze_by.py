"""``analyze --by``: tables that add up as they are written, in every form, and names that are unknown said so."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

import costctl as package
from costctl.observation import Question
from tests.command_line import costctl

START = datetime(2026, 11, 23, tzinfo=UTC)
MODELS = ("gpt-4o", "gpt-4o-mini", "gpt-4.1", "gpt-4.1-mini", "gpt-4.1-nano")
TEAMS = ("red", "green", "blue")


def spend_row(number: int) -> dict[str, object]:
    """One call of two days, every quarter of an hour; on the second day those of team red read four times as much."""
    started = START + timedelta(minutes=number * 5)
    team, model = TEAMS[number % 3], MODELS[number % 5]
    is_more = team == "red" and started.day == 24
    return {
        "request_id": f"r{number}",
        "call_type": "acompletion",
        "startTime": f"{started:%Y-%m-%dT%H:%M:%S}",
        "endTime": f"{started + timedelta(seconds=3):%Y-%m-%dT%H:%M:%S}",
        "spend": 0.0,
        "model": model,
        "custom_llm_provider": "openai",
        "prompt_tokens": 40_000 if is_more else 10_000,
        "completion_tokens": 100,
        "total_tokens": 40_100 if is_more else 10_100,
        "team_id": team,
    }


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a store of two days of a gateway's log."""
    place = tmp_path_factory.mktemp("cuts")
    lines = (json.dumps(spend_row(number)) + "\n" for number in range(576))
    (place / "spend.jsonl").write_text("".join(lines), encoding="utf-8")
    assert costctl(place, "ingest", "spend.jsonl", "--quiet").returncode == 0
    return place


def analyzed(folder: Path, *words: str) -> str:
    done = costctl(folder, "analyze", "--quiet", *words, environment={"COLUMNS": "80"})
    assert done.returncode == 0, done.stderr
    return done.stdout


def costs(table: str) -> list[Decimal]:
    """The amounts of the second column, the last of them the total."""
    lines = table.split("COST BY ")[1].split("\n\n")[0].splitlines()[1:]
    return [Decimal(line.split("$")[1].split()[0].replace(",", "")) for line in lines if "$" in line]


@pytest.mark.parametrize("by", ["model", "provider", "tenant", "day", "class"])
@pytest.mark.parametrize("top", [(), ("--top", "1"), ("--top", "2", "--sort", "name")])
def test_the_rows_add_up_to_the_total_as_they_are_written(
    folder: Path, by: str, top: tuple[str, ...]
) -> None:
    *rows, total = costs(analyzed(folder, "--by", by, *top))
    assert sum(rows, Decimal(0)) == total


def test_what_top_hides_is_counted_with_its_sum(folder: Path) -> None:
    shown = analyzed(folder, "--by", "model", "--top", "2")
    assert "3 more" in shown
    assert "gpt-4.1-nano" not in shown


def test_rows_are_sorted_by_money_and_else_as_asked(folder: Path) -> None:
    by_cost = costs(analyzed(folder, "--by", "model"))[:-1]
    assert by_cost == sorted(by_cost, reverse=True)
    by_name = analyzed(folder, "--by", "tenant", "--sort", "name")
    assert by_name.index("blue") < by_name.index("green") < by_name.index("red")


def test_a_jump_is_named_with_how_it_came_about(folder: Path) -> None:
    (line,) = (line for line in analyzed(folder, "--by", "tenant").splitlines() if line.startswith("CHANGE"))
    assert "Nov 24 vs Nov 23: red +$" in line
    assert "cost per request +" in analyzed(folder, "--by", "tenant")


def test_two_cuts_are_two_tables_on_one_screen(folder: Path) -> None:
    shown = analyzed(folder, "--by", "model", "--by", "tenant")
    assert shown.count("COST BY ") == 2
    assert len(shown.splitlines()) <= 24
    assert shown.rstrip().splitlines()[-1].startswith("Next")


def test_all_hours_are_too_many_for_a_screen_and_are_in_detail(folder: Path) -> None:
    shown, detail = analyzed(folder, "--by", "hour"), analyzed(folder, "--by", "hour", "--detail")
    assert len(shown.splitlines()) <= 24
    assert "36 earlier" in shown
    assert "2026-11-23T00:00" in detail
    *rows, total = costs(shown)
    assert sum(rows, Decimal(0)) == total


def test_csv_has_a_row_a_value_and_the_total(folder: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(analyzed(folder, "--by", "model", "--format", "csv"))))
    *parts, total = rows
    assert [row["value"] for row in parts if row["kind"] == "value"] != []
    assert total["kind"] == "total"
    assert sum(Decimal(row["written_usd"]) for row in parts) == Decimal(total["written_usd"])
    assert {(row["currency"], row["period_from"][:10]) for row in rows} == {("USD", "2026-11-23")}
    assert sum(int(row["calls"]) for row in parts) == int(total["requests"]) == 576


def test_markdown_has_the_same_rows(folder: Path) -> None:
    shown = analyzed(folder, "--by", "tenant", "--format", "markdown", "--top", "1")
    assert "| red " in shown
    assert "| 2 more" in shown


def test_json_has_what_was_asked_for_first_and_what_is_always_there(folder: Path) -> None:
    document = json.loads(analyzed(folder, "--by", "day", "--format", "json"))
    assert [cut["by"] for cut in document["cuts"]] == ["day", "model", "provider", "tenant"]
    assert document["changes"]["halves"]["days"] == 1
    assert [slot["from"][:10] for slot in document["timeline"]["slots"]] == ["2026-11-23", "2026-11-24"]


def test_from_python_one_name_or_several_are_asked_for(folder: Path) -> None:
    store = package.open_store(folder / "costctl.duckdb")
    assert store.analyze(by="day").cuts[0].by == "day"
    assert [cut.by for cut in store.analyze(by=("class", "model")).cuts][:2] == ["class", "model"]


@pytest.mark.parametrize(
    ("by", "code", "said"),
    [
        ("tenent", 2, "--by tenant"),
        ("attr:", 2, "attr:KEY"),
        ("attr:http.rute", 2, "--by attr:http.route"),
        ("team", 4, "no call and no request has one"),
    ],
)
def test_what_the_cost_cannot_be_split_by_says_what_it_can(
    sample_question: Question, tmp_path: Path, by: str, code: int, said: str
) -> None:
    done = costctl(tmp_path, "analyze", "--quiet", "--store", str(sample_question.store), "--by", by)
    assert (done.returncode, done.stdout) == (code, "")
    assert said in done.stderr


def test_what_additions_leave_behind_is_no_row_of_csv(folder: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(analyzed(folder, "--by", "tenant", "--format", "csv"))))
    assert [row["kind"] for row in rows] == ["value", "value", "value", "total"]


@pytest.mark.parametrize("more", ["--detail", "--format json", "-o classes.csv", "--by day --detail"])
def test_what_shows_every_row_refuses_to_show_the_first_ones(folder: Path, more: str) -> None:
    done = costctl(folder, "analyze", "--top", "2", *more.split())
    assert (done.returncode, "--top" in done.stderr) == (2, True)
    assert not (folder / "classes.csv").exists()
