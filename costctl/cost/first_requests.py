"""Which request shows a change first? Of what moved within the window, the first that started in the later time.

In: the changes, requests and the models that they called. Out: the changes, each mover with the trace of that request;
of what is gone, the first of the earlier time. None of a total, of what no value names, and of cuts by attributes.
"""

from __future__ import annotations

import polars as pl
from msgspec.structs import replace

from costctl.documents.spending import Change, Changes, Comparison
from costctl.instants import ns_from_iso


def with_first_requests(changes: Changes, requests: pl.DataFrame, calls: pl.DataFrame) -> Changes:
    """requests: request_id, trace_id, start_ns, tenant, request_class.  calls: request_id, model."""
    found = _Started(requests.sort("start_ns", "request_id"), calls, {})
    return replace(
        changes,
        halves=None if changes.halves is None else found.named(changes.halves),
        days=tuple(found.named(day) for day in changes.days),
    )


def has_movers(changes: Changes) -> bool:
    """Whether there is anything to look for."""
    halves = () if changes.halves is None else changes.halves.movers
    return bool(halves) or any(day.movers for day in changes.days)


class _Started:
    """Requests by what they are of, in the order of their start; each is looked up once."""

    def __init__(
        self,
        requests: pl.DataFrame,
        calls: pl.DataFrame,
        seen: dict[tuple[str, str | None], pl.DataFrame],
    ) -> None:
        self._requests, self._calls, self._seen = requests, calls, seen

    def named(self, compared: Comparison) -> Comparison:
        return replace(
            compared,
            movers=tuple(
                replace(mover, first_request=self._first(mover, compared)) for mover in compared.movers
            ),
        )

    def _first(self, mover: Change, compared: Comparison) -> str | None:
        if mover.kind != "value" or mover.of not in ("class", "tenant", "model"):
            return None
        is_gone = not mover.after.requests
        from_, to = (
            (compared.before_from, compared.before_to)
            if is_gone
            else (compared.after_from, compared.after_to)
        )
        own = self._of(mover.of, mover.value)
        place = own["start_ns"].search_sorted(ns_from_iso(from_))
        if place >= own.height or own["start_ns"][place] >= ns_from_iso(to):
            return None
        return str(own["trace_id"][place])

    def _of(self, of: str, value: str | None) -> pl.DataFrame:
        if (of, value) not in self._seen:
            self._seen[of, value] = self._chosen(of, value)
        return self._seen[of, value]

    def _chosen(self, of: str, value: str | None) -> pl.DataFrame:
        if of == "model":
            called = self._calls.filter(pl.col("model") == value).select("request_id").unique()
            return self._requests.join(called, on="request_id", how="semi", maintain_order="left")
        column = "request_class" if of == "class" else "tenant"
        return self._requests.filter(pl.col(column) == value)
