"""What of usage was not read, not believed or not known, as tables."""

from __future__ import annotations

from typing import Final

from costctl.documents.usage_gaps import UsageGaps
from costctl.render.numbers import count
from costctl.render.tables import Section, Table

_MOST_ROWS: Final = 12


def usage_sections(gaps: UsageGaps) -> list[Section]:
    """A table for each kind that there is."""
    tables: tuple[tuple[str, tuple[str, ...], list[tuple[str, ...]]], ...] = (
        (
            "Looks like usage or cost, and nothing reads it",
            ("key", "dialect", "records", "model calls"),
            [(each.key, each.dialect, count(each.records), count(each.calls)) for each in gaps.unread],
        ),
        (
            "Counts that contradict each other, taken as not observed",
            ("keys", "dialect", "model calls"),
            [(each.keys, each.dialect, count(each.calls)) for each in gaps.conflicts],
        ),
        (
            "Unknown operations, counted as model calls by their tokens",
            ("operation", "model calls"),
            [(each.operation, count(each.calls)) for each in gaps.operations],
        ),
        (
            "More input than the model can read at once, priced as reported",
            ("model", "context window", "largest input", "model calls"),
            [
                (each.model, count(each.context_window), count(each.largest_input_tokens), count(each.calls))
                for each in gaps.windows
            ],
        ),
    )
    return [
        Table(_titled(title, len(rows)), columns, tuple(rows[:_MOST_ROWS]), _TEXTS & set(columns))
        for title, columns, rows in tables
        if rows
    ]


def _titled(title: str, rows: int) -> str:
    return f"{title}, {_MOST_ROWS} of {rows}" if rows > _MOST_ROWS else title


_TEXTS: Final = frozenset({"key", "keys", "dialect", "operation", "model"})
