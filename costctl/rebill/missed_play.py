"""Up to where could each prompt have been read from a cache, had one thing been otherwise? Call by call.

In: prompts of calls in order of time, what each read and wrote as recorded, and the rule of its provider. Out: for each
call the bounds, in tokens, between the causes for which what follows the part that was read was not read too.

A bound is the longest of the call's prefixes of which something holds: that it was warm here, that it was warm
elsewhere, that it was once kept, that it was once sent. Each is at least as far as the one before, so that the parts
between them add up to what was not read. Sizes of prefixes are estimates: of the prefix that is nearest to what was
read, or was kept, the recorded size holds.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Final, NamedTuple

import numpy as np

from costctl.arrays import Bools, Floats, Ints
from costctl.compiled import compiled, part

NEAREST_RATIO: Final = 0.2  # of its size: so far off may the estimate of a prefix be from what is recorded


class Part(IntEnum):
    """The parts of a prompt that were not read, in their order; part p ends at bound p."""

    UNEXPLAINED = 0
    TOGETHER = 1
    ELSEWHERE = 2
    EXPIRED = 3
    NOT_ASKED = 4
    LONG_AGO = 5
    TOO_SHORT = 6
    CHANGED = 7
    FIRST = 8


class Sent(NamedTuple):
    """n calls, by start. offset, size: as of ``Prefixes``.  prefix, kept, own: of each prefix, its number within its
    provider and model, within the deployment of that, and within the session of that.  session, scope: numbers.

    is_used: what is known of it.  can_read: the provider caches on its own, or was asked.  keeps_last: of those that do
    so on their own, what ends with the last message and no prefix within.  renews_all: what is read is renewed with all
    that it begins with, else by itself.  read, until_1h, until:
    tokens, up to where it read, wrote for the longer and for the shorter time.  whole: tokens that went in.  least,
    step: tokens, and short_s, long_s: times to live, by the provider's rule.  ready_s: since when what the call wrote
    can be read, by the same.
    """

    offset: Ints
    size: Ints
    prefix: Ints
    kept: Ints
    own: Ints
    session: Ints
    scope: Ints
    is_used: Bools
    can_read: Bools
    is_automatic: Bools
    keeps_last: Bools
    renews_all: Bools
    at_s: Floats
    ready_s: Floats
    read: Ints
    until_1h: Ints
    until: Ints
    whole: Ints
    least: Ints
    step: Ints
    short_s: Floats
    long_s: Floats


class Memory(NamedTuple):
    """What is known so far. Of a prefix: when it was last sent, until when it is kept somewhere, and since when.  Of
    one on a deployment: until when it is kept, for how long after each use, and since when.  Of one in a session, and
    of a session: the last call of it.  Of a call: how many tokens are kept of it, until when; whether a later one goes
    on from its end.
    """

    sent_s: Floats
    anywhere_until_s: Floats
    anywhere_from_s: Floats
    here_until_s: Floats
    here_for_s: Floats
    here_from_s: Floats
    last_with: Ints
    last_of: Ints
    kept_tokens: Ints
    kept_until_s: Floats
    is_continued: Bools


class Found(NamedTuple):
    """bounds: tokens, a row a call, a column a ``Part``.  changed_at: the part of the prompt, from 0, at which it is
    not what the session had sent; −1 where it is.  since_s: how long ago its longest known prefix was last sent; NaN
    where there is none.
    """

    bounds: Ints
    changed_at: Ints
    since_s: Floats


def found_of(sent: Sent) -> Found:
    """The bounds of all calls."""
    prefixes, kept, own = (int(each.max(initial=-1)) + 1 for each in (sent.prefix, sent.kept, sent.own))
    calls = sent.at_s.size
    memory = Memory(
        sent_s=np.full(prefixes, -np.inf),
        anywhere_until_s=np.full(prefixes, -np.inf),
        anywhere_from_s=np.full(prefixes, np.inf),
        here_until_s=np.full(kept, -np.inf),
        here_for_s=np.zeros(kept),
        here_from_s=np.full(kept, np.inf),
        last_with=np.full(own, -1, np.int64),
        last_of=np.full(int(sent.session.max(initial=-1)) + 1, -1, np.int64),
        kept_tokens=np.zeros(calls, np.int64),
        kept_until_s=np.full(calls, -np.inf),
        is_continued=np.zeros(calls, np.bool_),
    )
    found = Found(
        np.zeros((calls, len(Part)), np.int64), np.full(calls, -1, np.int64), np.full(calls, np.nan)
    )
    _mark_continued(sent, np.full(own, -1, np.int64), memory.is_continued)
    _find(sent, memory, found)
    return found


@compiled
def _mark_continued(sent: Sent, ends_with: Ints, is_continued: Bools) -> None:
    """Of which calls does a later one of the session go on from the end? ends_with: the last call that ends so."""
    for call in range(sent.at_s.size):
        first, end = sent.offset[call], sent.offset[call + 1]
        if not sent.is_used[call]:
            continue
        for place in range(first, end):
            before = ends_with[sent.own[place]]
            if before >= 0 and (place < end - 1 or sent.whole[call] > sent.whole[before]):
                is_continued[before] = True
        ends_with[sent.own[end - 1]] = call


@compiled
def _find(sent: Sent, memory: Memory, found: Found) -> None:
    for call in range(sent.at_s.size):
        if sent.is_used[call]:
            _bound(sent, memory, found, call)
            _note(sent, memory, call)


@part
def _bound(sent: Sent, memory: Memory, found: Found, call: int) -> None:
    """Writes the bounds of one call."""
    first, end = sent.offset[call], sent.offset[call + 1]
    at_s, least, bounds = sent.at_s[call], sent.least[call], found.bounds[call]
    could_ask = not sent.is_automatic[call] or sent.keeps_last[call]
    here = begun = elsewhere = kept = lately = ever = common = first - 1
    for place in range(first, end):
        prefix, own = sent.prefix[place], sent.kept[place]
        if memory.last_with[sent.own[place]] >= 0:
            common = place
        if memory.sent_s[prefix] == -np.inf:
            continue
        ever = place
        is_lately = memory.sent_s[prefix] >= at_s - sent.long_s[call]
        if is_lately and sent.size[place] >= least and could_ask:
            lately = place
        if sent.can_read[call] and memory.anywhere_until_s[prefix] > -np.inf:
            kept = place
            if memory.anywhere_until_s[prefix] >= at_s and memory.anywhere_from_s[prefix] <= at_s:
                elsewhere = place
            if memory.here_until_s[own] >= at_s:
                begun = place
                if memory.here_from_s[own] <= at_s:
                    here = place
    nearest = _nearest(sent, call, sent.read[call] + (sent.step[call] - 1) // 2)
    bounds[0] = _up_to(sent, call, here, nearest, sent.read[call])
    bounds[1] = _up_to(sent, call, begun, nearest, bounds[0])
    bounds[2] = _up_to(sent, call, elsewhere, nearest, bounds[1])
    bounds[3] = _up_to(sent, call, kept, nearest, bounds[2])
    bounds[4] = _up_to(sent, call, lately, nearest, bounds[3])
    bounds[5] = bounds[6] = bounds[4]
    if ever >= first:
        found.since_s[call] = at_s - memory.sent_s[sent.prefix[ever]]
        most = sent.whole[call]
        if ever <= nearest:
            most = min(most, sent.read[call] + sent.step[call] - 1)
        if sent.size[ever] >= least and could_ask:
            bounds[5] = _up_to(sent, call, ever, nearest, bounds[4])
        bounds[6] = max(bounds[5], min(sent.size[ever], most))
    bounds[7] = max(bounds[6], _unchanged(sent, memory, call, common))
    if bounds[7] > bounds[6]:
        found.changed_at[call] = common + 1 - first
    bounds[8] = sent.whole[call]


@part
def _up_to(sent: Sent, call: int, place: int, nearest: int, before: int) -> int:
    """Tokens that can be read of a prefix. nearest: the one that was read; of it, and of shorter ones, no more can."""
    if place < sent.offset[call] or place <= nearest:
        return before
    step = sent.step[call]
    return max(before, int(min(sent.size[place] // step * step, sent.whole[call])))


@part
def _nearest(sent: Sent, call: int, tokens: int) -> int:
    """The prefix whose size is nearest to so many tokens; the one before the first where none is near."""
    first, end = sent.offset[call], sent.offset[call + 1]
    best = int(first) - 1
    if tokens <= (sent.step[call] - 1) // 2:
        return best
    for place in range(first, end):
        if best < first or abs(sent.size[place] - tokens) <= abs(sent.size[best] - tokens):
            best = place
    off = abs(sent.size[best] - tokens)
    return best if off <= max(NEAREST_RATIO * sent.size[best], sent.step[call]) else int(first) - 1


@part
def _unchanged(sent: Sent, memory: Memory, call: int, common: int) -> int:
    """Tokens that could have been read had the session's prompt only grown; 0 where that is not what happened.

    The call before is the last of the session that begins as this one does up to ``common``. Both go on after the part
    that differs, nothing goes on from the end of the one before, and it is kept on this deployment.
    """
    first, end = sent.offset[call], sent.offset[call + 1]
    before = memory.last_with[sent.own[common]] if common >= first else memory.last_of[sent.session[call]]
    if before < 0 or not sent.can_read[call] or memory.is_continued[before]:
        return 0
    parts, parts_before = end - first, sent.offset[before + 1] - sent.offset[before]
    changed = common + 1 - first
    is_here = sent.scope[before] == sent.scope[call] and memory.kept_until_s[before] >= sent.at_s[call]
    if not is_here or sent.ready_s[before] > sent.at_s[call] or changed >= min(parts, parts_before) - 1:
        return 0
    most = min(memory.kept_tokens[before], sent.size[end - 2], sent.whole[call])
    if parts <= parts_before:
        most = min(most, sent.size[sent.offset[before + 1] - 2])
    most = most // sent.step[call] * sent.step[call]
    return most if most >= sent.least[call] else 0


@part
def _note(sent: Sent, memory: Memory, call: int) -> None:
    """Remembers what one call sent, and what is kept of it."""
    first, end, at_s = sent.offset[call], sent.offset[call + 1], sent.at_s[call]
    read, long, short = first - 1, first - 1, end - 1
    if not sent.is_automatic[call]:
        read, long, short = (_kept_up_to(sent, call, sent.read[call]), _kept_up_to(sent, call, sent.until_1h[call]),
                             _kept_up_to(sent, call, sent.until[call]))  # fmt: skip
    elif sent.keeps_last[call]:
        read = _kept_up_to(sent, call, sent.read[call])
    for place in range(first, end):
        prefix, own = sent.prefix[place], sent.kept[place]
        memory.sent_s[prefix] = at_s
        memory.last_with[sent.own[place]] = call
        is_older = place < read and not sent.renews_all[call] and memory.here_until_s[own] > -np.inf
        is_within = sent.keeps_last[call] and place != read and place < end - 1
        if is_older or is_within or place > short or sent.size[place] < sent.least[call]:
            continue
        from_s = at_s if place <= read else sent.ready_s[call]
        for_s = sent.long_s[call] if read < place <= long else sent.short_s[call]
        if place <= read and memory.here_for_s[own] > 0.0:
            for_s = memory.here_for_s[own]
        is_here, is_anywhere = memory.here_until_s[own] >= at_s, memory.anywhere_until_s[prefix] >= at_s
        memory.here_from_s[own] = min(memory.here_from_s[own], from_s) if is_here else from_s
        memory.anywhere_from_s[prefix] = (
            min(memory.anywhere_from_s[prefix], from_s) if is_anywhere else from_s
        )
        memory.here_for_s[own] = for_s
        memory.here_until_s[own] = max(memory.here_until_s[own], at_s + for_s)
        memory.anywhere_until_s[prefix] = max(memory.anywhere_until_s[prefix], at_s + for_s)
        memory.kept_until_s[call] = at_s + for_s
    memory.kept_tokens[call] = sent.whole[call] if sent.is_automatic[call] else sent.until[call]
    memory.last_of[sent.session[call]] = call


@part
def _kept_up_to(sent: Sent, call: int, tokens: int) -> int:
    """The last prefix within so many tokens, by the record where one is near it."""
    first, end = sent.offset[call], sent.offset[call + 1]
    found = _nearest(sent, call, tokens)
    if found < first:
        for place in range(first, end):
            if sent.size[place] <= tokens:
                found = place
    return found
