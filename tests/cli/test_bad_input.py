"""Bad input gives one message (what, why, what next) and the exit code of the reference; never a traceback."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from tests.command_line import costctl

LOG = b"TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:17:03.9799600,4808,10\n"


def assert_explained(done: CompletedProcess[str], code: int, *words: str) -> None:
    assert done.returncode == code, done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    lines = [line for line in done.stderr.splitlines() if line.startswith(("Error:", "  Why:", "  Next:"))]
    assert [line.split(":")[0].strip() for line in lines] == ["Error", "Why", "Next"], done.stderr
    for word in words:
        assert word in done.stderr


def test_a_missing_file(tmp_path: Path) -> None:
    assert_explained(costctl(tmp_path, "analyze", "nowhere.jsonl"), 3, "nowhere.jsonl")


def test_a_process_says_the_same_as_the_call_of_these_tests(tmp_path: Path, repository: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "costctl", "analyze", "nowhere.jsonl"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(repository), "PATH": os.environ["PATH"], "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    called = costctl(tmp_path, "analyze", "nowhere.jsonl")
    assert (done.returncode, done.stdout, done.stderr) == (called.returncode, called.stdout, called.stderr)


def test_an_empty_file(tmp_path: Path) -> None:
    (tmp_path / "empty.jsonl").write_bytes(b"")
    assert_explained(costctl(tmp_path, "analyze", "empty.jsonl"), 3, "empty.jsonl is empty")


def test_a_truncated_gzip_leaves_nothing_in_the_store(tmp_path: Path) -> None:
    (tmp_path / "cut.csv.gz").write_bytes(gzip.compress(LOG + b"2023-11-16 18:17:04,1,2\n" * 20_000)[:-40])
    (tmp_path / "whole.csv").write_bytes(LOG)
    assert costctl(tmp_path, "ingest", "whole.csv", "--store", "s.duckdb").returncode == 0
    done = costctl(tmp_path, "ingest", "cut.csv.gz", "--store", "s.duckdb")
    assert_explained(done, 3, "cut.csv.gz")
    counted = costctl(
        tmp_path, "sql", "SELECT COUNT(*) AS spans FROM spans", "--store", "s.duckdb", "--format", "csv"
    )
    assert counted.stdout == "spans\n1\n", counted.stderr


def test_a_binary_file(tmp_path: Path) -> None:
    (tmp_path / "noise.bin").write_bytes(bytes(range(256)) * 40)
    assert_explained(costctl(tmp_path, "analyze", "noise.bin"), 3, "unrecognized format")


def test_a_csv_without_the_columns(tmp_path: Path) -> None:
    (tmp_path / "other.csv").write_text("colour,size\nred,3\n")
    assert_explained(costctl(tmp_path, "analyze", "other.csv"), 3, "Its columns are size and 1 more")


def test_a_misspelt_key_names_the_nearest(tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_bytes(LOG)
    (tmp_path / "costctl.toml").write_text("[pools.a]\nusd_per_replica_huor = 3.0\n")
    assert_explained(costctl(tmp_path, "analyze", "log.csv"), 2, "usd_per_replica_hour")


def test_a_store_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_bytes(LOG)
    (tmp_path / "folder.duckdb").mkdir()
    assert_explained(costctl(tmp_path, "ingest", "log.csv", "--store", "folder.duckdb"), 6, "folder.duckdb")
    assert_explained(costctl(tmp_path, "ingest", "log.csv", "--store", "no/such/folder/s.duckdb"), 6)


def test_a_store_that_is_another_kind_of_file(tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_bytes(LOG)
    (tmp_path / "s.duckdb").write_text("not a database")
    assert_explained(costctl(tmp_path, "ingest", "log.csv", "--store", "s.duckdb"), 6)
    assert (tmp_path / "s.duckdb").read_text() == "not a database"


def test_a_store_that_is_not_there(tmp_path: Path) -> None:
    done = costctl(tmp_path, "analyze", "--store", "none.duckdb")
    assert done.returncode in {3, 6}
    assert_explained(done, done.returncode, "costctl ingest")
    assert not (tmp_path / "none.duckdb").exists()


def test_strict_refuses_what_was_rejected_and_keeps_the_rest(tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_bytes(LOG + b"not a time,1,2\n")
    done = costctl(tmp_path, "ingest", "log.csv", "--store", "s.duckdb", "--strict")
    assert done.returncode == 3
    assert "Traceback" not in done.stderr
    counted = costctl(
        tmp_path, "sql", "SELECT COUNT(*) AS n FROM spans", "--store", "s.duckdb", "--format", "csv"
    )
    assert counted.stdout == "n\n1\n"


def test_an_unknown_target_and_a_wrong_query_are_usage_errors(tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_bytes(LOG)
    assert costctl(tmp_path, "ingest", "log.csv", "--store", "s.duckdb", "-q").returncode == 0
    assert_explained(costctl(tmp_path, "emit", "--target", "tritn", "--store", "s.duckdb"), 2, "triton")
    assert_explained(costctl(tmp_path, "sql", "SELECT nothing FROM nowhere", "--store", "s.duckdb"), 2)


def test_too_little_data_is_said_and_invents_nothing(tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_bytes(LOG)
    done = costctl(tmp_path, "analyze", "log.csv", "--since", "2030-01-01T00:00:00Z")
    assert_explained(done, 4, "--since")


@pytest.mark.parametrize("shape", ["json", "csv", "markdown", "table"])
def test_stdout_carries_data_only(tmp_path: Path, shape: str) -> None:
    (tmp_path / "log.csv").write_bytes(LOG)
    done = costctl(tmp_path, "analyze", "log.csv", "--format", shape)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()
    assert "Reading" not in done.stdout
