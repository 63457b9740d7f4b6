"""The README, followed to the letter in a clean copy of the checkout with an empty HOME and no network."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.page_commands import Ran, run_commands

A_CLONE_HAS = ("Makefile", "README.md", "pyproject.toml", "constraints.txt", "sample_traces")
MADE = ("policy.json", "litellm.yaml", "litellm.yaml.coverage.json", "config.pbtxt", "costctl.duckdb")


def clean_copy(repository: Path, folder: Path) -> Path:
    """What of a clone the README asks for, with costctl installed as this one is."""
    for name in A_CLONE_HAS:
        copied = shutil.copytree if (repository / name).is_dir() else shutil.copy
        copied(repository / name, folder / name)
    (folder / ".venv").mkdir()
    (folder / ".venv" / "bin").symlink_to(Path(sys.executable).parent)
    for mark in ("python", "demo"):  # make takes both steps of the installation for done
        (folder / ".venv" / mark).touch()
    return folder


@pytest.fixture(scope="module")
def clone(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return clean_copy(repository, tmp_path_factory.mktemp("clone"))


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def followed(clone: Path, home: Path) -> tuple[Ran, ...]:
    return run_commands(clone / "README.md", clone, home)


def test_the_commands_print_what_the_readme_shows(followed: tuple[Ran, ...]) -> None:
    shown = [each for each in followed if each.quoted]
    assert [each.command for each in shown] == [
        "costctl synth shop --world shop",
        "costctl analyze shop/requests.jsonl.gz",
    ]
    assert [each.printed for each in shown] == [each.quoted for each in shown]


def test_each_of_five_jobs_has_three_commands(followed: tuple[Ran, ...]) -> None:
    assert followed[0].command == "make demo"
    assert len([each for each in followed if "#" in each.command]) == 5 * 3


@pytest.mark.usefixtures("followed")
def test_what_the_commands_write_is_there_and_nothing_else(clone: Path, home: Path) -> None:
    for name in MADE:
        assert (clone / "out" / name).stat().st_size > 0, name
    for name in ("litellm.yaml", "review.html", "focus.csv", "classes.csv", "chargeback.csv"):
        assert (clone / name).stat().st_size > 0, name
    assert list(home.iterdir()) == []


def test_the_picture_shows_what_the_demo_types(followed: tuple[Ran, ...], repository: Path) -> None:
    picture = (repository / "docs" / "screens.svg").read_text(encoding="utf-8").replace("&#160;", " ")
    typed = [line for line in followed[0].printed.splitlines() if line.startswith("$ costctl")]
    assert [line.split()[2] for line in typed] == ["analyze", "recommend", "emit", "emit", "emit"]
    assert [line for line in typed[:2] if line.removeprefix("$ ") not in picture] == []


def test_make_test_starts_the_suite(clone: Path) -> None:
    planned = subprocess.run(
        ["make", "--no-print-directory", "--dry-run", "test"],
        cwd=clone,
        capture_output=True,
        text=True,
        check=True,
    )
    assert planned.stdout.splitlines()[-1] == ".venv/bin/python -m pytest"
