"""A prompt cache played the slow way: a dictionary, and every position before every breakpoint looked up one by one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Use = Literal["not", "system", "conversation", "everywhere", "last"]


@dataclass(frozen=True)
class SlowCall:
    """prefixes: name and tokens of each, shortest first.  whole: tokens of the prompt.  blocks: position of the block
    at which each prefix ends; None where it is not known.  lookback: positions that are asked for a breakpoint, the
    first of which is its own; None where all are.  answered_s: since when what it writes can be read; None where at
    once.
    """

    at_s: float
    scope: int
    prefixes: tuple[tuple[str, int], ...]
    whole: int
    use: Use
    ttl_s: float
    least: int = 0
    step: int = 1
    blocks: tuple[int, ...] | None = None
    lookback: int | None = None
    answered_s: float | None = None

    @property
    def marks(self) -> list[int]:
        """The places of the prefixes at which it has breakpoints."""
        last = len(self.prefixes) - 1
        of_use = {
            "not": [], "system": [0], "conversation": [0, last], "everywhere": list(range(last + 1)), "last": [last],
        }  # fmt: skip
        return sorted(set(of_use[self.use]))

    def found_from(self, mark: int, alive: set[int]) -> int | None:
        """The first prefix that is alive, going back from a breakpoint position by position."""
        if self.blocks is None or self.lookback is None or self.use in ("everywhere", "last"):
            return max((place for place in alive if place <= mark), default=None)
        for back in range(self.lookback):
            here = [
                place for place in alive if place <= mark and self.blocks[place] == self.blocks[mark] - back
            ]
            if here:
                return max(here)
        return None


def slow_cache(calls: Sequence[SlowCall]) -> list[tuple[int, int]]:
    """Tokens that each call reads and writes."""
    kept: dict[tuple[int, str], tuple[float, float]] = {}  # when it was last used, and how long it is kept
    readable: dict[tuple[int, str], list[float]] = {}  # when each of those that wrote it was answered
    found = []
    for call in calls:
        if call.use == "not" or not call.prefixes:
            found.append((0, 0))
            continue
        alive = {
            place
            for place, (name, tokens) in enumerate(call.prefixes)
            if tokens >= call.least
            and (call.scope, name) in kept
            and call.at_s - kept[call.scope, name][0] <= kept[call.scope, name][1]
            and any(answered <= call.at_s for answered in readable[call.scope, name])
        }
        hits = (call.found_from(mark, alive) for mark in reversed(call.marks))
        longest = next((place for place in hits if place is not None), -1)
        read = 0
        if longest >= 0:
            name, tokens = call.prefixes[longest]
            read = tokens // call.step * call.step
            kept[call.scope, name] = (call.at_s, kept[call.scope, name][1])
        last = len(call.prefixes) - 1
        written = 0
        for mark in call.marks:
            name, tokens = call.prefixes[mark]
            if tokens < call.least:
                continue
            if mark > longest:
                last_used, ttl_s = kept.get((call.scope, name), (-math.inf, 0.0))
                if call.at_s - last_used > ttl_s:
                    readable[call.scope, name] = []
                readable[call.scope, name].append(call.at_s if call.answered_s is None else call.answered_s)
                kept[call.scope, name] = (call.at_s, call.ttl_s)
                written = (call.whole if mark == last else tokens) - read
            elif call.use == "everywhere" and (call.scope, name) in kept:
                kept[call.scope, name] = (call.at_s, kept[call.scope, name][1])
        found.append((read, written))
    return found
