"""An answer is about the PATHs that were asked, whatever else the store holds and whoever brought their spans first."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from costctl import verbs
from costctl.documents.loading import Loaded
from costctl.documents.workload_map import WorkloadMap
from costctl.observation import Question, observed
from costctl.store.database import open_store
from tests.conftest import unwatched

HEADER = "trace_id,span_id,start_ns,end_ns,operation,provider,model_requested,input_tokens,output_tokens\n"
MIDNIGHT_NS = 1_795_132_800_000_000_000  # 2026-11-20
HOUR_NS = 3_600_000_000_000


def log(path: Path, *hours: int) -> str:
    """A log of one call at each hour of a day, which says how many tokens it had."""
    path.write_text(HEADER + "".join(map(row, hours)))
    return str(path)


def row(hour: int) -> str:
    start_ns = MIDNIGHT_NS + hour * HOUR_NS
    return f"{hour:032x},{hour:016x},{start_ns},{start_ns + 10**9},chat,openai,gpt-4o,{1000 + hour},100\n"


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "kept.duckdb"


def workload(store: Path | None, *paths: str) -> WorkloadMap:
    return verbs.segment(Question(paths=paths, store=store), unwatched)


def hours_seen(question: Question) -> list[int]:
    """Of the spans that the answer is about."""
    rows = verbs.sql("SELECT input_tokens - 1000 AS hour FROM spans ORDER BY hour", question, unwatched)
    return rows["hour"].to_list()


def test_what_is_asked_after_something_else_is_answered_as_if_it_were_alone(
    tmp_path: Path, store: Path
) -> None:
    first, second = log(tmp_path / "a.csv", 1, 2, 3, 4), log(tmp_path / "b.csv", 3, 4, 5)
    workload(store, first)
    assert workload(store, second) == workload(None, second)
    assert workload(store, first) == workload(None, first)
    assert workload(store, first, second) == workload(None, first, second)


def test_without_paths_the_answer_is_about_all_of_the_store(tmp_path: Path, store: Path) -> None:
    for name, hours in (("a", (1, 2)), ("b", (2, 3))):
        workload(store, log(tmp_path / f"{name}.csv", *hours))
    assert hours_seen(Question(store=store)) == [1, 2, 3]


def test_a_log_that_grew_is_all_of_what_it_now_holds(tmp_path: Path, store: Path) -> None:
    hours_seen(Question(paths=(log(tmp_path / "a.csv", 1, 2),), store=store))
    grown = Question(paths=(log(tmp_path / "a.csv", 1, 2, 3),), store=store)
    assert hours_seen(grown) == [1, 2, 3]
    assert hours_seen(grown) == [1, 2, 3]


def test_spans_that_came_with_another_source_are_kept_through_upkeep(tmp_path: Path, store: Path) -> None:
    hours_seen(Question(paths=(log(tmp_path / "a.csv", 1, 2, 3),), store=store))
    second = Question(paths=(log(tmp_path / "b.csv", 2, 3, 4),), store=store)
    hours_seen(second)
    verbs.prune_store(store, "2026-11-20T02:30:00Z", 0.0, unwatched)
    verbs.compact_store(store, 0.0, unwatched)
    assert hours_seen(second) == [3, 4]


def test_rejected_records_of_other_sources_are_not_told_of(tmp_path: Path, store: Path) -> None:
    bad = log(tmp_path / "a.csv", 1)
    Path(bad).write_text(Path(bad).read_text() + row(9).replace(str(MIDNIGHT_NS + 9 * HOUR_NS), "no time"))
    question = Question(paths=(bad,), store=store)
    rejected = "SELECT COUNT(*) AS rejected FROM quarantine"
    assert verbs.sql(rejected, question, unwatched)["rejected"].to_list() == [1]
    good = Question(paths=(log(tmp_path / "b.csv", 2),), store=store)
    assert verbs.sql(rejected, good, unwatched)["rejected"].to_list() == [0]
    with observed(good, unwatched) as observation:
        assert [Path(each.uri).name for each in observation.inputs] == ["b.csv"]


def test_what_the_store_holds_besides_is_counted(tmp_path: Path, store: Path) -> None:
    told: list[Loaded] = []
    for name, hours in (("a", (1, 2)), ("b", (2, 3)), ("c", (1, 2))):
        question = Question(paths=(log(tmp_path / f"{name}.csv", *hours),), store=store, told=told.append)
        hours_seen(question)
    assert [(each.new_spans, each.other_sources) for each in told] == [(2, 0), (1, 1), (0, 1)]
    assert [each.sources[0].state for each in told] == ["complete", "complete", "already loaded"]


def test_a_store_from_before_shared_spans_were_noted_reads_such_a_source_once_more(
    tmp_path: Path, store: Path
) -> None:
    first, second = log(tmp_path / "a.csv", 1, 2), log(tmp_path / "b.csv", 2, 3)
    workload(store, first, second)
    with open_store(store) as connection:
        connection.execute("DROP TABLE shared_spans")
        connection.execute("UPDATE costctl_store SET store_version = 5")
    assert hours_seen(Question(paths=(second,), store=store)) == [2, 3]
    assert hours_seen(Question(paths=(first,), store=store)) == [1, 2]


def test_loaded_traces_can_be_read_by_another_process_while_they_are_looked_at(
    tmp_path: Path, store: Path
) -> None:
    question = Question(paths=(log(tmp_path / "a.csv", 1),), store=store)
    with observed(question, unwatched), open_store(store, read_only=True) as other:
        assert other.execute("SELECT COUNT(*) FROM spans").fetchall() == [(1,)]


def test_a_document_says_nothing_of_the_store_that_it_is_made_from(tmp_path: Path, store: Path) -> None:
    path = log(tmp_path / "a.csv", 1, 2)
    made = [msgspec.json.encode(workload(each, path)) for each in (None, store, store)]
    assert made[0] == made[1] == made[2]
