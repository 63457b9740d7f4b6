"""A span has a key of its own in its store: the same wherever the same sources land, and as long as it is there."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import duckdb
import pytest

from costctl.ingest import loader
from costctl.ingest.follow import follow_files
from costctl.store import upkeep
from costctl.store.database import open_store
from costctl.store.spans import SPANS_OF_A_SOURCE
from tests.ingest.otlp_exports import export

Keys = dict[int, tuple[str, str]]  # trace and span id by key


def quiet(_what: str, _ratio: float | None, _detail: str = "") -> None:
    """Progress that nobody watches."""


def keys_of(connection: duckdb.DuckDBPyConnection) -> Keys:
    rows = connection.execute("SELECT store_key, trace_id, span_id FROM spans").fetchall()
    keys = {key: (trace, span) for key, trace, span in rows}
    assert len(keys) == len(rows), "two spans have one key"
    return keys


def written(path: Path, *seeds: int) -> str:
    path.write_text("".join(json.dumps(export(seed, 40)) + "\n" for seed in seeds), encoding="utf-8")
    return str(path)


def test_the_same_sources_give_the_same_keys_and_repeated_spans_take_none(tmp_path: Path) -> None:
    sources = [written(tmp_path / "a.jsonl", 1, 2), written(tmp_path / "b.jsonl", 2, 3)]
    found = []
    for name in ("one", "other"):
        with open_store(tmp_path / f"{name}.duckdb") as connection:
            reports = loader.ingest(connection, sources)
            assert reports[1].duplicates > 0
            found.append(keys_of(connection))
    assert found[0] == found[1]
    assert {key // SPANS_OF_A_SOURCE for key in found[0]} == {1, 2}


def test_keys_outlive_pruning_and_compaction_and_none_is_given_twice(tmp_path: Path) -> None:
    path = tmp_path / "s.duckdb"
    with open_store(path) as connection:
        loader.ingest(connection, [written(tmp_path / "a.jsonl", 1), written(tmp_path / "b.jsonl", 2)])
        before = keys_of(connection)
        ((middle,),) = connection.execute(
            "SELECT MEDIAN(COALESCE(end_ns, start_ns))::BIGINT FROM spans"
        ).fetchall()
        assert upkeep.prune_before(connection, middle).spans > 0
        kept = keys_of(connection)
        assert kept.items() < before.items()
        connection.execute("CHECKPOINT")
        upkeep.compacted(connection, path)
    with open_store(path) as connection:
        assert keys_of(connection) == kept
        loader.ingest(connection, [written(tmp_path / "c.jsonl", 3)])
        later = keys_of(connection)
    assert kept.items() < later.items()
    assert not ({*later} - {*kept}) & {*before}


def test_a_followed_file_gives_each_span_a_key_however_often_it_is_looked_at(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    written(path, 1)
    more = iter([2, 3])

    def is_stopped() -> bool:
        seed = next(more, None)
        if seed is not None:
            with path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(export(seed, 40)) + "\n")
        return seed is None

    with open_store(tmp_path / "s.duckdb") as connection:
        (report,) = follow_files(
            connection, [str(path)], loader.reader_for(), progress=quiet, is_stopped=is_stopped
        )
        assert len(keys_of(connection)) == report.spans > 0


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_spans_of_an_older_store_get_keys_and_keep_them(
    tmp_path: Path, repository: Path, version: str
) -> None:
    path = tmp_path / "old.duckdb"
    path.write_bytes(gzip.decompress((repository / "tests" / "store" / f"{version}.duckdb.gz").read_bytes()))
    with duckdb.connect(str(path), read_only=True) as connection:
        ((spans,),) = connection.execute("SELECT COUNT(*) FROM spans").fetchall()
    with open_store(path) as connection:
        old = keys_of(connection)
        sources = connection.execute(
            "SELECT DISTINCT store_key // ?, source_id FROM spans", [SPANS_OF_A_SOURCE]
        )
        assert all(of_key == of_row for of_key, of_row in sources.fetchall())
        loader.ingest(connection, [written(tmp_path / "a.jsonl", 1)])
        assert old.items() < keys_of(connection).items()
    assert len(old) == spans > 0
