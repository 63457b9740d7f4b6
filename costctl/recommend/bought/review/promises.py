"""What does a recommendation promise, and which promises still stand?

In: a recommendations document; promises that were kept. Out: promises; of each the time over which it is held to what
calls cost. Advice that is given again is held to its first promise: that has the longest time since. Advice of the same
name that says something else ends the time of the one before.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby

from costctl.documents.recommendations import Recommendation, Recommendations
from costctl.documents.review import Promise
from costctl.instants import ns_from_iso


@dataclass(frozen=True, slots=True)
class Standing:
    """A promise, and when the calls start that it is held to: ns UTC, until_ns exclusive; None for up to now."""

    promise: Promise
    from_ns: int
    until_ns: int | None


def promises_in(document: Recommendations, made: str, document_sha256: str) -> tuple[Promise, ...]:
    """What it promises in USD, of candidates too. made: RFC 3339."""
    baseline = document.baseline
    return tuple(
        Promise(
            id=each.id,
            kind=each.kind,
            request_class=each.request_class,
            pool=each.pool,
            advised_as="recommended" if each.status == "recommended" else "candidate",
            change=each.change,
            promised_usd=each.cash_usd,
            window_from=baseline.window_from,
            window_to=baseline.window_to,
            calls=each.calls,
            reversal=each.reversal,
            made=made,
            document_sha256=document_sha256,
        )
        for each in document.recommendations
        if _promises(each) and each.cash_usd is not None
    )


def _promises(advice: Recommendation) -> bool:
    return advice.status != "withheld" and bool(advice.change)


def standing(promises: Iterable[Promise]) -> tuple[Standing, ...]:
    """Those that are held to what came after, by id, the earliest first."""
    ordered = sorted(promises, key=lambda each: (each.id, ns_from_iso(each.window_to), each.made))
    return tuple(
        found
        for _, members in groupby(ordered, key=lambda each: each.id)
        for found in _of_one(tuple(members))
    )


def _of_one(promises: tuple[Promise, ...]) -> Iterator[Standing]:
    """promises: of one id, by the end of their windows, then by when they were made: of windows that end at once, what
    was said last stands.
    """
    last = {ns_from_iso(each.window_to): each for each in promises}
    different = [
        (end_ns, each)
        for (end_ns, each), before in zip(last.items(), (None, *last.values()), strict=False)
        if before is None or _advised(each) != _advised(before)
    ]
    ends_ns = [end_ns for end_ns, _ in different]
    for (from_ns, each), until_ns in zip(different, [*ends_ns[1:], None], strict=True):
        yield Standing(each, from_ns, until_ns)


def _advised(promise: Promise) -> list[tuple[str, object]]:
    return [(each.key, each.to) for each in promise.change]
