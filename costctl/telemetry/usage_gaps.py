"""What do records say of usage that nothing read, that contradicts itself, or whose operation nobody knows?

In: the relations unread_keys, usage_conflicts, odd_operations, stray_tokens and window_excess. Out: ``UsageGaps``, and
what they mean for the figures, in words. Keys and counts only: a value never leaves.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from costctl.documents.usage_gaps import OddOperation, UnreadKey, UsageConflict, UsageGaps, WindowExcess

RELATIONS: Final = ("unread_keys", "usage_conflicts", "odd_operations", "stray_tokens", "window_excess")
_MOST_NAMED: Final = 6


def usage_gaps(
    unread_keys: pl.DataFrame,
    usage_conflicts: pl.DataFrame,
    odd_operations: pl.DataFrame,
    stray_tokens: pl.DataFrame,
    window_excess: pl.DataFrame,
) -> UsageGaps:
    """The gaps, those that most calls stand on first."""
    return UsageGaps(
        unread=tuple(
            UnreadKey(*row) for row in unread_keys.select("key", "dialect", "records", "calls").iter_rows()
        ),
        conflicts=tuple(
            UsageConflict(*row) for row in usage_conflicts.select("keys", "dialect", "calls").iter_rows()
        ),
        operations=tuple(
            OddOperation(*row) for row in odd_operations.select("operation", "calls").iter_rows()
        ),
        windows=tuple(
            WindowExcess(*row)
            for row in window_excess.select(
                "provider", "model", "context_window", "calls", "largest_input_tokens", "is_of_model", "usd"
            ).iter_rows()
        ),
        stray_records=stray_tokens.height,
        stray_tokens=int(stray_tokens["input_tokens"].sum()) + int(stray_tokens["output_tokens"].sum()),
    )


def usage_notes(gaps: UsageGaps) -> tuple[str, ...]:
    """What the gaps do to the figures, one note a kind."""
    notes = []
    if gaps.unread:
        calls = sum(each.calls for each in gaps.unread)
        named = _named([f"{each.key} ({each.calls:,} calls)" for each in gaps.unread])
        notes.append(
            f"Unrecognized keys that look like usage or cost: {named}. Their {calls:,} values on calls are "
            "not counted; map the keys in a --dialect file, or in the --mapping of the log."
        )
    if gaps.conflicts:
        calls = sum(each.calls for each in gaps.conflicts)
        named = _named([f"{each.keys} ({each.calls:,} calls)" for each in gaps.conflicts])
        notes.append(
            f"Counts of {calls:,} calls contradict each other and are treated as not observed: {named}."
        )
    if gaps.operations:
        named = _named([f"{each.operation} ({each.calls:,})" for each in gaps.operations])
        notes.append(
            f"Unknown operations, counted as model calls because their records carry tokens: {named}."
        )
    if gaps.stray_records:
        notes.append(
            f"{gaps.stray_tokens:,} tokens of {gaps.stray_records:,} records are not priced: the records "
            "name no model, or report more than the calls below them add up to."
        )
    notes += [
        f"{each.calls:,} calls of {each.model} report up to {each.largest_input_tokens:,} input tokens, "
        f"more than {_window(each)}: the count is wrong, or sums several calls. They are priced as reported."
        for each in gaps.windows
    ]
    return tuple(notes)


def _window(excess: WindowExcess) -> str:
    whose = "its context window of" if excess.is_of_model else "the widest context window of the price book,"
    return f"{whose} {excess.context_window:,}"


def _named(names: list[str]) -> str:
    """The first of the names, and how many more there are."""
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return ", ".join(names[:_MOST_NAMED]) + more
