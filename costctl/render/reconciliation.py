"""A reconciliation: all of it as tables (``--detail``), and as CSV. The first screen is in
``reconciliation_screen``.
"""

from __future__ import annotations

from typing import Final

from costctl.documents.reconciliation import BillPart, Difference, Reconciliation
from costctl.render.cells import NOT_OBSERVED, Cell, count, usd
from costctl.render.numbers import period
from costctl.render.reconciliation_screen import CAUSES, headline, name, said, signed, verdict, written
from costctl.render.sections import Facts, Notes, Section, Table, shortened_path
from costctl.render.spreadsheet import as_csv

_NO_AMOUNT: Final = "no amount"
_NOT_SAID: Final = "not said"
_CSV_COLUMNS: Final = (
    "row", "provider", "cause", "reason", "subject", "model", "kind", "difference_usd", "billed_usd", "traced_usd",
    "ratio", "shift_hours", "moved_usd", "from", "said", "to_do", "also", "config",
)  # fmt: skip


def sections(document: Reconciliation) -> list[Section]:
    """Causes, differences, rates to take over, providers, days, models and kinds, keys, files."""
    return [
        Facts((("", headline(document)), ("", verdict(document)))),
        _causes(document),
        *([_differences(document)] if document.differences else []),
        *_rates(document),
        _providers(document),
        _days(document),
        _kinds(document),
        *([_keys(document)] if document.keys else []),
        _files(document),
        *([Notes("Not compared", _not_compared(document))] if _not_compared(document) else []),
        *([Notes("Notes", document.notes)] if document.notes else []),
    ]


def _causes(document: Reconciliation) -> Table:
    rows: list[tuple[Cell, ...]] = [
        (CAUSES[part.cause], signed(part.usd, document)) for part in document.parts
    ]
    rows.append(("billed - traced", signed(document.difference_usd, document)))
    return Table(
        "Why the bill and the traces differ, in USD", ("cause", "USD"), tuple(rows), frozenset({"cause"})
    )


def _differences(document: Reconciliation) -> Table:
    rows = tuple(
        (name(each.provider), CAUSES[each.cause], signed(each.usd, document), said(each), each.to_do)
        for each in document.differences
    )
    columns = ("provider", "cause", "USD", "what the data show", "what to do")
    return Table(
        "Every difference",
        columns,
        rows,
        frozenset({"provider", "cause", "what the data show", "what to do"}),
    )


def _rates(document: Reconciliation) -> list[Section]:
    """Lines of config, each once."""
    offered: dict[str, str] = {}
    for each in document.differences:
        if each.config is not None:
            offered.setdefault(each.config, each.said)
    return [
        Notes("Rates for costctl.toml, in place of those it has of these models", (because,), code=lines)
        for lines, because in offered.items()
    ]


def _providers(document: Reconciliation) -> Table:
    columns = ("provider", "days", "billed", "of it at our prices", "traced", "billed - traced")
    rows = tuple(
        (
            name(each.provider),
            period(each.from_, each.to),
            written(each.billed_usd, document),
            written(each.valued_usd, document),
            written(each.traced_usd, document).at_least(each.unpriced_charges),
            signed(each.difference_usd, document),
        )
        for each in document.providers
    )
    return Table("Providers, in USD", columns, rows, frozenset({"provider", "days"}))


def _days(document: Reconciliation) -> Table:
    columns = ("provider", "day of the bill", "billed", "traced, UTC", "billed - traced")
    rows = tuple(
        (
            name(each.provider),
            period(each.from_, each.to),
            written(each.billed_usd, document, _NO_AMOUNT),
            written(each.traced_usd, document).at_least(each.unpriced_charges),
            _NO_AMOUNT if each.difference_usd is None else signed(each.difference_usd, document),
        )
        for each in document.days
    )
    return Table("Days, in USD", columns, rows, frozenset({"provider", "day of the bill"}))


def _kinds(document: Reconciliation) -> Table:
    columns = ("provider", "model", "kind", "billed", "traced", "billed USD", "traced USD")
    rows = tuple(
        (
            name(each.provider),
            name(each.model),
            each.kind.replace("_", " "),
            count(each.billed_quantity, _NOT_SAID),
            count(each.traced_quantity),
            usd(each.billed_usd, _NO_AMOUNT),
            usd(each.traced_usd).at_least(each.unpriced_charges),
        )
        for each in document.kinds
    )
    return Table("Models and kinds of token", columns, rows, frozenset(columns[:3]))


def _keys(document: Reconciliation) -> Table:
    columns = ("provider", "key or project", "billed USD", "billed tokens", "traced USD", "traced tokens")
    rows = tuple(
        (
            name(each.provider),
            name(each.key),
            usd(each.billed_usd, _NO_AMOUNT),
            count(each.billed_tokens, _NOT_SAID),
            usd(each.traced_usd, NOT_OBSERVED).at_least(each.unpriced_charges),
            count(each.traced_tokens, NOT_OBSERVED),
        )
        for each in document.keys
    )
    return Table("Keys and projects of the bill", columns, rows, frozenset(columns[:2]))


def _files(document: Reconciliation) -> Table:
    columns = ("file", "format", "days", "lines", "not counted", "not read", "USD")
    rows: list[tuple[Cell, ...]] = []
    for file in document.files:
        path = name(shortened_path(file.uri))
        if file.copy_of is not None:
            rows.append(
                (path, f"the same as {name(shortened_path(file.copy_of))}", *("" for _ in columns[2:]))
            )
        rows.extend((path, *_part(part)) for part in file.parts)
    return Table("Files", columns, tuple(rows), frozenset(columns[:3]))


def _part(part: BillPart) -> tuple[Cell, ...]:
    return (
        part.format.replace("_", " "),
        "" if part.from_ is None or part.to is None else period(part.from_, part.to),
        count(part.rows),
        count(part.uncounted_rows),
        count(part.unread_rows),
        usd(part.usd, _NO_AMOUNT),
    )


def _not_compared(document: Reconciliation) -> tuple[str, ...]:
    outside = (
        f"{usd(each.outside_usd)} of {name(each.provider)} is traced before and after the days of the bill"
        for each in document.providers
        if each.outside_usd
    )
    unbilled = (
        f"{usd(each.traced_usd)} of {name(each.provider)} is traced, and no bill of it was given"
        for each in document.not_billed_providers
    )
    others = (
        f"{count(part.left_out_rows)} lines of other services in {name(shortened_path(file.uri))}: "
        f"{usd(part.left_out_usd, _NO_AMOUNT)}"
        for file in document.files
        for part in file.parts
        if part.left_out_rows
    )
    return (*outside, *unbilled, *others)


def csv_text(document: Reconciliation) -> str:
    """One row per difference, and one with their sum."""
    rows: list[list[object]] = [_row(each) for each in document.differences]
    total: dict[str, object] = {
        "row": "total",
        "difference_usd": document.difference_usd,
        "billed_usd": document.billed_usd,
        "traced_usd": document.traced_usd,
    }
    return as_csv(_CSV_COLUMNS, [*rows, [total.get(column) for column in _CSV_COLUMNS]])


def _row(each: Difference) -> list[object]:
    return [
        "difference", each.provider, each.cause, each.reason, each.subject, each.model, each.kind, each.usd, None, None,
        each.ratio, each.shift_hours, each.moved_usd, each.from_, each.said, each.to_do, " ".join(each.also),
        each.config,
    ]  # fmt: skip
