"""What was not read from prompt caches, and why: tables of the analysis and of an explanation, and screen lines."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from costctl.documents.cache_misses import (
    CacheCause,
    CacheMisses,
    CallCache,
    CallMiss,
    ChangedAt,
    Missed,
    MissedTokens,
)
from costctl.render.cells import NOT_PRICED, Quantity, Row, count, duration, tokens, usd
from costctl.render.numbers import plural
from costctl.render.sections import Notes, Section, Table, joined

CAUSE_WORDS: Final[dict[CacheCause, str]] = {
    "unexplained": "not explained (should be cached)",
    "sent_together": "sent before the first answered",
    "another_deployment": "cached on another deployment",
    "expired": "expired",
    "not_asked": "caching not asked for",
    "below_minimum": "below the minimum or step",
    "prefix_changed": "prefix changed",
    "first_use": "first use",
}
_UNKNOWN: Final = {
    "no_rule": "no cache known of this model, or input not billed",
    "no_prompt": "messages not observed",
    "no_usage": "tokens read not observed",
}
_MOST_CAUSES: Final = 3
_LAST_SENT: Final = "last sent"
_LEAD: Final = "Prompt-cache misses: input tokens not read from a cache, by cause"


def cache_miss_sections(found: CacheMisses) -> list[Section]:
    """All classes, cause by cause, and what the figures leave out."""
    rows: list[Row] = [row for each in found.classes for row in _cause_rows(each.request_class, each.missed)]
    if len(found.classes) > 1:
        rows.append(
            (
                "could have been read",
                "",
                count(None, ""),
                tokens(found.total.avoidable_tokens),
                _avoidable(found.total),
            )
        )
    columns = ("class", "cause", "calls", "tokens", "extra USD")
    table = Table(_LEAD, columns, tuple(rows), frozenset(columns[:2]))
    changed = [
        f"{each.request_class}: {_places(each.missed.changed_at)}."
        for each in found.classes
        if each.missed.changed_at
    ]
    return [
        table,
        *(
            [Notes("Where prefixes change, against the session's call before", tuple(changed))]
            if changed
            else []
        ),
        Notes("What these tokens say", (*_RULES, *_left_out(found.total))),
    ]


_RULES: Final = (
    "Extra USD: what the tokens were billed as, less a cache read of as many. What writing them to a cache would "
    "cost is not taken off.",
    "First use, and what is below the provider's minimum or step, could not have been read.",
)


def missed_sections(missed: Missed, calls: tuple[CallCache, ...]) -> list[Section]:
    """The causes of one class, and its calls of most money."""
    columns = ("cause", "calls", "tokens", "extra USD")
    rows = tuple(row[1:] for row in _cause_rows("", missed))
    parts: list[Section] = [Table(_LEAD, columns, rows, frozenset(columns[:1]))]
    if missed.changed_at:
        parts.append(Notes("Where prefixes change", (f"{_places(missed.changed_at)}.",)))
    if calls:
        parts.append(_worst(calls))
    return [*parts, Notes("What these tokens say", (*_RULES, *_left_out(missed)))]


def _worst(calls: tuple[CallCache, ...]) -> Table:
    columns = ("trace", "not read, and why", _LAST_SENT, "avoidable USD")
    rows: tuple[Row, ...] = tuple(
        (each.trace_id, said(each), _since(each), usd(each.avoidable_usd)) for each in calls
    )
    return _without_empty(Table("Calls whose misses cost most", columns, rows, frozenset(columns[:2])))


def _without_empty(table: Table) -> Table:
    """The table without the times of prompts of which nothing was sent before."""
    kept = [
        place
        for place, name in enumerate(table.columns)
        if name != _LAST_SENT or any(str(row[place]) for row in table.rows)
    ]
    return replace(
        table,
        columns=tuple(table.columns[place] for place in kept),
        rows=tuple(tuple(row[place] for place in kept) for row in table.rows),
    )


def call_table(caches: tuple[tuple[int, CallCache], ...]) -> Table:
    """The calls of one request, each with its number."""
    columns = ("#", "tokens in", "read", "not read, and why", _LAST_SENT, "avoidable USD")
    rows = tuple(
        (
            count(number),
            tokens(None if each.unknown else each.input_tokens),
            tokens(None if each.unknown else each.read_tokens),
            said(each),
            _since(each),
            usd(each.avoidable_usd, "" if each.unknown else NOT_PRICED),
        )
        for number, each in caches
    )
    title = "Prompt cache; last sent: how long before, of what it shares with an earlier call"
    return _without_empty(Table(title, columns, rows, frozenset({"#", "not read, and why"})))


def said(cache: CallCache) -> str:
    """What was not read of one call, and why."""
    if cache.unknown is not None:
        return _UNKNOWN[cache.unknown]
    return ", ".join(_said(each, cache.changed_at) for each in cache.causes) or "all read"


def _said(miss: CallMiss, changed_at: ChangedAt | None) -> str:
    where = f" {place(changed_at)}" if miss.cause == "prefix_changed" and changed_at is not None else ""
    return f"{tokens(miss.tokens)} {CAUSE_WORDS[miss.cause]}{where}"


def place(changed: ChangedAt) -> str:
    """Where a prompt changes, in words."""
    if changed.is_block:
        return f"at block {changed.part}"
    return f"at message {changed.part}" if changed.part else "in system prompt or tools"


def in_one_line(missed: Missed) -> str:
    """How much was read, and the largest causes of the rest with their money."""
    read = f"{tokens(missed.read_tokens)} of {tokens(missed.input_tokens)} input tokens read"
    parts = [f"{CAUSE_WORDS[each.cause]} {_usd(each)}" for each in missed.causes if each.cause != "first_use"]
    return f"{read}; misses: {joined(parts, _MOST_CAUSES)}" if parts else read


def _cause_rows(name: str, missed: Missed) -> list[Row]:
    return [
        (name if at == 0 else "", CAUSE_WORDS[each.cause], count(each.calls), tokens(each.tokens), _usd(each))
        for at, each in enumerate(missed.causes)
    ]


def _usd(each: MissedTokens) -> Quantity:
    return usd(each.usd).at_least(each.unpriced_calls)


def _avoidable(missed: Missed) -> Quantity:
    return usd(missed.avoidable_usd).at_least(missed.unpriced_calls)


def _places(changed: tuple[ChangedAt, ...]) -> str:
    return joined([f"{place(each)} ({plural(each.calls, 'call')})" for each in changed], len(changed), ", ")


def _left_out(missed: Missed) -> list[str]:
    lines = []
    if missed.calls_without_prompt:
        lines.append(
            f"{plural(missed.calls_without_prompt, 'call')} not observed: no messages were exported."
        )
    if missed.calls_without_usage:
        lines.append(
            f"{plural(missed.calls_without_usage, 'call')} not observed: how many tokens were read is not recorded."
        )
    return lines


def _since(cache: CallCache) -> Quantity:
    return duration(cache.since_s, "")
