"""Which instants does a question ask about?

In: the texts of --since, --until and --last, and the clock. Out: bounds in ns UTC. A duration in --since or --until is
counted back from now, as `journalctl` and `git log` do; --last counts back from the last start that the store holds,
which is what one wants of traces that were recorded some time ago.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from costctl.errors import UsageError
from costctl.instants import ns_from_iso
from costctl.units import NS_PER_S, duration_s, is_duration


@dataclass(frozen=True, slots=True)
class Bounds:
    """since_ns, until_ns: ns UTC, the end exclusive; None for no bound.  last_ns: so long before the last start, ns."""

    since_ns: int | None
    until_ns: int | None
    last_ns: int | None

    def window(self, last_start_ns: int | None) -> tuple[int | None, int | None]:
        """since and until, given the last start that the store holds."""
        if self.last_ns is None or last_start_ns is None:
            return self.since_ns, self.until_ns
        return last_start_ns - self.last_ns, None


def bounds(since: str | None, until: str | None, last: str | None) -> Bounds:
    """The bounds that the texts ask for. Raises UsageError for texts that cannot be used, or that contradict."""
    if last is not None and (since is not None or until is not None):
        raise UsageError(
            "--last cannot be used with --since or --until.",
            why=(
                "--last ends at the latest start time in the store; --since and --until set the window "
                "themselves."
            ),
            next_step="Use --last alone, or --since and --until without it.",
        )
    return Bounds(
        instant_ns(since, "--since"), instant_ns(until, "--until"), None if last is None else _length_ns(last)
    )


def instant_ns(text: str | None, option: str) -> int | None:
    """The instant in the text, ns UTC; a duration is counted back from now; None where none was given.

    option: for the message. Raises UsageError.
    """
    if text is None:
        return None
    if is_duration(text):
        return time.time_ns() - round(duration_s(text) * NS_PER_S)
    try:
        return ns_from_iso(text)
    except ValueError as error:
        raise UsageError(
            f"Invalid {option} {text!r}.",
            why=f"{error}.",
            next_step="Write a date, a time such as 2026-11-24T09:30:00Z, or an age such as 7d.",
        ) from error


def since_last_ns(text: str, option: str = "--last") -> int:
    """The instant so long before now. Raises UsageError for what is no duration."""
    return time.time_ns() - _length_ns(text, option)


def _length_ns(text: str, option: str = "--last") -> int:
    try:
        length_s = duration_s(text)
    except ValueError as error:
        raise UsageError(
            f"Invalid {option} {text!r}.", why=f"{error}.", next_step=f"Write {option} 7d or {option} 12h."
        ) from error
    if length_s <= 0:
        raise UsageError(
            f"Invalid {option} {text!r}.",
            why="The duration is zero.",
            next_step=f"Write {option} 7d or {option} 12h.",
        )
    return round(length_s * NS_PER_S)
