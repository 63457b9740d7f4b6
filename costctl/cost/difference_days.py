"""On which days did something leave its range, and with which request did it begin?

In: the new side. Out: ``DayJump`` values: what ``spending`` says of each day against the day before, with its first
request.
"""

from __future__ import annotations

from typing import Final

from costctl.cost.difference_examples import first_request
from costctl.cost.spending import changes_of
from costctl.documents.difference import DayJump
from costctl.documents.spending import notable_days
from costctl.frames.compared import ComparedTime
from costctl.instants import ns_from_iso

_MOST_DAYS: Final = 5


def day_jumps(side: ComparedTime) -> tuple[DayJump, ...]:
    """The days on which most changed, the largest change first; none of a document."""
    if side.rows is None:
        return ()
    rows = side.rows
    return tuple(
        DayJump(
            from_=day.after_from,
            to=day.after_to,
            of=mover.of,
            kind=mover.kind,
            value=mover.value,
            before_usd=mover.before.usd or 0.0,
            after_usd=mover.after.usd or 0.0,
            change_usd=mover.change_usd,
            noise_usd=mover.noise_usd,
            first_request=first_request(
                rows, mover.of, mover.value, (ns_from_iso(day.after_from), ns_from_iso(day.after_to))
            )
            if mover.kind == "value"
            else None,
        )
        for day in notable_days(changes_of(rows.spending), _MOST_DAYS)
        for mover in day.movers
    )
