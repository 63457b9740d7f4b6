"""Sources land whole or not at all, once each, whatever happens in between."""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Callable
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest
import zstandard

from costctl.errors import InputError
from costctl.ingest import loader
from costctl.ingest.dialect import Translation, shipped_vocabulary
from costctl.ingest.formats.otlp_json import read_otlp_json
from costctl.ingest.landing import insert_batch
from costctl.store.database import open_store
from tests.ingest.otlp_exports import export

ROOT = Path(__file__).resolve().parents[2]


def quiet(_what: str, _ratio: float | None, _detail: str = "") -> None:
    """Progress that nobody watches."""


def load(store: Path, *paths: str) -> list[tuple[int, int, int]]:
    """Ingest; of each source its spans, rejected and duplicates."""
    with open_store(store) as connection:
        reports = loader.ingest(connection, paths, progress=quiet)
    return [(each.spans, each.rejected, each.duplicates) for each in reports]


def rows(store: Path, query: str) -> list[tuple[object, ...]]:
    with duckdb.connect(str(store), read_only=True) as connection:
        return connection.execute(query).fetchall()


def write_export(path: Path, seed: int, spans: int = 40) -> Path:
    path.write_text(json.dumps(export(seed, spans)) + "\n", encoding="utf-8")
    return path


def test_the_same_path_a_second_time_adds_nothing(tmp_path: Path) -> None:
    path, store = write_export(tmp_path / "a.jsonl", 1), tmp_path / "s.duckdb"
    ((spans, rejected, _),) = load(store, str(path))
    before = rows(store, "SELECT * FROM spans ORDER BY ALL")
    load(store, str(path))
    assert spans > 0
    assert rows(store, "SELECT * FROM spans ORDER BY ALL") == before
    assert rows(store, "SELECT COUNT(*) FROM quarantine") == [(rejected,)]


def test_the_same_spans_in_another_file_are_duplicates_and_counted(tmp_path: Path) -> None:
    first, store = write_export(tmp_path / "a.jsonl", 2), tmp_path / "s.duckdb"
    second = tmp_path / "b.jsonl"
    second.write_bytes(b"\n" + first.read_bytes())
    ((spans, rejected, within),) = load(store, str(first))
    ((again, rejected_again, duplicates),) = load(store, str(second))
    assert again == 0
    assert rejected_again == rejected
    assert duplicates == spans + within


@pytest.mark.parametrize("packed", [gzip.compress, zstandard.ZstdCompressor().compress])
def test_a_packed_source_gives_the_spans_of_the_plain_one(
    tmp_path: Path, packed: Callable[[bytes], bytes]
) -> None:
    plain = write_export(tmp_path / "a.jsonl", 3)
    other = tmp_path / "other.bin"  # told by content, not by name
    other.write_bytes(packed(plain.read_bytes()))
    columns = "SELECT * EXCLUDE (source_id, source_position, store_key) FROM spans ORDER BY ALL"
    load(tmp_path / "plain.duckdb", str(plain))
    load(tmp_path / "packed.duckdb", str(other))
    assert rows(tmp_path / "plain.duckdb", columns) == rows(tmp_path / "packed.duckdb", columns)


def test_a_directory_and_a_glob_find_the_same_files(tmp_path: Path) -> None:
    folder = tmp_path / "traces"
    folder.mkdir()
    for seed in (4, 5, 6):
        write_export(folder / f"{seed}.jsonl", seed)
    by_folder = load(tmp_path / "a.duckdb", str(folder))
    by_glob = load(tmp_path / "b.duckdb", str(folder / "*.jsonl"))
    assert by_folder == by_glob
    assert len(by_folder) == 3


def test_a_bad_source_leaves_the_good_ones_before_it_whole(tmp_path: Path) -> None:
    good, store = write_export(tmp_path / "a.jsonl", 7), tmp_path / "s.duckdb"
    (tmp_path / "b.bin").write_bytes(bytes(range(256)) * 10)
    with open_store(store) as connection:
        landed, refused = loader.ingest(connection, [str(good), str(tmp_path / "b.bin")])
    assert (landed.state, refused.state) == ("complete", "refused")
    with pytest.raises(InputError, match="could not be used"):
        loader.require_usable([landed, refused])
    assert rows(store, "SELECT COUNT(*) > 0 FROM spans") == [(True,)]
    assert rows(store, "SELECT state FROM sources") == [("complete",)]


def test_a_batch_does_not_stay_in_memory_until_the_transaction_ends(tmp_path: Path) -> None:
    data = gzip.decompress((ROOT / "sample_traces" / "requests.jsonl.gz").read_bytes())
    with open_store(tmp_path / "s.duckdb") as connection:
        connection.execute("BEGIN")
        before = pa.total_allocated_bytes()
        held, size = 0, 0
        for batch in read_otlp_json(
            io.BytesIO(data), translation=Translation(shipped_vocabulary()), block_bytes=2**20
        ):
            insert_batch(connection, 1, 0, batch)
            size += batch.spans.nbytes
            held = max(held, pa.total_allocated_bytes() - before)
        connection.execute("COMMIT")
    assert held < size / 2
