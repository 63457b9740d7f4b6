"""Stores of older versions are brought up to date, old traces are dropped whole, and files shrink; no row is
lost.
"""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import duckdb
import pytest

from costctl import verbs
from costctl.errors import StoreError
from costctl.ingest import loader
from costctl.observation import Question, observed
from costctl.store import migrations, upkeep
from costctl.store.database import STORE_VERSION, open_store
from tests.ingest.one_trace import SPANS, START_US, as_otlp
from tests.ingest.otlp_exports import export

# What the stored file of version 1 held when it was written.
OLD = {"spans": 2183, "input_tokens": 844_715, "output_tokens": 50_340}


def quiet(_what: str, _ratio: float | None, _detail: str = "") -> None:
    """Progress that nobody watches."""


@pytest.fixture
def old_store(tmp_path: Path, repository: Path) -> Path:
    path = tmp_path / "old.duckdb"
    path.write_bytes(gzip.decompress((repository / "tests" / "store" / "v1.duckdb.gz").read_bytes()))
    return path


def sums(path: Path) -> tuple[object, ...]:
    with duckdb.connect(str(path), read_only=True) as connection:
        query = "SELECT COUNT(*), SUM(input_tokens), SUM(output_tokens) FROM spans"
        found: tuple[object, ...] = connection.execute(query).fetchall()[0]
        return found


def test_a_store_of_the_first_version_is_read_and_written_as_one_of_today(old_store: Path) -> None:
    assert sums(old_store) == tuple(OLD.values())
    with observed(Question(store=old_store), quiet) as observation:  # reading alone brings it up to date
        assert observation.engine.fetch("calls").height > 0
        assert observation.engine.fetch("call_records")["is_counted"].any()
    with open_store(old_store) as connection:
        (version,) = connection.execute("SELECT store_version FROM costctl_store").fetchall()
        columns = connection.execute("SELECT column_name, column_type FROM (DESCRIBE spans)").fetchall()
    assert version == (STORE_VERSION,)
    assert sums(old_store) == tuple(OLD.values())
    with open_store(old_store.with_name("new.duckdb")) as connection:
        fresh = connection.execute("SELECT column_name, column_type FROM (DESCRIBE spans)").fetchall()
    assert sorted(columns) == sorted(fresh)


def test_a_store_of_the_second_version_tells_audio_hour_long_writes_and_tiers_by_what_it_kept(
    tmp_path: Path, repository: Path
) -> None:
    path = tmp_path / "v2.duckdb"
    path.write_bytes(gzip.decompress((repository / "tests" / "store" / "v2.duckdb.gz").read_bytes()))
    added = (
        "cache_write_1h_tokens, cached_audio_tokens, input_audio_tokens, output_audio_tokens, service_tier"
    )
    with duckdb.connect(str(path), read_only=True) as connection:
        names = ", ".join(row[0] for row in connection.execute("DESCRIBE spans").fetchall())
        before = connection.execute(f"SELECT {names} FROM spans ORDER BY span_id").fetchall()
        of_source = ", ".join(row[0] for row in connection.execute("DESCRIBE sources").fetchall())
        others = connection.execute(f"SELECT {of_source} FROM sources").fetchall()
    with open_store(path) as connection:
        kept = connection.execute(f"SELECT {names} FROM spans ORDER BY span_id").fetchall()
        calls = connection.execute("SELECT COUNT(*) FROM spans WHERE is_model_call").fetchone()
        assert calls == connection.execute("SELECT COUNT(*) FROM spans WHERE operation = 'chat'").fetchone()
        assert connection.execute(f"SELECT {of_source} FROM sources").fetchall() == others
        assert connection.execute("SELECT SUM(readings) FROM sources").fetchone() == (0,)
        assert connection.execute("SELECT COUNT(*) FROM engine_readings").fetchone() == (0,)
        found = connection.execute(f"SELECT {added} FROM spans ORDER BY span_id").fetchall()
    assert kept == before
    assert found == [
        (None, None, None, None, "flex"),
        (None, 50, 400, 20, None),
        (200, None, None, None, None),
        (None, None, None, None, None),
        (None, None, None, None, None),
    ]


def test_what_was_loaded_before_the_migration_is_known_after_it(old_store: Path, repository: Path) -> None:
    lines = gzip.decompress((repository / "sample_traces" / "requests.jsonl.gz").read_bytes()).splitlines(
        True
    )
    again = old_store.with_name("again.jsonl")
    again.write_bytes(b"".join(lines[:4]))
    with open_store(old_store) as connection:
        (report,) = loader.ingest(connection, [str(again)])
    assert report.duplicates == OLD["spans"]
    assert report.spans > 0


def test_a_migration_that_fails_leaves_the_old_store(
    old_store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = {1: (*migrations._STEPS[1], "SELECT * FROM no_such_table")}
    monkeypatch.setattr(migrations, "_STEPS", broken)
    with pytest.raises(duckdb.Error):
        open_store(old_store)
    with duckdb.connect(str(old_store), read_only=True) as connection:
        assert connection.execute("SELECT store_version FROM costctl_store").fetchall() == [(1,)]
        assert "response_id" not in {row[0] for row in connection.execute("DESCRIBE spans").fetchall()}


def test_a_store_of_a_later_version_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "s.duckdb"
    with open_store(path) as connection:
        connection.execute("UPDATE costctl_store SET store_version = 99")
    with pytest.raises(StoreError, match="99"):
        open_store(path)


def filled(folder: Path) -> Path:
    """A store with one trace of 2026 and many of others."""
    (folder / "a.jsonl").write_text(json.dumps(as_otlp()) + "\n" + json.dumps(export(3, 2000)) + "\n")
    with open_store(folder / "s.duckdb") as connection:
        loader.ingest(connection, [str(folder / "a.jsonl")])
    return folder / "s.duckdb"


def test_pruning_drops_traces_whole_and_only_those_that_ended_before(tmp_path: Path) -> None:
    path = filled(tmp_path)
    within = START_US * 1000 + 300_000_000  # between the start and the end of the trace
    with open_store(path) as connection:
        pruned = upkeep.prune_before(connection, within)
        kept = connection.execute("SELECT COUNT(*) FROM spans WHERE trace_id LIKE '00c0ffee%'").fetchone()
        oldest = connection.execute(
            "SELECT MIN(t) FROM (SELECT MAX(COALESCE(end_ns, start_ns)) AS t FROM spans GROUP BY trace_id)"
        )
        assert kept == (len(SPANS),)
        assert oldest.fetchone()[0] >= within
        assert pruned.spans > 0
        unnamed = (
            "SELECT COUNT(*) FROM resources ANTI JOIN spans ON resources.resource_id = spans.resource_id"
        )
        assert connection.execute(unnamed).fetchone() == (0,)
        (again,) = loader.ingest(connection, [str(tmp_path / "a.jsonl")])
    assert again.state == "already loaded", "what was pruned does not come back"


def test_compacting_keeps_every_row_and_gives_space_back(tmp_path: Path) -> None:
    path = filled(tmp_path)
    with open_store(path) as connection:
        connection.execute("CREATE TABLE padding AS SELECT HASH(i) AS h FROM RANGE(1000000) AS t (i)")
        upkeep.prune_before(connection, 2**62)
        connection.execute("CHECKPOINT")
    (tmp_path / "b.jsonl").write_text(json.dumps(export(4, 30)) + "\n")
    with open_store(path) as connection:
        loader.ingest(connection, [str(tmp_path / "b.jsonl")])
        connection.execute("CHECKPOINT")
        connection.execute("DROP TABLE padding")
        tables = ("spans", "resources", "sources", "quarantine", "costctl_store")
        before = {name: sorted(map(str, connection.execute(f"FROM {name}").fetchall())) for name in tables}
        saved = upkeep.compacted(connection, path)
    assert saved > 0
    with open_store(path) as connection:
        after = {name: sorted(map(str, connection.execute(f"FROM {name}").fetchall())) for name in tables}
        (known,) = loader.ingest(connection, [str(tmp_path / "b.jsonl")])
    assert after == before
    assert known.state == "already loaded"
    assert [each.name for each in tmp_path.iterdir() if "compacting" in each.name] == []


def test_info_counts_what_is_there(tmp_path: Path) -> None:
    path = filled(tmp_path)
    info = verbs.store_info(path, 0.0, quiet)
    with open_store(path) as connection:
        assert (info.spans, info.traces) == connection.execute(
            "SELECT COUNT(*), COUNT(DISTINCT trace_id) FROM spans"
        ).fetchone()
    (source,) = info.sources
    assert source.spans == source.stored_spans == info.spans
    assert info.file_bytes == path.stat().st_size


def test_a_missing_store_is_not_made_to_be_pruned(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no store"):
        verbs.prune_store(tmp_path / "none.duckdb", "2026-01-01T00:00:00Z", 0.0, quiet)
    assert not (tmp_path / "none.duckdb").exists()
