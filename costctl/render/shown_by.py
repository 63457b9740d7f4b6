"""The requests behind a piece of advice, each with the command that opens it."""

from __future__ import annotations

from shlex import quote
from typing import Final

from costctl.documents.recommendations import Recommendation
from costctl.render.cells import Row, count, seconds, usd
from costctl.render.sections import Section, Table

_REQUEST: Final = "request"


def requests_behind(advice: Recommendation) -> list[Section]:
    """The table; none where no request shows it."""
    if not advice.shown_by:
        return []
    is_bought = any(each.usd is not None for each in advice.shown_by)
    rows: tuple[Row, ...] = tuple(
        (
            f"costctl explain {quote(each.request_id)}",
            count(each.calls),
            usd(each.usd) if is_bought else seconds(each.busy_s),
        )
        for each in advice.shown_by
    )
    columns = (_REQUEST, "calls", "cost" if is_bought else "replica time")
    return [Table(f"Requests behind {advice.id}", columns, rows, frozenset({_REQUEST}))]
