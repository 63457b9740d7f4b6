"""Replicas by the hour: what is needed, what is advised, and the load that it rests on."""

from __future__ import annotations

from typing import Final

from costctl.documents.recommendations import Recommendation
from costctl.render.cells import Row, count, number
from costctl.render.sections import Table, first

_MOST_HOURS: Final = 24
_COLUMNS: Final = ("hour (UTC)", "calls/hour", "busy replicas", "needed", "advised")


def hours_table(advice: Recommendation, *, is_whole: bool) -> list[Table]:
    """The hours of advice on capacity, those of a day unless all are asked for; none of other advice."""
    if advice.capacity is None or not advice.capacity.hours:
        return []
    hours = advice.capacity.hours
    shown, hidden = first(hours, len(hours) if is_whole else _MOST_HOURS)
    rows: list[Row] = [
        (
            each.hour,
            count(each.calls),
            number(each.busy_replicas),
            count(each.needed, "as constant"),
            count(each.replicas),
        )
        for each in shown
    ]
    if hidden:
        rows.append((f"{hidden} more: --detail", "", "", "", ""))
    return [Table(_COLUMNS[0], _COLUMNS, tuple(rows), frozenset({_COLUMNS[0]}), is_compact=True)]


def replicas_in_words(advice: Recommendation) -> str | None:
    """Of a schedule, such as: 2 to 4 replicas by the hour; None of other advice."""
    if advice.capacity is None or all(each.lever != "pool.schedule" for each in advice.change):
        return None
    replicas = [each.replicas for each in advice.capacity.hours]
    return f"{min(replicas)} to {max(replicas)} replicas by the hour"
