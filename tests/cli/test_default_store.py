"""Traces that are looked at are kept in ./costctl.duckdb, which is said; the commands that follow need no PATH."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from costctl.store.database import open_store
from tests.command_line import costctl

LOG = "TIMESTAMP,ContextTokens,GeneratedTokens\n"
ROWS = "".join(f"2023-11-16 18:17:0{second}.9799600,4808,10\n" for second in range(3))
OTHER_ROWS = "2023-11-17 09:00:00.0000000,77,5\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "a.csv").write_text(LOG + ROWS)
    (tmp_path / "b.csv").write_text(LOG + OTHER_ROWS)
    return tmp_path


def counted(folder: Path, *words: str) -> CompletedProcess[str]:
    """How many spans are looked at."""
    return costctl(folder, "sql", "SELECT COUNT(*) AS n FROM spans", *words, "--format", "csv")


def said_of_the_store(done: CompletedProcess[str]) -> list[str]:
    return [line for line in done.stderr.splitlines() if line.startswith(("Store ", "Skipped ", "Refused "))]


def test_a_command_without_paths_is_about_what_the_one_before_has_loaded(folder: Path) -> None:
    done = counted(folder, "a.csv")
    assert said_of_the_store(done) == ["Store costctl.duckdb: 1 source loaded (3 new spans)."]
    assert counted(folder).stdout == done.stdout == "n\n3\n"
    again = counted(folder, "a.csv")
    assert said_of_the_store(again) == ["Store costctl.duckdb: 1 source already there."]
    assert again.stdout == done.stdout


def test_another_path_is_answered_alone_and_what_is_left_out_is_said(folder: Path) -> None:
    counted(folder, "a.csv")
    done = counted(folder, "b.csv")
    assert done.stdout == "n\n1\n"
    assert said_of_the_store(done) == [
        "Store costctl.duckdb: 1 source loaded (1 new span). "
        "Not included: 1 other source in it; omit PATH to include all."
    ]
    assert counted(folder).stdout == "n\n4\n"


def test_no_store_keeps_nothing_and_says_nothing_of_a_store(folder: Path) -> None:
    done = counted(folder, "a.csv", "--no-store")
    assert (done.stdout, said_of_the_store(done)) == ("n\n3\n", [])
    assert not (folder / "costctl.duckdb").exists()


def test_no_store_beats_the_environment_and_contradicts_the_option(folder: Path) -> None:
    elsewhere = {"COSTCTL_STORE": "elsewhere.duckdb"}
    query = ("sql", "SELECT 1 AS n", "a.csv", "--no-store")
    assert costctl(folder, *query, environment=elsewhere).returncode == 0
    assert not (folder / "elsewhere.duckdb").exists()
    refused = costctl(folder, *query, "--store", "elsewhere.duckdb")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "--no-store and --store cannot be combined" in refused.stderr


def test_quiet_says_nothing_of_the_store(folder: Path) -> None:
    assert counted(folder, "a.csv", "--quiet").stderr == ""


def test_quiet_still_names_the_files_that_the_answer_lacks(mixed: Path) -> None:
    (said,) = counted(mixed, "export", "--quiet").stderr.splitlines()
    assert said.startswith("Skipped 3 files")


def test_where_no_file_can_be_made_the_way_without_one_is_named(folder: Path) -> None:
    (folder / "costctl.duckdb").symlink_to(folder / "no_such_folder" / "costctl.duckdb")
    done = counted(folder, "a.csv")
    assert (done.returncode, done.stdout) == (6, "")
    assert "--no-store" in done.stderr
    assert counted(folder, "a.csv", "--no-store").stdout == "n\n3\n"


def test_a_file_of_another_kind_at_the_default_place_is_left_alone(folder: Path) -> None:
    (folder / "costctl.duckdb").write_text("mine")
    done = counted(folder, "a.csv")
    assert done.returncode == 6
    assert "costctl.duckdb is not a store" in done.stderr
    assert (folder / "costctl.duckdb").read_text() == "mine"


def test_a_verb_waits_for_a_store_that_is_being_written(folder: Path, repository: Path) -> None:
    counted(folder, "a.csv")
    holder = open_store(folder / "costctl.duckdb")
    refused = counted_elsewhere(folder, repository, "--wait", "1ms")
    assert refused.communicate()[0] == ""
    assert refused.returncode == 6
    waiting = counted_elsewhere(folder, repository, "--wait", "60s")
    assert waiting.stderr is not None
    assert any("Waiting for costctl.duckdb" in line for line in waiting.stderr)
    holder.close()
    assert waiting.communicate()[0] == "n\n3\n"


def counted_elsewhere(folder: Path, repository: Path, *words: str) -> subprocess.Popen[str]:
    """The same as ``counted``, by another process: DuckDB's lock is between processes."""
    query = ("sql", "SELECT COUNT(*) AS n FROM spans", *words, "--format", "csv")
    return subprocess.Popen(
        [sys.executable, "-m", "costctl", *query],
        cwd=folder,
        env={"PYTHONPATH": str(repository), "PATH": os.environ["PATH"], "HOME": str(folder)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture
def mixed(folder: Path) -> Path:
    """A folder of traces in which other files lie."""
    place = folder / "export"
    place.mkdir()
    (place / "a.csv").write_text(LOG + ROWS)
    (place / "README.md").write_text("# What this is\n")
    (place / "logo.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    (place / ".DS_Store").write_bytes(b"\0\0\0\1Bud1")
    (place / "package.json").write_text('{"name": "x", "version": "1"}\n')
    (place / "costctl.toml").write_text("# mine\n")
    return folder


@pytest.mark.parametrize("path", ["export", "export/*"])
def test_files_without_telemetry_among_traces_are_skipped_by_name(mixed: Path, path: str) -> None:
    done = counted(mixed, path)
    assert (done.returncode, done.stdout) == (0, "n\n3\n"), done.stderr
    (_, skipped) = said_of_the_store(done)
    assert "not recognized as telemetry" in skipped
    assert "package.json" in skipped
    assert ".DS_Store" not in skipped


def test_ingest_lists_what_it_skipped_and_strict_refuses_it(mixed: Path) -> None:
    done = costctl(mixed, "ingest", "export")
    assert done.returncode == 0
    assert "Skipped 3 files not recognized as telemetry" in " ".join(done.stdout.split())
    assert "costctl.toml" not in done.stdout
    strict = costctl(mixed, "ingest", "export", "--strict")
    assert strict.returncode == 3
    assert "could not be used" in strict.stderr


def test_a_file_that_is_named_must_be_usable_but_costs_no_answer(mixed: Path) -> None:
    done = counted(mixed, "export/a.csv", "export/README.md")
    assert (done.returncode, done.stdout) == (3, "n\n3\n")
    assert "Error: export/README.md could not be used." in done.stderr


def test_a_damaged_file_among_others_costs_no_answer_and_is_an_error(mixed: Path) -> None:
    (mixed / "export" / "cut.csv.gz").write_bytes(b"\x1f\x8b\x08\0\0\0\0\0\0\3")
    done = counted(mixed, "export")
    assert (done.returncode, done.stdout) == (3, "n\n3\n")
    assert "cut.csv.gz" in done.stderr


def test_a_folder_without_any_telemetry_is_an_error(mixed: Path) -> None:
    (mixed / "export" / "a.csv").unlink()
    done = counted(mixed, "export")
    assert (done.returncode, done.stdout) == (3, "")
