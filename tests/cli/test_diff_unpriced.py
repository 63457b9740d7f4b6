"""Where nothing has a price, a comparison tells requests, tokens, latency, success and caches all the same."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import msgspec
import pytest

from costctl.documents.difference import Difference, MetricChange
from tests.command_line import costctl
from tests.synth.changed_worlds import PLAIN, written

LATER = PLAIN.changed("agent", requests_a_day=280, output=480).changed("chat", retrieval_s=0.6)
PLANTED = {
    ("agent", "requests", None),
    ("agent", "output_tokens_per_request", None),
    ("chat", "stage_s_per_request", "retrieval"),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four days; since the third, one class is asked twice as often for longer answers, another retrieves slowly."""
    place = tmp_path_factory.mktemp("unpriced")
    written(5, LATER, place)
    (place / "costctl.toml").write_text("", encoding="utf-8")  # nobody sells these models
    assert costctl(place, "ingest", "traces.jsonl", "--quiet").returncode == 0
    return place


def told(folder: Path, *words: str) -> str:
    done = costctl(folder, "diff", "--quiet", *words, environment={"COLUMNS": "200"})
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def document(folder: Path) -> Difference:
    return msgspec.json.decode(told(folder, "--format", "json"), type=Difference)


def of(document: Difference, name: str, metric: str) -> MetricChange:
    (found,) = (each for each in document.metrics if (each.request_class, each.metric) == (name, metric))
    return found


def test_no_amount_is_said_and_none_is_zero(document: Difference) -> None:
    assert (document.change_usd, document.base.usd, document.new.usd) == (None, None, None)
    assert (document.effects, document.rows, document.causes, document.days) == ((), (), (), ())


def test_what_was_planted_is_told_from_chance(document: Difference) -> None:
    found = {(each.request_class, each.metric, each.stage) for each in document.metrics if each.is_clear}
    assert found >= PLANTED
    assert not [each for each in found if each[0] == "digest"]  # of which nothing was changed


def test_the_requests_of_the_classes_are_those_of_the_sides(folder: Path, document: Difference) -> None:
    changes = [each for each in document.metrics if each.metric == "requests"]
    assert sum(each.before or 0 for each in changes) == document.base.requests
    assert sum(each.after or 0 for each in changes) == document.new.requests
    counted = costctl(folder, "sql", "SELECT COUNT(*) FROM requests", "--format", "csv").stdout.split()[1]
    assert document.base.requests + document.new.requests == int(counted)


def test_a_class_that_is_gone_has_no_requests_left(folder: Path) -> None:
    text = told(
        folder, "2026-11-23..2026-11-24", "2026-11-24T12:00:00Z..2026-11-24T12:10:00Z", "--format", "json"
    )
    document = msgspec.json.decode(text, type=Difference)
    changes = [each for each in document.metrics if each.metric == "requests"]
    assert {each.request_class for each in changes} == {"agent", "chat", "digest"}
    assert 0 in {each.after for each in changes}
    assert {each.is_clear for each in changes} == {None}  # a side of ten minutes has fewer by its length


def test_every_form_says_that_cost_is_not_priced_and_what_changed(folder: Path, document: Difference) -> None:
    requests = f"{document.new.requests:,} requests after {document.base.requests:,}"
    for words in ((), ("--detail",), ("--format", "markdown"), ("--format", "markdown", "--detail")):
        text = told(folder, *words)
        assert f"Cost not priced: {requests}" in text
        assert "$" not in text
        assert "costctl doctor" in text
    rows = [*csv.DictReader(io.StringIO(told(folder, "--format", "csv")))]
    assert {row["usd"] for row in rows} == {""}
    agent = of(document, "agent", "requests")
    assert [
        (float(row["before"]), float(row["after"]))
        for row in rows
        if (row["value"], row["effect"]) == ("agent", "requests")
    ] == [(agent.before, agent.after)]
