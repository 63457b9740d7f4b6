"""What would be read from a prompt cache, and what written to it? The cache played call by call.

In: prefixes of calls in order of time, and for each call how it uses the cache. Out: tokens read and written by each.
A call reads the longest of its prefixes that was written and used within its time to live, renews it, and writes from
there to its last breakpoint. Nothing shorter than the minimum is cached. What a call writes can be read by calls that
start no earlier than ``readable_s``: of those that start before, each writes it too. A breakpoint looks back so many
content blocks as its provider says, itself among them: what ends further before each of a call's breakpoints is not
found. Where the blocks of a prompt are not known, all of it is found.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

import numpy as np

from costctl.arrays import Floats, Ints
from costctl.compiled import compiled
from costctl.rebill.calls import Prefixes

_MOST_PLACES: Final = 8  # of a table, for each prefix: a larger one costs more than to sort them


class Use(IntEnum):
    """How a call uses the cache."""

    NOT = 0
    SYSTEM = 1  # a breakpoint at the end of the system prompt
    CONVERSATION = 2  # and one at the end of the last message
    EVERYWHERE = 3  # every prefix is an entry, as of prompts that are hashed by block
    LAST = 4  # the end of the last message alone


@dataclass(frozen=True, slots=True)
class CacheUse:
    """How n calls use the cache. scope: a number; calls of different scopes share nothing.  whole: tokens of the
    prompt, which may be longer than its last block.  least, step: tokens, by the provider's rule.  lookback: content
    blocks, by the same; 0 where there is no limit.  readable_s: from when on what the call writes can be read, on the
    clock of the starts.
    """

    use: Ints
    scope: Ints
    whole: Ints
    ttl_s: Floats
    least: Ints
    step: Ints
    lookback: Ints
    readable_s: Floats


@dataclass(frozen=True, slots=True)
class Played:
    """Tokens that n calls read from the cache, and wrote to it."""

    read: Ints
    written: Ints


def played(prefixes: Prefixes, at_s: Floats, how: CacheUse) -> Played:
    """The cache, played from empty."""
    entries, entry = entries_of(prefixes, how.scope)
    expires_s = np.full(entries, -np.inf)
    kept_s = np.zeros(entries)
    ready_s = np.full(entries, np.inf)
    read, written = np.zeros(at_s.size, np.int64), np.zeros(at_s.size, np.int64)
    _play(
        prefixes.offset, entry, prefixes.size, prefixes.blocks, at_s, how.whole, how.use, how.ttl_s, how.least,
        how.step, how.lookback, how.readable_s, expires_s, kept_s, ready_s, read, written,
    )  # fmt: skip
    return Played(read, written)


def entries_of(prefixes: Prefixes, scope: Ints) -> tuple[int, Ints]:
    """How many entries the caches may have, and of each prefix the number of its own."""
    count = int(prefixes.key.max(initial=-1)) + 1
    if (scope == scope[:1]).all():
        return count, prefixes.key
    scopes, own = np.unique(scope, return_inverse=True)
    pairs = np.repeat(own.astype(np.int64), np.diff(prefixes.offset)) * count + prefixes.key
    if not pairs.size or scopes.size * count > _MOST_PLACES * pairs.size:
        entries, entry = np.unique(pairs, return_inverse=True)
        return entries.size, entry.astype(np.int64)
    # The same numbers without sorting: there are few places beside so many prefixes.
    is_used = np.zeros(scopes.size * count, np.bool_)
    is_used[pairs] = True
    number = np.cumsum(is_used, dtype=np.int64) - 1
    return int(number[-1]) + 1, number[pairs]


@compiled
def _play(
    offset: Ints,
    entry: Ints,
    size: Ints,
    blocks: Ints,
    at_s: Floats,
    whole: Ints,
    use: Ints,
    ttl_s: Floats,
    least: Ints,
    step: Ints,
    lookback: Ints,
    readable_s: Floats,
    expires_s: Floats,
    kept_s: Floats,
    ready_s: Floats,
    read: Ints,
    written: Ints,
) -> None:
    """expires_s, kept_s, ready_s: of each entry, when it is gone, how long after its last use, and since when it can be
    read.
    """
    for call in range(at_s.size):
        first, end = offset[call], offset[call + 1]
        if use[call] == 0 or first == end:
            continue
        last = first if use[call] == 1 else end - 1
        within = lookback[call] if use[call] == 2 and blocks[last] >= 0 else 0
        place = last
        while place >= first and (
            size[place] < least[call]
            or expires_s[entry[place]] < at_s[call]
            or ready_s[entry[place]] > at_s[call]
            or (within > 0 and place > first and blocks[last] - blocks[place] >= within)
        ):
            place -= 1
        if place >= first:
            read[call] = size[place] // step[call] * step[call]
            expires_s[entry[place]] = at_s[call] + kept_s[entry[place]]
        for mark in range(first, end):
            is_entry = (
                use[call] == 3 or (mark == first and use[call] < 3) or (mark == end - 1 and use[call] > 1)
            )
            if is_entry and size[mark] >= least[call]:
                if mark > place:
                    is_gone = expires_s[entry[mark]] < at_s[call]
                    if is_gone or readable_s[call] < ready_s[entry[mark]]:
                        ready_s[entry[mark]] = readable_s[call]
                    kept_s[entry[mark]] = ttl_s[call]
                    up_to = whole[call] if mark == end - 1 else size[mark]
                    written[call] = up_to - read[call]
                if mark > place or use[call] == 3:
                    expires_s[entry[mark]] = at_s[call] + kept_s[entry[mark]]
