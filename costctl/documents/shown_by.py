"""Which recorded requests show what a piece of advice is about? From a figure down to rows."""

from __future__ import annotations

import msgspec


class ShownBy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One request. request_id: TRACE_ID:SPAN_ID of its entry, as ``costctl explain`` takes it.  calls: of it that the
    advice is about.  busy_s: the replica time that these answer for, null where it was not timed, and of what is
    bought.  usd: what they cost, of what is bought; null where a charge has no amount, and of pools.
    """

    request_id: str
    calls: int
    busy_s: float | None
    usd: float | None
