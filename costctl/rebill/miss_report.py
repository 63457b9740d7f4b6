"""The causes of cache misses as documents: of all calls, of a class, of single calls.

In: the calls, and ``Misses`` of them. Out: ``CacheMisses`` and ``CallCache``. Nothing is decided here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final, Literal

import numpy as np

from costctl.arrays import Bools, Floats, Ints
from costctl.documents.cache_misses import (
    CAUSES,
    UNAVOIDABLE,
    CacheMisses,
    CallCache,
    CallMiss,
    ChangedAt,
    ClassMisses,
    Missed,
    MissedTokens,
)
from costctl.rebill.calls import BoughtCalls
from costctl.rebill.misses import Misses

_MOST_PLACES: Final = 5  # at which prompts change, of a class
_IS_AVOIDABLE: Final = np.array([cause not in UNAVOIDABLE for cause in CAUSES])


def cache_misses_of(calls: BoughtCalls, misses: Misses) -> CacheMisses | None:
    """All calls and each class; None where no call of a model with a cache has a prompt that is known."""
    if not misses.is_used.any():
        return None
    found = [
        ClassMisses(name, missed_of(calls, misses, own))
        for name in calls.classes
        if (misses.has_rule & (own := calls.of_class(name))).any()
    ]
    ordered = sorted(found, key=lambda each: (-(each.missed.avoidable_usd or 0.0), each.request_class))
    return CacheMisses(missed_of(calls, misses, np.ones(calls.size, np.bool_)), tuple(ordered))


def missed_of(calls: BoughtCalls, misses: Misses, own: Bools) -> Missed:
    """The calls that ``own`` names, together."""
    has_rule, is_used = own & misses.has_rule, own & misses.is_used
    tokens, usd = misses.tokens[is_used], misses.usd[is_used]
    causes = [
        _cause(place, tokens[:, place], usd[:, place])
        for place in range(len(CAUSES))
        if tokens[:, place].any()
    ]
    avoidable = [each for each in causes if each.cause not in UNAVOIDABLE]
    return Missed(
        calls=int(is_used.sum()),
        calls_without_prompt=int((has_rule & ~calls.prefixes.is_known).sum()),
        calls_without_usage=int((has_rule & calls.prefixes.is_known & ~is_used).sum()),
        input_tokens=int(misses.read[is_used].sum() + tokens.sum()),
        read_tokens=int(misses.read[is_used].sum()),
        causes=tuple(sorted(causes, key=_dearest_first)),
        avoidable_tokens=sum(each.tokens for each in avoidable),
        avoidable_usd=_sum_of_priced(
            np.array([np.nan if each.usd is None else each.usd for each in avoidable])
        ),
        unpriced_calls=int(np.isnan(usd[:, _IS_AVOIDABLE]).any(axis=1).sum()),
        changed_at=_places(calls, misses, is_used),
    )


def _cause(place: int, tokens: Ints, usd: Floats) -> MissedTokens:
    is_any = tokens > 0
    return MissedTokens(
        cause=CAUSES[place],
        calls=int(is_any.sum()),
        tokens=int(tokens.sum()),
        usd=_sum_of_priced(usd[is_any]),
        unpriced_calls=int(np.isnan(usd[is_any]).sum()),
    )


def _sum_of_priced(usd: Floats) -> float | None:
    """0 of no amounts, None where none of them is known."""
    if usd.size and np.isnan(usd).all():
        return None
    return float(np.nansum(usd))


def _dearest_first(each: MissedTokens) -> tuple[bool, bool, float, int]:
    return each.cause == "first_use", each.usd is None, -(each.usd or 0.0), -each.tokens


def _places(calls: BoughtCalls, misses: Misses, own: Bools) -> tuple[ChangedAt, ...]:
    """Where prompts change, the most frequent first."""
    changed = own & (misses.changed_at >= 0)
    pairs = np.column_stack([misses.changed_at, calls.prefixes.is_by_block])[changed]
    places, counts = np.unique(pairs, axis=0, return_counts=True)
    order = np.argsort(-counts, kind="stable")[:_MOST_PLACES]
    return tuple(ChangedAt(int(places[at, 0]), bool(places[at, 1]), int(counts[at])) for at in order)


def worst_calls(misses: Misses, own: Bools, most: int) -> Ints:
    """The calls of most avoidable money, of those that have any."""
    usd = np.nansum(np.where(_IS_AVOIDABLE, misses.usd, 0.0), axis=1) * own
    order = np.argsort(-usd, kind="stable")[:most]
    worst: Ints = order[usd[order] > 0]
    return worst


def call_caches(
    calls: BoughtCalls, misses: Misses, rows: Sequence[int], names: Callable[[int], tuple[str, str]]
) -> Iterator[CallCache]:
    """These calls, one by one. names: the ID of a call, and of its trace, by its row."""
    for row in rows:
        call_id, trace_id = names(row)
        unknown = _unknown(calls, misses, row)
        tokens, usd = misses.tokens[row], misses.usd[row]
        avoidable = np.where(_IS_AVOIDABLE, usd, 0.0).sum()
        since_s, part = misses.since_s[row], int(misses.changed_at[row])
        yield CallCache(
            call_id=call_id,
            trace_id=trace_id,
            unknown=unknown,
            input_tokens=int(misses.read[row] + tokens.sum()),
            read_tokens=int(misses.read[row]),
            causes=tuple(
                CallMiss(cause, int(tokens[place]), _known(usd[place]))
                for place, cause in enumerate(CAUSES)
                if tokens[place]
            ),
            avoidable_usd=None if unknown else _known(avoidable),
            since_s=_known(since_s),
            changed_at=None if part < 0 else ChangedAt(part, bool(calls.prefixes.is_by_block[row]), 1),
        )


def _unknown(
    calls: BoughtCalls, misses: Misses, row: int
) -> Literal["no_rule", "no_prompt", "no_usage"] | None:
    if misses.is_used[row]:
        return None
    if not misses.has_rule[row]:
        return "no_rule"
    return "no_usage" if calls.prefixes.is_known[row] else "no_prompt"


def _known(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
