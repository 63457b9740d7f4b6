"""What came of advice: all tables for people (``recommend --review --detail``), and one flat CSV row each. Its first
screen is in ``review_screen``.
"""

from __future__ import annotations

from costctl.documents.estimate import Estimate
from costctl.documents.review import Review, ReviewedPromise
from costctl.render.cells import Cell, count, low_mid_high, ratio, usd, usd_interval
from costctl.render.numbers import period
from costctl.render.recommendation_words import changes
from costctl.render.review_screen import reasons
from costctl.render.review_words import UNKNOWN, outcome, past_line, savings
from costctl.render.sections import Notes, Section, Table
from costctl.render.spreadsheet import as_csv


def sections(document: Review) -> list[Section]:
    """What was promised and delivered, how far each change was made, and what each outcome rests on."""
    if not document.promises:
        return [_together(document)]
    why = Notes("What each rests on", reasons(document))
    return [_together(document), _savings(document), _taken(document), why]


def _together(document: Review) -> Notes:
    lines = []
    if document.since_from is not None and document.since_to is not None:
        lines.append(f"Calls of {period(document.since_from, document.since_to)}.")
    if document.together is not None:
        lines.append(f"Delivered together: {usd_interval(document.together.delivered_usd)} in that time.")
    if document.past is not None:
        lines.append(f"Past advice: {past_line(document.past)}.")
    if not document.promises:
        lines.append("No advice is kept in this store.")
    return Notes("Delivered", tuple(lines or ["No call has started since the advice."]))


def _savings(document: Review) -> Table:
    over = "a week" if document.is_weekly_given else "over the time since"
    rows = tuple(
        (each.promise.id, changes(each.promise.change), *_cells(each, document), outcome(each))
        for each in document.promises
    )
    columns = ("advice", "change", "promised for this traffic", "delivered", "outcome")
    return Table(
        f"Promised and delivered: USD {over}", columns, rows, frozenset({"advice", "change", "outcome"})
    )


def _cells(each: ReviewedPromise, document: Review) -> tuple[Cell, ...]:
    return tuple(usd_interval(told, UNKNOWN) for told in savings(each, is_weekly=document.is_weekly_given))


def _taken(document: Review) -> Table:
    rows = tuple(
        (
            each.promise.id,
            period(each.promise.window_from, each.promise.window_to),
            usd(each.promise.promised_usd.mid),
            count(each.calls),
            ratio(each.traffic_ratio),
            ratio(each.taken_ratio),
            ratio(each.old_rule_error_ratio),
        )
        for each in document.promises
    )
    columns = (
        "advice",
        "advised on",
        "promised",
        "calls since",
        "of the traffic",
        "show it",
        "old bill off by",
    )
    return Table("How far each change was made", columns, rows, frozenset({"advice", "advised on"}))


_SAVINGS = ("promised_usd", "promised_usd_per_week", "delivered_usd", "delivered_usd_per_week")
_CSV_COLUMNS = (
    "id", "kind", "request_class", "pool", "advised_as", "outcome",
    *(f"{name}{bound}" for name in _SAVINGS for bound in ("_low", "", "_high")),
    "window_from", "window_to", "since_from", "since_to", "calls", "sessions", "traffic_ratio", "taken_ratio",
    "lately_ratio", "old_rule_error_ratio", "unknown_calls", "made", "advised_usd", "change", "reason",
)  # fmt: skip


def csv_text(document: Review) -> str:
    """One row per promise."""
    return as_csv(_CSV_COLUMNS, [_csv_row(each) for each in document.promises])


def _csv_row(each: ReviewedPromise) -> list[object]:
    promise = each.promise
    estimates: list[Estimate | None] = [getattr(each, name) for name in _SAVINGS]
    return [
        promise.id, promise.kind, promise.request_class, promise.pool, promise.advised_as, each.outcome,
        *(bound for told in estimates for bound in low_mid_high(told)),
        promise.window_from, promise.window_to, each.since_from, each.since_to, each.calls, each.sessions,
        each.traffic_ratio, each.taken_ratio, each.lately_ratio, each.old_rule_error_ratio, each.unknown_calls,
        each.made, None if each.advised_usd is None else each.advised_usd.mid, changes(promise.change) or None,
        each.reason,
    ]  # fmt: skip
