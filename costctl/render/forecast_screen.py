"""The first screen of ``forecast``: what will the month and the quarter cost, by class, when does the budget end, and
how sure is that?
"""

from __future__ import annotations

from typing import Final

from costctl.documents.forecast import Budget, Forecast, Spend
from costctl.render.cells import Row, ratio
from costctl.render.forecast_words import (
    NO_GROWTH,
    amounts_column,
    grown,
    period_name,
    spends_column,
    unobserved,
)
from costctl.render.numbers import day, period, plural, ratio_span, typed
from costctl.render.numbers import usd as usd_text
from costctl.render.sections import Facts, Section, Table, first, joined
from costctl.render.view import View

_MOST_ROWS: Final = 8
_MOST_GROWN: Final = 3
_MOST_NAMES: Final = 20


def screen(document: Forecast, view: View) -> list[Section]:
    """The table of spend, and a line for each other answer."""
    lines: list[tuple[str, str]] = []
    if document.budget is not None:
        lines.append(("BUDGET", budget_line(document.budget, document.month)))
    if document.with_advice is not None:
        lines.append(("WITH ADVICE", _advice_line(document)))
    lines.append(("GROWTH", _growth_line(document)))
    lines.append(("BACKTEST", _backtest_line(document)))
    missing = _missing(document)
    if missing:
        lines.append(("LOWER BOUND", missing))
    if document.slot == "hour":
        lines.append(("WARNING", "fewer than 14 whole days: weekdays and weekends are taken to be alike"))
    lines.append(("Next", _next(document, view)))
    return [
        Facts((("", _headline(document)),)),
        _table(document),
        Facts(tuple(lines), frozenset({"WARNING", "LOWER BOUND"})),
    ]


def _headline(document: Forecast) -> str:
    told = "day of week and hour" if document.slot == "day" else "hour of day"
    return (
        f"Observed {period(document.window.from_, document.window.to)}: "
        f"{plural(document.whole_slots, f'whole {document.slot}')}. Forecast by {told}, UTC, from there on."
    )


def _table(document: Forecast) -> Table:
    """All, then the classes and pools that cost most, then the others as a count."""
    named = [
        *((each.request_class, each.month, each.quarter) for each in document.classes),
        *((f"replicas {each.pool}", each.month, each.quarter) for each in document.pools),
    ]
    shown, hidden = first(named, _MOST_ROWS)
    rows = [("all", document.month, document.quarter), *shown]
    observed = amounts_column([each.observed_usd for _, each, _ in rows])
    months, quarters = (
        spends_column([spends[place] for spends in ((month, quarter) for _, month, quarter in rows)])
        for place in (0, 1)
    )
    cells: list[Row] = [
        (name, *amounts) for (name, _, _), *amounts in zip(rows, observed, months, quarters, strict=True)
    ]
    if hidden:
        cells.append((f"{hidden} more", "", "see --detail", ""))
    names = [period_name(each) for each in document.periods]
    return Table(
        "SPEND",
        ("class", f"{names[0]} so far", f"{names[0]} in all (95%)", f"{names[1]} in all (95%)"),
        tuple(cells),
        frozenset({"class"}),
        is_compact=True,
        least=(f"{names[0]} so far",),
    )


def budget_line(budget: Budget, month: Spend) -> str:
    """The day on which it ends, with its interval; or how far the month stays below it."""
    amount = f"{usd_text(budget.usd)} a month"
    if budget.day is not None:
        at_latest = " at the latest" if month.is_lower_bound else ""
        return f"{amount} ends on {day(budget.day)}{at_latest} ({_days(budget)})"
    if budget.earliest is not None:
        return f"{amount} is not expected to end within the month, but may from {day(budget.earliest)} on"
    seen = ", as far as was observed" if month.is_lower_bound else ""
    return f"{amount} does not end within the month{seen}"


def _days(budget: Budget) -> str:
    earliest, latest = budget.earliest or budget.day, budget.latest
    if latest is None:
        return f"95%: {day(earliest or '')} to after the month"
    if earliest == latest:
        return "95%: that day"
    return f"95%: {day(earliest or '')} to {day(latest)}"


def _advice_line(document: Forecast) -> str:
    advised = document.with_advice
    if advised is None:
        return ""
    names = joined(advised.ids, 2, ", ")
    month, quarter = spends_column([advised.month]), spends_column([advised.quarter])
    of_month, of_quarter = (period_name(each) for each in document.periods)
    return f"{names}: {month[0]} in {of_month}, {quarter[0]} in {of_quarter}"


def _growth_line(document: Forecast) -> str:
    if document.growth is None:
        return "not observed: it takes 28 whole days to tell"
    found = [
        f"{each.request_class} {grown(each.growth)}"
        for each in document.classes
        if each.growth is not None and each.growth.is_claimed
    ]
    parts = [f"all {grown(document.growth)}"] if document.growth.is_claimed else []
    if not parts and not found:
        return f"{NO_GROWTH}: {ratio_span(document.growth.ratio_per_week)} a week cannot be ruled out"
    return joined([*parts, *(found if len(document.classes) > 1 else [])], _MOST_GROWN)


def _backtest_line(document: Forecast) -> str:
    tested = document.backtest
    if tested.reason is not None:
        return f"not observed. {tested.reason}"
    error = "" if tested.error_ratio is None else f"; off by {ratio(tested.error_ratio)}"
    return (
        f"{tested.covered} of {plural(tested.weeks, 'held-out week')} in the 95% interval, {tested.likely_covered} in "
        f"the 80%{error}"
    )


def _missing(document: Forecast) -> str:
    parts = [said for each in document.periods if (said := unobserved(each, document.window.from_))]
    if document.unpriced_charges:
        parts.append(f"{plural(document.unpriced_charges, 'charge')} not priced")
    unpriced = [each.pool for each in document.pools if each.quarter.usd is None]
    if unpriced:
        parts.append(f"no price of {joined(unpriced, 2, ', ')}")
    return "; ".join(parts)


def _next(document: Forecast, view: View) -> str:
    parts = ["--detail for days and what it rests on"]
    if document.budget is None:
        parts.insert(0, view.command("forecast --budget USD"))
    elif document.with_advice is None:
        parts.insert(0, view.command(f"forecast --budget {typed(document.budget.usd)} --with all"))
    return " · ".join(parts)
