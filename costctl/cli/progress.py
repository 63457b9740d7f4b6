"""Progress on stderr: a live line on a terminal, one line a step elsewhere, nothing under --quiet."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Progress = Callable[[str, float | None], None]

_SECONDS_BETWEEN_UPDATES = 0.1


@contextmanager
def progress_on_stderr(*, is_quiet: bool) -> Iterator[Progress]:
    """A function of (step, fraction done or None) that shows where the work is.

    Off a terminal each step is named once, so that a log of CI stays short.
    """
    if is_quiet:
        yield lambda _step, _fraction: None
    elif sys.stderr.isatty():
        with _live_line() as show:
            yield show
    else:
        yield _one_line_a_step()


@contextmanager
def _live_line() -> Iterator[Progress]:
    last_shown_s = 0.0

    def show(step: str, fraction: float | None) -> None:
        nonlocal last_shown_s
        now_s = time.monotonic()
        if now_s - last_shown_s >= _SECONDS_BETWEEN_UPDATES:
            last_shown_s = now_s
            done = "" if fraction is None else f" {fraction:4.0%}"
            sys.stderr.write(f"\r\x1b[2K{step}{done}")
            sys.stderr.flush()

    try:
        yield show
    finally:
        sys.stderr.write("\r\x1b[2K")
        sys.stderr.flush()


def _one_line_a_step() -> Progress:
    named: set[str] = set()

    def show(step: str, _fraction: float | None) -> None:
        if step not in named:
            named.add(step)
            sys.stderr.write(f"{step}\n")

    return show
