"""A comparison in full: all effects, rows and metrics for people, and one flat CSV row each."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from costctl.documents.difference import (
    Cause,
    Difference,
    DifferenceRow,
    EffectShare,
    MetricChange,
    effects_by_size,
    rows_of,
)
from costctl.render.cells import NOT_PRICED, Cell, Row, low_mid_high, ratio, usd, usd_interval
from costctl.render.cut_names import cut_name, row_name
from costctl.render.difference_screen import day_line, headline
from costctl.render.difference_words import (
    EFFECTS,
    cause_name,
    measured,
    metric_change,
    metric_name,
    shortened,
    signed,
    value,
    when,
)
from costctl.render.numbers import usd_places
from costctl.render.sections import Notes, Section, Table
from costctl.render.spreadsheet import as_csv

_UNKNOWN: Final = "not known"
_YES_NO: Final = {True: "yes", False: "no", None: _UNKNOWN}
_CUTS: Final = ("class", "tenant", "model")


def sections(document: Difference) -> list[Section]:
    """What changed, why, by whom, and what else changed."""
    compared = (
        f"New: {when(document.new)}",
        f"Base: {when(document.base)}",
        headline(document),
        *document.not_observed,
    )
    found: list[Section] = [Notes("What is compared", compared)]
    if document.effects:
        found.append(_effects(document))
    if document.causes:
        found.extend((_causes(document), _examples(document)))
    found.extend(_rows(document, cut) for cut in _CUTS if rows_of(document, cut))
    if document.metrics:
        found.append(_metrics(document))
    if document.prompts:
        found.append(_prompts(document))
    if document.days:
        found.append(Notes("Days on which something left its range", tuple(map(day_line, document.days))))
    return found


def _effects(document: Difference) -> Table:
    rows: tuple[Row, ...] = tuple(
        (
            EFFECTS[each.effect],
            signed(each.usd),
            usd_interval(each.interval, _UNKNOWN),
            _YES_NO[each.is_clear],
        )
        for each in document.effects
        if each.usd
    )
    columns = ("effect", "USD", "95% interval", "more than chance")
    return Table(
        "Effects, in USD, that add up to the change", columns, rows, frozenset({"effect", "more than chance"})
    )


def _causes(document: Difference) -> Table:
    rows: tuple[Row, ...] = tuple(
        (
            cause_name(cause),
            signed(cause.usd),
            usd_interval(cause.interval, _UNKNOWN),
            measured(cause.measure),
            _where(cause),
        )
        for cause in document.causes
    )
    columns = ("cause", "USD", "95% interval", "from → to", "mostly in")
    return Table("Causes that are named", columns, rows, frozenset({"cause", "from → to", "mostly in"}))


def _where(cause: Cause) -> str:
    return ", ".join(
        f"{each.of} {shortened(each.value)} ({ratio(each.share_ratio)})" for each in cause.mostly
    )


def _examples(document: Difference) -> Table:
    rows: tuple[Row, ...] = tuple(
        (
            cause_name(cause),
            cause.first_request or _UNKNOWN,
            " ".join(cause.requests) or _UNKNOWN,
            "base" if cause.is_on_base else "new",
        )
        for cause in document.causes
    )
    columns = ("cause", "first request", "requests that show it", "side")
    return Table("Requests for costctl explain", columns, rows, frozenset(columns))


def _rows(document: Difference, cut: str) -> Table:
    """Those effects as columns that are anything in any row."""
    rows = rows_of(document, cut)
    shown = [name for name in EFFECTS if any(each.effect == name for row in rows for each in row.effects)]
    names = tuple(EFFECTS[name] for name in shown)
    places = usd_places(amount for row in rows for amount in (row.before_usd, row.after_usd))
    table = tuple(
        (
            shortened(row_name(row.kind, row.value)),
            replace(usd(row.before_usd if row.is_priced else None), places=places).at_least(
                row.unpriced_charges
            ),
            replace(usd(row.after_usd if row.is_priced else None), places=places).at_least(
                row.unpriced_charges
            ),
            replace(signed(row.change_usd), places=places) if row.is_priced else NOT_PRICED,
            _YES_NO[row.is_clear],
            *(_effect(row, name, places) for name in shown),
        )
        for row in rows
    )
    columns = (cut_name(cut), "before", "after", "change", "clear", *names)
    title = f"By {cut_name(cut)}, in USD; clear: the change is more than chance"
    return Table(
        title,
        columns,
        table,
        frozenset({cut_name(cut), "clear"}),
        least=tuple(EFFECTS[name] for name in effects_by_size(document) if name in shown),
    )


def _effect(row: DifferenceRow, name: str, places: int) -> Cell:
    found = [each for each in row.effects if each.effect == name]
    return replace(signed(found[0].usd), places=places) if found else ""


def _metrics(document: Difference) -> Table:
    rows: tuple[Row, ...] = tuple(
        (
            shortened(each.request_class),
            metric_name(each),
            metric_change(each),
            "" if each.change is None else _within(each),
            _YES_NO[each.is_clear],
        )
        for each in document.metrics
    )
    columns = ("class", "metric", "from → to", "change within", "more than chance")
    what = "Latency" if document.change_usd is not None else "Requests, tokens, latency"
    title = f"{what}, success, retries and cache; stages in time per request"
    return Table(title, columns, rows, frozenset(columns))


def _within(change: MetricChange) -> str:
    low, _, high = low_mid_high(change.change)
    unit = "ratio" if change.unit == "ratio" else change.unit
    return f"{value(low, unit)} to {value(high, unit)}"


def _prompts(document: Difference) -> Table:
    rows: tuple[Row, ...] = tuple(
        (
            shortened(each.request_class),
            each.first_prefix,
            ratio(each.before_ratio),
            ratio(each.after_ratio),
            each.first_request or _UNKNOWN,
        )
        for each in document.prompts
    )
    columns = ("class", "prefix hash", "of the calls before", "after", "first request")
    return Table("Prompts that begin with other words", columns, rows, frozenset({*columns[:2], columns[-1]}))


_CSV_COLUMNS: Final = (
    "row", "of", "value", "effect", "usd", "usd_low", "usd_high", "noise_usd", "is_clear", "unit", "before", "after",
    "change_low", "change", "change_high", "first_request", "requests",
)  # fmt: skip


def csv_text(document: Difference) -> str:
    """A row for the change, each effect, each row of a cut and each of its effects, each cause and each metric."""
    rows = [
        _change_row(document),
        *(["effect", "total", None, each.effect, *_money(each)] for each in document.effects),
        *(line for row in document.rows for line in _row_lines(row)),
        *(_cause_row(cause) for cause in document.causes),
        *(_metric_row(each) for each in document.metrics),
    ]
    empty = [None for _ in _CSV_COLUMNS]
    return as_csv(_CSV_COLUMNS, [[*row, *empty][: len(_CSV_COLUMNS)] for row in rows])


def _change_row(document: Difference) -> list[object]:
    low, _, high = low_mid_high(document.change_interval)
    return [
        "change", "total", None, None, document.change_usd, low, high, document.change_noise_usd, document.is_clear,
        "USD", document.base.usd, document.new.usd,
    ]  # fmt: skip


def _row_lines(row: DifferenceRow) -> list[list[object]]:
    name = row_name(row.kind, row.value)
    told = (row.change_usd, row.before_usd, row.after_usd) if row.is_priced else (None, None, None)
    return [
        [
            "row", row.of, name, None, *told[:1], None, None, row.noise_usd, row.is_clear, "USD", *told[1:],
        ],
        *(["row", row.of, name, each.effect, *_money(each)] for each in row.effects),
    ]  # fmt: skip


def _money(share: EffectShare) -> list[object]:
    low, _, high = low_mid_high(share.interval)
    return [share.usd, low, high, share.noise_usd, share.is_clear]


def _cause_row(cause: Cause) -> list[object]:
    low, _, high = low_mid_high(cause.interval)
    measure = cause.measure
    told = [None, None, None] if measure is None else [measure.unit, measure.before, measure.after]
    return [
        "cause", cause.of, cause.value, cause.effect, cause.usd, low, high, None, None, *told, None, None, None,
        cause.first_request, " ".join(cause.requests) or None,
    ]  # fmt: skip


def _metric_row(change: MetricChange) -> list[object]:
    name = change.metric if change.stage is None else f"{change.metric}:{change.stage}"
    bounds: tuple[float | None, ...] = low_mid_high(change.change)
    return [
        "metric", "class", change.request_class, name, None, None, None, None, change.is_clear, change.unit,
        change.before, change.after, *bounds,
    ]  # fmt: skip
