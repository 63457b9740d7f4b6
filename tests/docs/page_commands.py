"""Runs the `$ costctl …` lines of a page, in order, as a reader in an empty folder with sample_traces would."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

from tests.command_line import costctl

if TYPE_CHECKING:
    from pathlib import Path

_COMMAND = re.compile(r"^\$ costctl (.+)$", re.MULTILINE)


def run_commands(repository: Path, page: str, folder: Path) -> tuple[str, ...]:
    """What each command of the page prints, run in `folder`; a command that fails fails the test."""
    (folder / "sample_traces").symlink_to(repository / "sample_traces")
    commands = _COMMAND.findall((repository / page).read_text(encoding="utf-8"))
    return tuple(_printed(command, folder) for command in commands)


def _printed(command: str, folder: Path) -> str:
    done = costctl(folder, *shlex.split(command))
    assert done.returncode == 0, f"{command}\n{done.stderr}"
    return done.stdout
