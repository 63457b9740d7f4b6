"""Does what a page says, in a copy of the package: files it shows in full, and lines that it changes."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_BLOCK = re.compile(r"^`(costctl/[\w/]+\.py)`:$|^```(python|diff)\n(.*?)\n```$", re.MULTILINE | re.DOTALL)


def followed(repository: Path, page: str, folder: Path) -> None:
    """A copy of the package in ``folder``, with every file that the page shows and every line that it changes."""
    shutil.copytree(repository / "costctl", folder / "costctl")  # what is compiled already, too
    name = ""
    for match in _BLOCK.finditer((repository / page).read_text(encoding="utf-8")):
        file, language, text = match.groups()
        if file is not None:
            name = file
        elif language == "python":
            _written(folder / name, text)
        else:
            _changed(folder / name, text)


def run(arguments: tuple[str, ...], folder: Path) -> subprocess.CompletedProcess[str]:
    """costctl with these arguments, out of the copy in ``folder``."""
    return subprocess.run(
        [sys.executable, "-m", "costctl", *arguments],
        cwd=folder,
        env={"PYTHONPATH": str(folder), "PATH": "/usr/bin:/bin", "HOME": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )


def _written(path: Path, text: str) -> None:
    """The file that the page shows in full; it is a new one."""
    assert not path.exists(), f"{path.name} is there already"
    path.write_text(text + "\n", encoding="utf-8")


def _changed(path: Path, diff: str) -> None:
    """The file with the change; what the diff takes for granted must stand there once."""
    lines = diff.splitlines()
    before = "\n".join(line[1:] for line in lines if line[0] in " -")
    after = "\n".join(line[1:] for line in lines if line[0] in " +")
    text = path.read_text(encoding="utf-8")
    assert text.count(before) == 1, f"{path.name} has not this once:\n{before}"
    path.write_text(text.replace(before, after), encoding="utf-8")
