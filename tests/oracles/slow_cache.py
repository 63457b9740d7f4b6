"""A prompt cache played the slow way: a dictionary, and every prefix of every call looked up one by one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Use = Literal["not", "system", "conversation", "everywhere"]


@dataclass(frozen=True)
class SlowCall:
    """prefixes: name and tokens of each, shortest first.  whole: tokens of the prompt."""

    at_s: float
    scope: int
    prefixes: tuple[tuple[str, int], ...]
    whole: int
    use: Use
    ttl_s: float
    least: int = 0
    step: int = 1


def slow_cache(calls: Sequence[SlowCall]) -> list[tuple[int, int]]:
    """Tokens that each call reads and writes."""
    kept: dict[tuple[int, str], tuple[float, float]] = {}  # when it was last used, and how long it is kept
    found = []
    for call in calls:
        if call.use == "not" or not call.prefixes:
            found.append((0, 0))
            continue
        alive = [
            place
            for place, (name, tokens) in enumerate(call.prefixes)
            if tokens >= call.least
            and (call.scope, name) in kept
            and call.at_s - kept[call.scope, name][0] <= kept[call.scope, name][1]
        ]
        longest = max(alive, default=-1)
        read = 0
        if longest >= 0:
            name, tokens = call.prefixes[longest]
            read = tokens // call.step * call.step
            kept[call.scope, name] = (call.at_s, kept[call.scope, name][1])
        last = len(call.prefixes) - 1
        marks = {"system": [0], "conversation": [0, last], "everywhere": list(range(last + 1))}[call.use]
        written = 0
        for mark in sorted(set(marks)):
            name, tokens = call.prefixes[mark]
            if tokens < call.least:
                continue
            if mark > longest:
                kept[call.scope, name] = (call.at_s, call.ttl_s)
                written = (call.whole if mark == last else tokens) - read
            elif call.use == "everywhere" and (call.scope, name) in kept:
                kept[call.scope, name] = (call.at_s, kept[call.scope, name][1])
        found.append((read, written))
    return found
