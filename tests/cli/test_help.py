"""`costctl help` shows the pages that are installed, and every page that a message names is there."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import hatchling.build
import pytest

from costctl.cli.again import Again
from costctl.cli.app import app
from costctl.cli.commands import options_of
from costctl.handbook import topics
from tests.command_line import costctl

NAMED = re.compile(r"costctl help ([a-z-]+)")
ON_DISK = re.compile(r"docs/(reference|explanation|how-to|tutorial)/")


def texts(repository: Path) -> Iterator[tuple[str, str]]:
    """Every text in the code that is no docstring, with its place."""
    for path in sorted((repository / "costctl").rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        alone = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in alone:
                yield f"{path.relative_to(repository)}:{node.lineno}", node.value


def test_every_topic_that_a_message_names_is_there(repository: Path) -> None:
    named = [(place, name) for place, text in texts(repository) for name in NAMED.findall(text)]
    assert len(named) > 10
    assert [(place, name) for place, name in named if name not in topics()] == []


def test_no_message_names_a_file_of_the_documentation(repository: Path) -> None:
    assert [place for place, text in texts(repository) if ON_DISK.search(text)] == []


def test_without_a_topic_all_are_listed_with_their_titles(tmp_path: Path, repository: Path) -> None:
    lines = costctl(tmp_path, "help").stdout.splitlines()
    assert "marginal-cost Marginal cost: what one request less would have saved" in [
        " ".join(line.split()) for line in lines
    ]
    pages = [path.stem for path in (repository / "docs" / "reference").glob("*.md")]
    assert {line.split()[0] for line in lines if line.startswith("  ")} >= {*pages}


def test_a_topic_is_its_page(tmp_path: Path, repository: Path) -> None:
    page = (repository / "docs" / "reference" / "exit-codes.md").read_text(encoding="utf-8")
    assert costctl(tmp_path, "help", "exit-codes").stdout == page


def test_on_a_terminal_a_page_is_laid_out(tmp_path: Path) -> None:
    text = costctl(tmp_path, "help", "exit-codes", environment={"FORCE_COLOR": "1"}).stdout
    assert "Exit codes" in text
    assert "| code | means |" not in text


@pytest.mark.parametrize("words", [("emit",), ("store", "prune")])
def test_the_help_of_a_command_is_that_of_its_option(tmp_path: Path, words: tuple[str, ...]) -> None:
    assert costctl(tmp_path, "help", *words).stdout == costctl(tmp_path, *words, "--help").stdout != ""


def test_a_page_that_is_called_like_a_command_names_the_command(tmp_path: Path) -> None:
    text = costctl(tmp_path, "help", "simulate").stdout
    assert text.startswith("# `costctl simulate`")
    assert text.endswith("Options: costctl simulate --help\n")


def test_an_unknown_topic_names_the_nearest(tmp_path: Path) -> None:
    done = costctl(tmp_path, "help", "configuraton")
    assert done.returncode == 2
    assert "Did you mean configuration?" in done.stderr


def test_a_wheel_has_the_pages(repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(repository)
    name = hatchling.build.build_wheel(str(tmp_path))
    with zipfile.ZipFile(tmp_path / name) as wheel:
        wheel.extractall(tmp_path / "installed")
    done = subprocess.run(
        [sys.executable, "-m", "costctl", "help", "configuration"], cwd=tmp_path, capture_output=True, text=True,
        env={**os.environ, "PYTHONPATH": str(tmp_path / "installed")}, check=True,
    )  # fmt: skip
    page = repository / "docs" / "reference" / "configuration.md"
    assert done.stdout == page.read_text(encoding="utf-8")
    installed = {path.stem for path in (tmp_path / "installed" / "costctl" / "docs").glob("*/*.md")}
    assert installed >= {*topics()}


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ("Run `costctl doctor` first.", "Run `costctl doctor --store 'a b' --config c` first."),
        ("`costctl doctor --store x`", "`costctl doctor --store x --config c`"),
        ("`costctl doctor --store=x --config=y`", "`costctl doctor --store=x --config=y`"),
        ("`costctl ingest PATH` and `costctl help classes`",
         "`costctl ingest PATH --store 'a b' --config c` and `costctl help classes`"),
        ("`costctl store info` or `costctl prices list`",
         "`costctl store info --store 'a b'` or `costctl prices list --config c`"),
        ("`costctl sql 'SELECT 1'`", "`costctl sql 'SELECT 1' --store 'a b' --config c`"),
        ("`costctl store` and `costctl --help` and costctl doctor",
         "`costctl store` and `costctl --help` and costctl doctor"),
        ("`costctl sql 'open`", "`costctl sql 'open`"),
    ],
)  # fmt: skip
def test_commands_that_a_message_proposes_repeat_the_users_own_options(message: str, said: str) -> None:
    again = Again((("--store", "a b"), ("--config", "c")), lambda words: options_of(app, words))
    assert again.message(message) == said


def test_the_hint_of_an_error_can_be_run_as_it_stands(tmp_path: Path) -> None:
    done = costctl(tmp_path, "analyze", "--store", "no such.duckdb")
    assert done.returncode == 6
    assert "`costctl ingest PATH --store 'no such.duckdb'`" in done.stderr
