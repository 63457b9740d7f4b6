"""The first screen of ``costctl diff``: how much more or less, why, what is noise, and what to look at next."""

from __future__ import annotations

from typing import Final

from costctl.documents.difference import Cause, DayJump, Difference, MetricChange, unclear_effects
from costctl.documents.spending import STANDARD_ERRORS
from costctl.render.cells import NOT_PRICED, Quantity, Row, low_mid_high, usd_range_column
from costctl.render.cut_names import cut_name, row_name
from costctl.render.difference_words import (
    EFFECTS,
    cause_name,
    cost,
    measured,
    metric_change,
    metric_name,
    shortened,
    signed,
    when,
)
from costctl.render.numbers import count, days, plural, typed
from costctl.render.sections import Facts, Section, Table, first, joined
from costctl.render.view import View

_MOST_CAUSES: Final = 5
_MOST_METRICS: Final = 3
_MOST_DAYS: Final = 2
_MOST_NOISE: Final = 3
_NOT_KNOWN: Final = "noise not known"


def screen(document: Difference, view: View) -> list[Section]:
    """What changed, why, and what is noise."""
    head = [("", f"{when(document.new)}"), ("", f"against {when(document.base)}"), ("", headline(document))]
    return [
        Facts(tuple(head)),
        *([_causes(document)] if document.causes else []),
        Facts((*_noise(document), *_more(document), ("Next", _following(document, view)))),
    ]


def headline(document: Difference) -> str:
    """How much more or less, and whether that is more than chance; of what has no price, how many requests."""
    if document.change_usd is None:
        requests = (plural(document.new.requests, "request"), count(document.base.requests))
        return f"Cost {NOT_PRICED}: {requests[0]} after {requests[1]}"
    changed = f"{signed(document.change_usd)}{_relative(document.change_ratio)}"
    sides = f"{cost(document.new)} after {cost(document.base)}"
    if document.change_interval is None:
        return f"{changed}: {sides}; {_NOT_KNOWN}"
    said = "more than chance" if document.is_clear else "not clear of chance"
    if document.is_only_likely:
        said = f"{said}, which asks for {typed(STANDARD_ERRORS)} standard errors"
    low, _, high = low_mid_high(document.change_interval)
    return f"{changed}: {sides}; {said} (95%: {signed(low)} to {signed(high)})"


def _relative(ratio: float | None) -> str:
    return "" if ratio is None else f" ({Quantity(ratio, 'ratio', NOT_PRICED, is_signed=True)})"


def _causes(document: Difference) -> Table:
    shown, hidden = first(document.causes, _MOST_CAUSES)
    amounts = usd_range_column((cause.interval for cause in shown), "")
    rows: list[Row] = [
        (cause_name(cause), signed(cause.usd) if cause.interval is None else amount, measured(cause.measure))
        for cause, amount in zip(shown, amounts, strict=True)
    ]
    if hidden:
        rows.append((f"{hidden} more: --detail", "", ""))
    columns = ("WHY", "USD", "from → to")
    return Table("WHY", columns, tuple(rows), frozenset({"WHY", "from → to"}), is_compact=True)


def _noise(document: Difference) -> list[tuple[str, str]]:
    """The effects that cannot be told from chance."""
    unclear = [f"{EFFECTS[each.effect]} {signed(each.usd)}" for each in unclear_effects(document)]
    lines = [("NOISE", joined(unclear, _MOST_NOISE))] if unclear else []
    if not document.causes and document.change_usd is not None:
        lines.insert(0, ("WHY", "no effect is more than chance and 1% of the cost"))
    return lines


def _more(document: Difference) -> list[tuple[str, str]]:
    """What changed besides money, where it changed first, and what is not known."""
    lines = []
    clear = [_metric(each) for each in document.metrics if each.is_clear]
    if clear:
        lines.append(("ALSO", joined(clear, _MOST_METRICS)))
    lines.extend(
        ("NEW PROMPT", f"{shortened(each.request_class)} since {each.first_request or 'an unknown request'}")
        for each in document.prompts
    )
    lines.extend(("DAY", day_line(each)) for each in document.days[:_MOST_DAYS])
    lines.extend(("SHOWN BY", f"{cause_name(cause)}: {_ids(cause)}") for cause in _shown(document)[:1])
    lines.extend(("NOTE", each) for each in document.not_observed)
    return lines


def _metric(change: MetricChange) -> str:
    return f"{shortened(change.request_class)} {metric_name(change)} {metric_change(change)}"


def day_line(jump: DayJump) -> str:
    """What left its range on a day, with its first request."""
    name = shortened(row_name(jump.kind, jump.value))
    began = "" if jump.first_request is None else f", first {jump.first_request}"
    return f"{days(jump.from_, jump.to)}: {cut_name(jump.of)} {name} {signed(jump.change_usd)}{began}"


def _shown(document: Difference) -> list[Cause]:
    """The causes that single requests show: of how many there are, none does."""
    return [cause for cause in document.causes if cause.requests and cause.of != "total"]


def _ids(cause: Cause) -> str:
    return " ".join(cause.requests)


def _following(document: Difference, view: View) -> str:
    examples = [cause.requests[0] for cause in _shown(document) if not cause.is_on_base]
    what = "--detail for rows by class, tenant, model" if document.rows else "--detail for every metric"
    if not examples or document.new.kind == "document":
        return what
    return f"{view.command(f'explain {examples[0]}')} · {what}"
