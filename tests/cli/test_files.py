"""Where results go: the name of a file means its format, and a medium that takes no more is no bug."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.command_line import costctl

# What takes no more: a file under a limit of the shell, and the full device where the system has one. What a shell says
# before the command, the medium, and why.
FULL_MEDIA = [
    ("ulimit -f 0;", "out.txt", "File too large."),
    *[("", str(path), "No space left on device.") for path in [Path("/dev/full")] if path.exists()],
]


@pytest.mark.parametrize(
    ("name", "first"), [("x.json", "{"), ("x.JSON", "{"), ("x.csv", "provider,"), ("x.md", "- "), ("x", "")]
)
def test_the_name_of_a_file_means_its_format(tmp_path: Path, name: str, first: str) -> None:
    done = costctl(tmp_path, "prices", "list", "--model", "gpt-4o-mini", "-o", name)
    text = (tmp_path / name).read_text()
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"Wrote  {name} ({len(text.encode()):,} bytes)\n"
    assert text.startswith(first)


def test_a_format_that_is_asked_for_needs_no_name(tmp_path: Path) -> None:
    costctl(tmp_path, "prices", "list", "--model", "gpt-4o-mini", "-o", "x.out", "--format", "json")
    costctl(tmp_path, "sql", "--list", "-o", "x.csv")
    assert json.loads((tmp_path / "x.out").read_text())["schema_version"]
    assert next(csv.reader((tmp_path / "x.csv").open())) == ["name", "contract", "layer"]


@pytest.mark.parametrize(
    "words",
    [
        ("prices", "list", "-o", "x.json", "--format", "csv"),
        ("analyze", "-o", "x.json", "--format", "markdown"),
        ("export", "-o", "x.parquet", "--format", "csv"),
        ("sql", "SELECT 1", "-o", "x.csv", "--format", "line"),
    ],
)
def test_a_name_and_a_format_that_contradict_each_other_are_refused(
    tmp_path: Path, words: tuple[str, ...]
) -> None:
    done = costctl(tmp_path, *words)
    assert done.returncode == 2
    assert f"-o {words[words.index('-o') + 1]} and --format {words[-1]} contradict each other." in done.stderr
    assert [*tmp_path.iterdir()] == []


@pytest.mark.parametrize(
    ("words", "written"),
    [
        (("analyze", "-o", "x.xlsx"), "table or json or csv or markdown"),
        (("prices", "list", "-o", "x.parquet"), "table or json or csv or markdown"),
        (("sql", "SELECT 1", "-o", "x.html"), "table or line or json or csv or markdown"),
        (("export", "-o", "x.xlsx"), "csv or parquet"),
        (("emit", "--target", "litellm", "-o", "x.json"), "yaml"),
        (("emit", "--target", "policy", "-o", "x.csv"), "json"),
        (("emit", "--target", "triton", "-o", "x.yaml"), "pbtxt"),
        (("schema", "analysis", "-o", "x.csv"), "json"),
    ],
)
def test_a_format_that_is_not_written_is_refused_before_anything_is_computed(
    tmp_path: Path, words: tuple[str, ...], written: str
) -> None:
    done = costctl(tmp_path, *words)
    assert done.returncode == 2
    assert f"Why:  This command writes {written}." in done.stderr
    assert "Next: Name the file ." in done.stderr
    assert [*tmp_path.iterdir()] == []


def run(folder: Path, *words: str, before: str = "", shell: str = "") -> subprocess.CompletedProcess[str]:
    """The command line as a process, after what a shell does before, its stdout redirected as a shell would."""
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), "HOME": str(folder)}
    return subprocess.run(
        ["sh", "-c", f'{before} "$@" {shell}', "sh", sys.executable, "-m", "costctl", *words],
        cwd=folder, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.mark.parametrize(("before", "medium", "why"), FULL_MEDIA)
@pytest.mark.parametrize("words", [("schema", "analysis"), ("prices", "list"), ("--help",), ("--version",)])
def test_a_full_disk_behind_stdout_is_no_bug(
    tmp_path: Path, words: tuple[str, ...], before: str, medium: str, why: str
) -> None:
    done = run(tmp_path, *words, before=before, shell=f">{medium}")
    assert done.returncode == 6
    lines = done.stderr.splitlines()
    assert lines[0].startswith("Error: Cannot write to ")
    assert lines[1] == f"  Why:  {why}"
    assert lines[2].startswith("  Next: Free some space")
    assert len(lines) == 3


@pytest.mark.parametrize(("before", "medium", "why"), FULL_MEDIA)
def test_a_full_disk_behind_a_file_is_no_bug(tmp_path: Path, before: str, medium: str, why: str) -> None:
    done = run(tmp_path, "schema", "analysis", "-o", medium, before=before)
    assert done.returncode == 6
    assert done.stderr.startswith(f"Error: Cannot write to {medium}.\n  Why:  {why}\n")


@pytest.mark.parametrize("words", [("schema", "analysis"), ("prices", "list")])
def test_a_closed_stdout_is_no_bug(tmp_path: Path, words: tuple[str, ...]) -> None:
    done = run(tmp_path, *words, shell=">&-")
    assert done.returncode == 6
    assert done.stderr.startswith("Error: Cannot write to stdout.\n  Why:  It is closed.\n  Next: ")
    assert len(done.stderr.splitlines()) == 3


def test_a_file_that_cannot_be_written_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "taken.json").mkdir()
    done = costctl(tmp_path, "schema", "analysis", "-o", "taken.json")
    assert done.returncode == 2
    assert [path.name for path in tmp_path.iterdir()] == ["taken.json"]
