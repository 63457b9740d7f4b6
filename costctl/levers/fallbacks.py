"""To which pools do a class's calls go on, and on what? Text, such as ``small`` or ``small:overload+timeout,large``.

In: text, or pools with causes. Out: ``Fallbacks``, in the order in which they are tried; ``none`` is no pool.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from costctl.documents.policy import FallbackCause

# Of a policy's causes those that a replay knows.
CAUSES: Final[tuple[FallbackCause, ...]] = ("error", "timeout", "overload", "context_window")
NONE: Final = "none"
MOST: Final = 20


@dataclass(frozen=True, slots=True)
class Fallbacks:
    """parts: (pool, causes in the order of ``CAUSES``), in the order in which they are tried, each pool once."""

    parts: tuple[tuple[str, tuple[FallbackCause, ...]], ...]

    @property
    def text(self) -> str:
        """As ``fallbacks_of`` reads it; without causes where all of them are meant."""
        return ",".join(_written(pool, on) for pool, on in self.parts) or NONE

    @property
    def pools(self) -> tuple[str, ...]:
        """Their names."""
        return tuple(pool for pool, _ in self.parts)


def fallbacks_from(parts: Iterable[tuple[str, Iterable[str]]]) -> Fallbacks:
    """These pools. Raises ValueError where one has no cause, or is named twice, or there are too many."""
    given = [(pool, {*on}) for pool, on in parts]
    ordered = tuple((pool, tuple(each for each in CAUSES if each in on)) for pool, on in given)
    if not all(on and len(on) == len(causes) for (_, on), (_, causes) in zip(ordered, given, strict=True)):
        raise ValueError(f"a fallback is taken on {', '.join(CAUSES)}")
    if len({pool for pool, _ in ordered}) < len(ordered):
        raise ValueError("a pool is named twice")
    if len(ordered) > MOST:
        raise ValueError(f"there are more than {MOST} fallbacks")
    return Fallbacks(ordered)


def fallbacks_of(text: str) -> Fallbacks:
    """The fallbacks that a text says. Raises ValueError with the reason where it says none."""
    if text.strip() == NONE:
        return Fallbacks(())
    parts = [_part(each.strip()) for each in text.split(",")]
    if not all(pool for pool, _ in parts):
        raise ValueError("a fallback is POOL or POOL:CAUSE+CAUSE, such as small:overload+timeout")
    return fallbacks_from(parts)


def _part(text: str) -> tuple[str, tuple[str, ...]]:
    """The pool and its causes. A name may hold a colon: what is behind the last one is causes if all of it is."""
    pool, colon, causes = text.rpartition(":")
    found = tuple(each.strip() for each in causes.split("+"))
    if colon and {*found} <= {*CAUSES}:
        return pool.strip(), found
    return text, CAUSES


def _written(pool: str, on: tuple[FallbackCause, ...]) -> str:
    return pool if on == CAUSES else f"{pool}:{'+'.join(on)}"
