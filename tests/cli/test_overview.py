"""``costctl`` alone says what is at hand and what to do with it, within one screen."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.test_start import loaded_by
from tests.command_line import costctl

SCREEN = (24, 80)
LOG = "TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:17:03.9799600,4808,10\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "a.csv").write_text(LOG)
    return tmp_path


def fits(text: str) -> bool:
    lines = text.splitlines()
    return len(lines) <= SCREEN[0] and max(map(len, lines)) <= SCREEN[1]


def test_where_nothing_is_loaded_it_says_what_costctl_is_and_what_to_type(folder: Path) -> None:
    done = costctl(folder, environment={"COLUMNS": "80"})
    assert done.returncode == 0
    assert fits(done.stdout), done.stdout
    assert "there is no store at costctl.duckdb" in done.stdout
    assert done.stdout.splitlines()[-1].split(maxsplit=1) == ["Next", "costctl analyze PATH"]
    assert not (folder / "costctl.duckdb").exists()


def test_of_a_store_it_says_what_it_holds_and_what_to_ask_it(folder: Path) -> None:
    assert costctl(folder, "ingest", "a.csv").returncode == 0
    done = costctl(folder, environment={"COLUMNS": "80"})
    assert done.returncode == 0
    assert fits(done.stdout), done.stdout
    for said in (
        "Nov 16 2023 18:17",
        "1 trace",
        "1 source",
        "last loaded",
        "costctl init",
        "costctl recommend",
    ):
        assert said in done.stdout
    assert done.stdout.splitlines()[-1].split(maxsplit=1) == ["Next", "costctl analyze"]


def test_the_store_and_the_settings_are_those_that_other_commands_use(folder: Path) -> None:
    (folder / "costctl.toml").write_text("")
    elsewhere = {"COSTCTL_STORE": "elsewhere.duckdb"}
    assert costctl(folder, "ingest", "a.csv", environment=elsewhere).returncode == 0
    done = costctl(folder, environment=elsewhere)
    assert done.stdout.startswith("elsewhere.duckdb")
    assert "costctl init" not in done.stdout


def test_a_file_that_is_no_store_is_an_error(folder: Path) -> None:
    (folder / "costctl.duckdb").write_text("mine")
    done = costctl(folder)
    assert (done.returncode, done.stdout) == (6, "")


def test_where_there_is_no_store_nothing_heavy_is_loaded(repository: Path, tmp_path: Path) -> None:
    program = (
        f"import os, sys\nsys.path.insert(0, {str(repository)!r})\nos.chdir({str(tmp_path)!r})\n"
        "from costctl.cli.app import main\nassert main([]) == 0"
    )
    assert loaded_by(program, repository).stdout.splitlines()[-1] == "[]"
