"""Why prompts were not read from caches, the slow way: dictionaries, and every earlier call asked one by one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

NEAR = 0.2


@dataclass(frozen=True)
class SlowPrompt:
    """prefixes: name and tokens of each, shortest first.  read, long, short, fresh: tokens that were read, written for
    the longer and for the shorter time, and neither.  ready_s: since when what it wrote can be read.
    """

    at_s: float
    ready_s: float
    model: int
    place: int
    session: int
    prefixes: tuple[tuple[str, int], ...]
    read: int
    long: int
    short: int
    fresh: int
    is_automatic: bool = False
    keeps_last: bool = False  # of what is automatic: an entry for the end of the whole prompt alone
    is_by_block: bool = False
    least: int = 0
    step: int = 1
    short_s: float = 300.0
    long_s: float = 3600.0

    @property
    def kept(self) -> int:
        return self.read + self.long + self.short

    @property
    def whole(self) -> int:
        return self.kept + self.fresh


@dataclass
class Life:
    """One prefix in one cache: until when it is kept, how long after each use, and from when on it can be read."""

    until_s: float
    for_s: float
    from_s: float


def near(call: SlowPrompt, tokens: int) -> int:
    """The place of the prefix that ends about there; −1 where none does."""
    half = (call.step - 1) // 2
    if tokens <= half:
        return -1
    off, place = min((abs(size - tokens), -place) for place, (_, size) in enumerate(call.prefixes))
    size = call.prefixes[-place][1]
    return -place if off <= max(NEAR * size, call.step) else -1


def within(call: SlowPrompt, tokens: int) -> int:
    """The last prefix that is kept where so many tokens are."""
    found = near(call, tokens)
    fitting = [place for place, (_, size) in enumerate(call.prefixes) if size <= tokens]
    return found if found >= 0 else max(fitting, default=-1)


class SlowCaches:
    """All that was sent, what is kept where, and what a cache would hold that all places shared (place −1)."""

    def __init__(self) -> None:
        self.sent: list[SlowPrompt] = []
        self.lives: dict[tuple[int, int, str], Life] = {}
        self.for_s: dict[int, float] = {}  # of a call, by its id: for how long the last of it is kept

    def longest(self, call: SlowPrompt, holds: Callable[[str, int], bool]) -> int:
        places = [place for place, (name, size) in enumerate(call.prefixes) if holds(name, size)]
        return max(places, default=-1)

    def causes(self, call: SlowPrompt, later: Sequence[SlowPrompt]) -> dict[str, int]:
        """Tokens by cause. later: the calls after this one and those before, all of them."""
        can_read = call.is_automatic or call.kept > 0
        alike = [each for each in self.sent if each.model == call.model]

        def last_sent(name: str) -> float:
            return max((each.at_s for each in alike if name in dict(each.prefixes)), default=float("-inf"))

        def is_kept(name: str, place: int, *, is_ready: bool) -> bool:
            life = self.lives.get((call.model, place, name))
            if life is None or life.until_s < call.at_s:
                return False
            return life.from_s <= call.at_s or not is_ready

        here = self.longest(call, lambda name, _: is_kept(name, call.place, is_ready=True))
        begun = self.longest(call, lambda name, _: is_kept(name, call.place, is_ready=False))
        anywhere = self.longest(call, lambda name, _: is_kept(name, -1, is_ready=True))
        kept = self.longest(call, lambda name, _: (call.model, -1, name) in self.lives)
        lately = self.longest(
            call, lambda name, size: last_sent(name) >= call.at_s - call.long_s and size >= call.least
        )
        ever = self.longest(call, lambda name, _: last_sent(name) > float("-inf"))
        nearest = near(call, call.read + (call.step - 1) // 2)

        def up_to(place: int, least: int) -> int:
            if place < 0 or place <= nearest:
                return least
            return max(least, min(call.prefixes[place][1] // call.step * call.step, call.whole))

        ends = [("start", call.read)]

        def add(cause: str, end: int) -> None:
            ends.append((cause, max(ends[-1][1], end)))

        for cause, place in (
            ("unexplained", here),
            ("sent_together", begun),
            ("another_deployment", anywhere),
            ("expired", kept),
        ):
            add(cause, up_to(place if can_read else -1, ends[-1][1]))
        if not call.is_automatic or call.keeps_last:
            add("not_asked", up_to(lately, ends[-1][1]))
            if ever >= 0 and call.prefixes[ever][1] >= call.least:
                add("expired", up_to(ever, ends[-1][1]))
        if ever >= 0:
            most = call.read + call.step - 1 if ever <= nearest else call.whole
            add("below_minimum", min(call.prefixes[ever][1], most, call.whole))
        add("prefix_changed", self.unchanged(call, later) if can_read else 0)
        add("first_use", call.whole)
        found: dict[str, int] = {}
        for (_, start), (cause, end) in pairwise(ends):
            if end > start:
                found[cause] = found.get(cause, 0) + end - start
        return found

    def unchanged(self, call: SlowPrompt, everyone: Sequence[SlowPrompt]) -> int:
        names = [name for name, _ in call.prefixes]
        session = [each for each in self.sent if (each.model, each.session) == (call.model, call.session)]
        common = max(
            (names.index(name) for each in session for name, _ in each.prefixes if name in names), default=-1
        )
        sharing = [each for each in session if common < 0 or names[common] in dict(each.prefixes)]
        if not sharing:
            return 0
        before = sharing[-1]
        last = before.prefixes[-1][0]
        position = next(place for place, each in enumerate(everyone) if each is before)
        for each in everyone[position + 1 :]:
            if (each.model, each.session) != (call.model, call.session):
                continue
            theirs = [name for name, _ in each.prefixes]
            if last == theirs[-1] and each.whole <= before.whole:
                break  # the prompt once more: what goes on from its end goes on from this one
            if last in theirs:
                return 0
            if last == theirs[-1]:
                break
        is_kept = before.is_automatic or before.kept > 0
        ttl_s = self.for_s.get(id(before), float("-inf"))
        if (
            not is_kept
            or before.place != call.place
            or before.at_s + ttl_s < call.at_s
            or before.ready_s > call.at_s
        ):
            return 0
        if common + 1 >= min(len(call.prefixes), len(before.prefixes)) - 1:
            return 0
        most = min(before.whole if before.is_automatic else before.kept, call.prefixes[-2][1], call.whole)
        if len(call.prefixes) <= len(before.prefixes):
            most = min(most, before.prefixes[-2][1])
        most = most // call.step * call.step
        return most if most >= call.least else 0

    def note(self, call: SlowPrompt) -> None:
        """What is kept after the call."""
        self.sent.append(call)
        last = len(call.prefixes) - 1
        on_its_own = (within(call, call.read) if call.keeps_last else -1, -1, last)
        read, long, short = (
            on_its_own
            if call.is_automatic
            else (within(call, call.read), within(call, call.read + call.long), within(call, call.kept))
        )
        for place, (name, size) in enumerate(call.prefixes):
            if place > short or size < call.least:
                continue
            key = (call.model, call.place, name)
            life = self.lives.get(key)
            if call.keeps_last and place not in (read, last):
                continue
            if life is not None and place < read and not (call.is_automatic or call.is_by_block):
                continue
            for_s = call.long_s if read < place <= long else call.short_s
            if place <= read and life is not None:
                for_s = life.for_s
            from_s = call.at_s if place <= read else call.ready_s
            for cache in (call.place, -1):
                self.keep(call, cache, name, for_s, from_s)
            self.for_s[id(call)] = for_s

    def keep(self, call: SlowPrompt, place: int, name: str, for_s: float, from_s: float) -> None:
        key = (call.model, place, name)
        before = self.lives.get(key)
        until_s = call.at_s + for_s
        if before is not None and before.until_s >= call.at_s:
            from_s = min(from_s, before.from_s)
        if before is not None:
            until_s = max(until_s, before.until_s)
        self.lives[key] = Life(until_s, for_s, from_s)


def slow_misses(calls: Sequence[SlowPrompt]) -> list[dict[str, int]]:
    """Tokens of each call that were not read, by cause; the calls in order of time."""
    caches = SlowCaches()
    found = []
    for call in calls:
        found.append(caches.causes(call, calls))
        caches.note(call)
    return found
