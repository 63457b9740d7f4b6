"""Runs the Python blocks of a page, in order and in one namespace, as a notebook would."""

from __future__ import annotations

import contextlib
import io
import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pathlib import Path

_BLOCK = re.compile(r"```python\n(?P<code>.*?)```(?:\s*```text\n(?P<quoted>.*?)```)?", re.DOTALL)


class Ran(NamedTuple):
    """A block: what it prints, and what the page quotes right below it (None where it quotes nothing)."""

    printed: str
    quoted: str | None


def run_blocks(page: Path) -> list[Ran]:
    """Each Python block of the page, run in the current folder; one that raises fails the test."""
    names: dict[str, object] = {}
    return [
        Ran(_printed(block["code"], str(page), names), block["quoted"])
        for block in _BLOCK.finditer(page.read_text(encoding="utf-8"))
    ]


def _printed(code: str, page: str, names: dict[str, object]) -> str:
    shown = io.StringIO()
    with contextlib.redirect_stdout(shown):
        exec(compile(code, page, "exec"), names)  # the page is part of this repository
    return shown.getvalue()
