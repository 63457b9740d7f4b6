"""What several test processes need is made by the first that asks; the others wait for it."""

from __future__ import annotations

import fcntl
from collections.abc import Callable
from pathlib import Path


def written_once(path: Path, write: Callable[[Path], object]) -> Path:
    """The file, written by the first process that asks for it. write: writes it where it is told to."""
    with path.with_name(f"{path.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not path.exists():
            begun = path.with_name(f"begun.{path.name}")
            write(begun)
            begun.rename(path)
    return path
