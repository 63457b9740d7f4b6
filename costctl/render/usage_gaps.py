"""What of usage was not read, not believed or not known, as tables."""

from __future__ import annotations

from typing import Final

from costctl.documents.usage_gaps import UsageGaps
from costctl.render.cells import Cell, count, usd
from costctl.render.sections import Section, Table, first

_MOST_ROWS: Final = 12


def usage_sections(gaps: UsageGaps) -> list[Section]:
    """A table for each kind that there is."""
    tables: tuple[tuple[str, tuple[str, ...], list[tuple[Cell, ...]]], ...] = (
        (
            "Keys that look like usage or cost and are not read",
            ("key", "dialect", "records", "model calls"),
            [(each.key, each.dialect, count(each.records), count(each.calls)) for each in gaps.unread],
        ),
        (
            "Contradicting counts, treated as not observed",
            ("keys", "dialect", "model calls"),
            [(each.keys, each.dialect, count(each.calls)) for each in gaps.conflicts],
        ),
        (
            "Unknown operations, counted as model calls by their tokens",
            ("operation", "model calls"),
            [(each.operation, count(each.calls)) for each in gaps.operations],
        ),
        (
            "Input above the model's context window, priced as reported",
            ("model", "context window", "largest input", "model calls", "cost"),
            [
                (
                    each.model,
                    count(each.context_window)
                    if each.is_of_model
                    else f"widest: {count(each.context_window)}",
                    count(each.largest_input_tokens),
                    count(each.calls),
                    usd(each.usd),
                )
                for each in gaps.windows
            ],
        ),
    )
    return [
        Table(_titled(title, len(rows)), columns, tuple(first(rows, _MOST_ROWS)[0]), _TEXTS)
        for title, columns, rows in tables
        if rows
    ]


def _titled(title: str, rows: int) -> str:
    return f"{title}, {_MOST_ROWS} of {rows}" if rows > _MOST_ROWS else title


_TEXTS: Final = frozenset({"key", "keys", "dialect", "operation", "model"})
