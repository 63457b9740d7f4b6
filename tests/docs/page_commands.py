"""Runs the `$ costctl …` lines of a page, in order, as a reader in an empty folder with sample_traces would."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_COMMAND = re.compile(r"^\$ costctl (.+)$", re.MULTILINE)


def run_commands(repository: Path, page: str, folder: Path) -> tuple[str, ...]:
    """What each command of the page prints, run in `folder`; a command that fails fails the test."""
    (folder / "sample_traces").symlink_to(repository / "sample_traces")
    commands = _COMMAND.findall((repository / page).read_text(encoding="utf-8"))
    return tuple(_printed(repository, command, folder) for command in commands)


def _printed(repository: Path, command: str, folder: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "costctl", *shlex.split(command)],
        cwd=folder,
        env={"PYTHONPATH": str(repository), "PATH": "/usr/bin:/bin", "HOME": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{command}\n{done.stderr}"
    return done.stdout
