"""Progress on stderr: a live line on a terminal, one line a step elsewhere, nothing under --quiet."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from costctl.progress import Progress, silent

_SECONDS_BETWEEN_UPDATES = 0.1
_SECONDS_BEFORE_GUESSING = 1.0


@contextmanager
def progress_on_stderr(*, is_quiet: bool) -> Iterator[Progress]:
    """A function of (step, fraction done or None) that shows where the work is.

    Off a terminal each step is named once, so that a log of CI stays short.
    """
    if is_quiet:
        yield silent
    elif sys.stderr.isatty():
        with _live_line() as show:
            yield show
    else:
        yield _one_line_a_step()


@contextmanager
def _live_line() -> Iterator[Progress]:
    last_shown_s = began_s = 0.0
    current = ""

    def show(step: str, fraction: float | None, detail: str = "") -> None:
        nonlocal last_shown_s, began_s, current
        now_s = time.monotonic()
        if step != current:
            current, began_s, last_shown_s = step, now_s, 0.0
        if now_s - last_shown_s >= _SECONDS_BETWEEN_UPDATES:
            last_shown_s = now_s
            sys.stderr.write(f"\r\x1b[2K{line(step, fraction, detail, now_s - began_s)}")
            sys.stderr.flush()

    try:
        yield show
    finally:
        sys.stderr.write("\r\x1b[2K")
        sys.stderr.flush()


def line(step: str, fraction: float | None, detail: str, elapsed_s: float) -> str:
    """The step, how much of it is done, how fast, and, where that can be told, how long it will still take."""
    parts = [step if fraction is None else f"{step} {fraction:4.0%}"]
    if detail:
        parts.append(detail)
    if fraction is not None and fraction > 0 and elapsed_s > _SECONDS_BEFORE_GUESSING:
        parts.append(f"{elapsed_s * max(0.0, 1 - fraction) / fraction:,.0f} s left")
    return ", ".join(parts)


def _one_line_a_step() -> Progress:
    named: set[str] = set()

    def show(step: str, fraction: float | None, detail: str = "") -> None:
        if step not in named:
            named.add(step)
            sys.stderr.write(f"{step}\n")

    return show
