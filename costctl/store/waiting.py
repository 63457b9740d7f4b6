"""What is said while another process holds the store."""

from __future__ import annotations

from collections.abc import Callable

from costctl.progress import Progress


def saying(progress: Progress) -> Callable[[str], None]:
    """The sentence as progress of unknown length."""
    return lambda said: progress(said, None)
