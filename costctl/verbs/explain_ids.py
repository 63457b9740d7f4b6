"""Which request, or which class, does an ID mean?

In: an engine and what a person typed. Out: keys of requests, or the name of a class. What was typed reaches the engine
as a parameter only.
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from costctl.engine.protocol import Engine
from costctl.errors import InputError, UsageError

SHORTEST_PREFIX: Final = 6
_MOST_NAMED: Final = 5
_NEXT_STEP: Final = (
    "`costctl sql 'SELECT trace_id, route, duration_s FROM requests ORDER BY duration_s DESC LIMIT 9'` finds requests, "
    "`costctl segment` names the classes, and `costctl recommend --show ID` explains a recommendation."
)


@dataclass(frozen=True, slots=True)
class Meant:
    """What an ID means: a class, a rule, or keys of requests, those that were asked for first. others: of the same
    trace.
    """

    request_class: str | None = None
    request_ids: tuple[Any, ...] = ()
    others: tuple[Any, ...] = ()
    rule: str | None = None


def entries_of(engine: Engine, request_ids: Sequence[Any]) -> dict[Any, str]:
    """TRACE_ID:SPAN_ID of the entry of each request."""
    rows = engine.fetch_where("span_ids", "request_id", request_ids)
    return {
        row["request_id"]: f"{row['trace_id']}:{row['span_id']}"
        for row in rows.iter_rows(named=True)
        if row["is_first"]
    }


def meant_by(engine: Engine, asked: str, most: int) -> Meant:
    """What ``asked`` means. most: requests of one trace up to which all are meant, and not the first alone.

    Raises UsageError for a prefix that is too short or fits several traces, InputError where nothing fits.
    """
    classes = _classes(engine)
    if asked in classes:
        return Meant(request_class=asked)
    if asked in _rules(engine):
        return Meant(rule=asked)
    for text in dict.fromkeys((asked, asked.lower())):
        if found := _of_trace(engine, text):
            return Meant(request_ids=found) if len(found) <= most else Meant(None, found[:1], found[1:])
    traces = _traces_from(engine, asked.lower()) or _traces_from(engine, asked)
    one = _of_span(engine, asked.lower()) or ([] if traces else _of_key(engine, asked))
    if one:
        return Meant(request_ids=(one[0],), others=_beside(engine, one[0]))
    if traces and len(asked) < SHORTEST_PREFIX:
        raise _too_short(asked)
    if len(traces) == 1:
        return meant_by(engine, traces[0], most)
    if traces:
        raise _ambiguous(asked, traces)
    raise _unknown(engine, asked, classes)


def _classes(engine: Engine) -> list[str]:
    rows = engine.query(
        "SELECT request_class FROM request_class UNION SELECT request_class FROM class_rules "
        "WHERE request_class IS NOT NULL ORDER BY request_class"
    )
    return rows["request_class"].to_list()


def _rules(engine: Engine) -> list[str]:
    rules: list[str] = engine.query("SELECT DISTINCT rule FROM class_rules")["rule"].to_list()
    return rules


def _of_trace(engine: Engine, trace_id: str) -> tuple[Any, ...]:
    """Requests with a span of the trace, the earliest first."""
    rows = engine.query(
        "SELECT requests.request_id FROM requests WHERE requests.request_id IN "
        "(SELECT span_ids.request_id FROM span_ids WHERE span_ids.trace_id = ?) "
        "ORDER BY requests.start_ns NULLS LAST, requests.request_id",
        [trace_id],
    )
    return tuple(rows["request_id"].to_list())


def _of_span(engine: Engine, asked: str) -> list[Any]:
    """The request of the span that TRACE_ID:SPAN_ID names."""
    trace_id, _, span_id = asked.rpartition(":")
    rows = engine.query(
        "SELECT request_id FROM span_ids WHERE trace_id = ? AND span_id = ?", [trace_id, span_id]
    )
    return rows["request_id"].to_list()


def _of_key(engine: Engine, asked: str) -> list[Any]:
    """The request that the relations know by this key."""
    rows = engine.query("SELECT request_id FROM requests WHERE CAST(request_id AS VARCHAR) = ?", [asked])
    return rows["request_id"].to_list()


def _beside(engine: Engine, request_id: Any) -> tuple[Any, ...]:
    """The other requests of the request's trace."""
    trace_id = engine.fetch_where("requests", "request_id", [request_id])["trace_id"][0]
    return tuple(each for each in _of_trace(engine, trace_id) if each != request_id)


def _traces_from(engine: Engine, prefix: str) -> list[str]:
    rows = engine.query(
        "SELECT DISTINCT trace_id FROM span_ids WHERE STARTS_WITH(trace_id, ?) ORDER BY trace_id LIMIT ?",
        [prefix, _MOST_NAMED + 1],
    )
    return rows["trace_id"].to_list()


def _too_short(asked: str) -> UsageError:
    return UsageError(
        f"{asked} is too short for a trace id.",
        why=f"A prefix needs at least {SHORTEST_PREFIX} digits.",
        next_step="Give more of the trace id. For a request_id of the relations, select the trace_id first: "
        f"`costctl sql 'SELECT trace_id FROM requests WHERE request_id = {asked}'`."
        if asked.isdigit()
        else "Give more of the trace id.",
    )


def _ambiguous(asked: str, traces: list[str]) -> UsageError:
    more = " and others" if len(traces) > _MOST_NAMED else ""
    return UsageError(
        f"{asked} is ambiguous: several trace ids begin with it.",
        why=f"It matches {', '.join(traces[:_MOST_NAMED])}{more}.",
        next_step="Give more of the trace id.",
    )


def _unknown(engine: Engine, asked: str, classes: list[str]) -> InputError:
    stored = engine.query(
        "SELECT COUNT(*) AS spans FROM spans WHERE STARTS_WITH(trace_id, ?)", [asked.lower()]
    )
    if len(asked) >= SHORTEST_PREFIX and stored["spans"][0]:
        return InputError(
            f"The trace {asked} is outside the window.",
            why="It is in the store, but none of its requests started between --since and --until.",
            next_step="Widen --since and --until, or leave them out.",
        )
    near = engine.query(
        "(SELECT trace_id FROM requests WHERE trace_id >= ? ORDER BY trace_id LIMIT 2) UNION "
        "(SELECT trace_id FROM requests WHERE trace_id < ? ORDER BY trace_id DESC LIMIT 1) ORDER BY trace_id",
        [asked.lower(), asked.lower()],
    )["trace_id"].to_list()
    alike = difflib.get_close_matches(asked, classes, n=1)
    hints = [f"did you mean the class {alike[0]}?"] if alike else []
    hints += [f"the trace ids next to it are {', '.join(near)}"] if near and not alike else []
    return InputError(
        f"No request, class or rule is named {asked}.",
        why="An ID is a trace id or the beginning of one, TRACE_ID:SPAN_ID, or the name of a class or a rule"
        + "".join(f"; {hint}" for hint in hints)
        + ("" if alike else "."),
        next_step=_NEXT_STEP,
    )
