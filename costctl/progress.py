"""How does long work say where it is? A function that whoever starts the work hands in."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Called as often as there is something to say."""

    def __call__(self, step: str, fraction: float | None, detail: str = "") -> None:
        """step: what is being done.  fraction: how much of it is, None where unknown.  detail: how fast, how many."""
        ...


def silent(step: str, fraction: float | None, detail: str = "") -> None:
    """Progress that nobody is shown."""
