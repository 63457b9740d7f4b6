"""``main`` returns the exit code of what it is given, and a closed pipe is no error."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from costctl.cli.app import main


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--version"], 0),
        (["schema", "analysis"], 0),
        (["schema", "no_such_document"], 2),
        (["no_such_verb"], 2),
        (["emit"], 2),
        (["policy", "check", "no_such_file.json"], 3),
    ],
)
def test_main_returns_the_exit_code_and_ends_nothing(
    arguments: list[str], code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == code
    assert bool(capsys.readouterr().err) == (code != 0)


def test_main_reads_the_arguments_of_the_process_where_it_is_given_none(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["costctl", "--version"])
    assert main() == 0
    assert capsys.readouterr().out.startswith("costctl ")


def test_a_reader_that_has_seen_enough_is_no_error(repository: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)  # as `| head` does, before anything is written
    done = subprocess.run(
        [sys.executable, "-m", "costctl", "prices", "list", "--format", "csv"],
        cwd=repository, stdout=writer, stderr=subprocess.PIPE, text=True, check=False,
    )  # fmt: skip
    os.close(writer)
    assert (done.returncode, done.stderr) == (0, "")
