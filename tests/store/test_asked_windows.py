"""Which time a question is about: instants, durations, and times that do not belong together."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from costctl import verbs
from costctl.errors import UsageError
from costctl.observation import Question
from costctl.observed_window import bounds, instant_ns
from costctl.telemetry.stray_times import periods
from tests.conftest import unwatched

DAY_NS = 86_400 * 10**9
DAY_2026 = 20_500  # 2026-02-16


def store_of(folder: Path, days: list[int], name: str = "calls") -> Path:
    """A store with a model call of a second on each of these days."""
    spans = [
        {
            "traceId": f"{number + 1:032x}",
            "spanId": f"{number + 1:016x}",
            "name": "chat",
            "startTimeUnixNano": str(day * DAY_NS + number + 1),
            "endTimeUnixNano": str(day * DAY_NS + number + 10**9),
            "attributes": [
                {"key": "gen_ai.operation.name", "value": {"stringValue": "chat"}},
                {"key": "gen_ai.request.model", "value": {"stringValue": "gpt-4.1"}},
                {"key": "gen_ai.provider.name", "value": {"stringValue": "openai"}},
            ],
        }
        for number, day in enumerate(days)
    ]
    path = folder / f"{name}.json"
    path.write_text(json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": spans}]}]}), encoding="utf-8")
    store = folder / f"{name}.duckdb"
    verbs.ingest(verbs.IngestRequest((str(path),), store), unwatched)
    return store


def test_since_counts_back_from_now_and_last_from_the_last_start() -> None:
    before = time.time_ns()
    asked = instant_ns("7d", "--since")
    assert asked is not None
    assert before - 7 * DAY_NS <= asked <= time.time_ns() - 7 * DAY_NS
    assert bounds(None, None, "7d").window(100 * DAY_NS) == (93 * DAY_NS, None)
    assert bounds("2026-02-16", None, None).window(5) == (DAY_2026 * DAY_NS, None)


@pytest.mark.parametrize("text", ["7x", "yesterday", "d7"])
def test_what_is_neither_an_instant_nor_a_duration_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="--since"):
        bounds(text, None, None)


def test_last_takes_no_other_bound_and_some_time() -> None:
    with pytest.raises(UsageError, match="--last"):
        bounds("7d", None, "1d")
    with pytest.raises(UsageError, match="is zero"):
        bounds(None, None, "0s")


def test_the_last_days_of_an_old_store_are_those_that_it_holds(tmp_path: Path) -> None:
    store = store_of(tmp_path, [DAY_2026, DAY_2026 + 1, DAY_2026 + 9, DAY_2026 + 10])
    assert verbs.segment(Question(store=store, last="7d"), unwatched).requests == 2
    assert verbs.segment(Question(store=store), unwatched).requests == 4


def test_one_stray_year_is_flagged_with_its_source_and_how_to_leave_it_out(tmp_path: Path) -> None:
    store = store_of(tmp_path, [*[DAY_2026] * 5, DAY_2026 - 2000])
    (warning,) = verbs.analyze(Question(store=store), unwatched).provenance.warnings
    assert "1 of 6 requests start on 2020-08-26" in warning
    assert "calls.json (the first is record" in warning
    assert "--since 2026-02-16 --until 2026-02-17" in warning
    left = Question(store=store, since="2026-02-16", until="2026-02-17")
    assert verbs.analyze(left, unwatched).provenance.warnings == ()


def test_times_counted_from_zero_are_flagged_whether_all_are_or_some(tmp_path: Path) -> None:
    (all_of_them,) = verbs.segment(
        Question(store=store_of(tmp_path, [0, 0, 0])), unwatched
    ).provenance.warnings
    assert "3 of 3 requests start in 1970" in all_of_them
    mixed = store_of(tmp_path, [DAY_2026, DAY_2026, 0], "mixed")
    (some,) = verbs.segment(Question(store=mixed), unwatched).provenance.warnings
    assert "1 of 3 requests start in 1970" in some


def test_days_without_a_long_gap_are_one_period() -> None:
    (only,) = periods({10: 3, 99: 1, 188: 2})
    assert (only.first_day, only.last_day, only.requests) == (10, 188, 6)
    assert [each.requests for each in periods({10: 1, 101: 5})] == [5, 1]
