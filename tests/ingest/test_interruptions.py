"""Killed, out of disk, or two at once: the store never lacks a span that it said it took, and never holds one twice."""

from __future__ import annotations

import json
import multiprocessing
import os
import random
import signal
import subprocess
import sys
import time
from multiprocessing.context import ForkServerProcess
from pathlib import Path

import duckdb
import pytest

from costctl.cli.app import main
from costctl.ingest import loader
from costctl.store.database import open_store
from tests.ingest.otlp_exports import export
from tests.thoroughness import how_many

KILLS = how_many(4, thorough=40)
STORES = how_many(2, thorough=5)
ATTEMPTS = 4 * KILLS
FILES = 6
SMALL_DISK_BYTES = 8 * 2**20
# Processes that begin with the program loaded: a random moment is one of the ingest, not of imports.
READY = multiprocessing.get_context("forkserver")
READY.set_forkserver_preload([
    "costctl.cli.app", "costctl.verbs", "costctl.ingest.loader", "costctl.render.ingestion_screen",
    "costctl.render.terminal", "rich.table", "numpy.ma",
])  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Files whose ids overlap: the last one repeats the spans of the first."""
    path = tmp_path_factory.mktemp("traces")
    for number in range(FILES):
        lines = [json.dumps(export(100 * number + line, 60)) for line in range(5)]
        (path / f"{number:02}.jsonl").write_text("\n".join(lines) + "\n")
    first = (path / "00.jsonl").read_text()
    (path / f"{FILES:02}.jsonl").write_text(first + json.dumps(export(9999, 10)) + "\n")
    return path


@pytest.fixture(scope="module")
def undisturbed(folder: Path) -> list[tuple[str, ...]]:
    """The spans of an ingest that nothing disturbs."""
    store = folder.parent / "undisturbed.duckdb"
    with open_store(store) as connection:
        loader.require_usable(loader.ingest(connection, [str(folder)]))
    return spans_in(store)


def spans_in(store: Path) -> list[tuple[str, ...]]:
    with duckdb.connect(str(store), read_only=True) as connection:
        query = (
            "SELECT * EXCLUDE (source_id, source_position, store_key) FROM spans ORDER BY trace_id, span_id"
        )
        return connection.execute(query).fetchall()


def ingesting(folder: Path, store: Path, *more: str) -> ForkServerProcess:
    """``costctl ingest`` in a process of its own, which has begun."""
    words = ["ingest", str(folder), "--store", str(store), "-q", *more]
    process = READY.Process(target=_run, args=(words, said_in(folder, store)))
    process.start()
    return process


def _run(words: list[str], said: Path) -> None:
    for stream, path in ((1, os.devnull), (2, said)):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND), stream)
    sys.exit(main(words))


def said_in(folder: Path, store: Path) -> Path:
    """Where the processes that load into a store say what is wrong: on no disk that is full."""
    return folder.with_name(f"{store.stem}.stderr")


def ended(process: ForkServerProcess) -> int | None:
    """Its exit code, once it has ended."""
    process.join()
    return process.exitcode


def whole_sources(store: Path) -> None:
    """Each source in the ledger has all of its spans, and no span lacks its source."""
    with duckdb.connect(str(store), read_only=True) as connection:
        if not connection.execute("SELECT 1 FROM duckdb_tables() WHERE table_name = 'sources'").fetchall():
            return
        query = (
            "SELECT COALESCE(SUM(ABS(sources.spans - there.n)), 0), COUNT(*) FILTER (sources.source_id IS NULL) "
            "FROM sources FULL JOIN (SELECT source_id, COUNT(*) AS n FROM spans GROUP BY source_id) AS there "
            "ON sources.source_id = there.source_id"
        )
        assert connection.execute(query).fetchone() == (0, 0)


def test_killed_at_random_moments_and_run_again(
    folder: Path, undisturbed: list[tuple[str, ...]], tmp_path: Path
) -> None:
    chance, deaths = random.Random(7), 0
    begin = time.monotonic()
    ended(ingesting(folder, tmp_path / "timed.duckdb"))
    lasts_s = time.monotonic() - begin
    for number in range(ATTEMPTS):
        store = (
            tmp_path / f"{number % STORES}.duckdb"
        )  # some moments hit a store that an earlier one has left
        process = ingesting(folder, store)
        time.sleep(chance.uniform(0.1, 1.0) * lasts_s)
        process.kill()
        code = ended(process)
        if store.exists():
            whole_sources(store)
        if code == -signal.SIGKILL:
            deaths += 1
            if deaths == KILLS:
                break
        else:  # it was done before the moment: the machine has become faster, and this store is full
            lasts_s *= 0.95
            store.unlink()
    assert deaths == KILLS
    for number in range(STORES):
        store = tmp_path / f"{number}.duckdb"
        assert ended(ingesting(folder, store)) == 0, said_in(folder, store).read_text()
        assert spans_in(store) == undisturbed


def test_two_at_once(folder: Path, undisturbed: list[tuple[str, ...]], tmp_path: Path) -> None:
    store = tmp_path / "s.duckdb"
    both = [ingesting(folder, store, "--wait", "60s") for _ in range(2)]
    assert [ended(process) for process in both] == [0, 0], said_in(folder, store).read_text()
    assert spans_in(store) == undisturbed


def test_a_full_disk_is_said_and_leaves_whole_sources(
    folder: Path, undisturbed: list[tuple[str, ...]]
) -> None:
    disk = folder.parent / "small-disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={SMALL_DISK_BYTES}", "none", str(disk)],
        capture_output=True,
        check=False,
    )
    if mounted.returncode != 0:
        pytest.skip(
            "a small disk can only be mounted by root; run the suite as root in a container to see this test"
        )
    try:
        store = disk / "s.duckdb"
        ballast = disk / "ballast"
        ballast.write_bytes(b"0" * (SMALL_DISK_BYTES - 2 * 2**20))
        code, error = ended(ingesting(folder, store)), said_in(folder, store).read_text()
        assert code == 6, error
        assert "Check the free space" in error
        assert "Traceback" not in error
        ballast.unlink()
        if store.exists():
            whole_sources(store)
        assert ended(ingesting(folder, store)) == 0, said_in(folder, store).read_text()
        assert spans_in(store) == undisturbed
    finally:
        subprocess.run(["umount", str(disk)], check=True)
