"""The forecast as tables, and as CSV: one row per period and class, pool or total."""

from __future__ import annotations

from collections.abc import Iterator

from costctl.documents.forecast import Forecast, Spend
from costctl.render.cells import Row, count, low_mid_high, number, ratio, usd, usd_interval
from costctl.render.forecast_screen import budget_line
from costctl.render.forecast_words import grown, period_name, unobserved
from costctl.render.numbers import day, minute, plural
from costctl.render.sections import Notes, Section, Table, joined
from costctl.render.spreadsheet import as_csv

_MOST_DAYS = 10
_SPEND = ("of", "observed", "to come", "in all, 95%", "in all, 80%")
_CSV = (
    "period",
    "of",
    "name",
    "observed_usd",
    "to_come_usd_low",
    "to_come_usd",
    "to_come_usd_high",
    "usd_low",
    "usd",
    "usd_high",
    "likely_usd_low",
    "likely_usd",
    "likely_usd_high",
    "is_lower_bound",
    "unpriced_charges",
    "growth_ratio_per_week",
    "is_growth_claimed",
)


def sections(document: Forecast) -> list[Section]:
    """Both periods, the days, the growth, the held-out weeks, and what it rests on."""
    periods: list[Section] = [
        Table(
            f"{period_name(period)}: spend in USD",
            _SPEND,
            tuple(_spend_row(name, spends[place]) for _, name, *spends in _named(document)),
            frozenset({"of"}),
        )
        for place, period in enumerate(document.periods)
    ]
    return [
        *periods,
        Table(
            "Growth a week",
            ("of", "growth", "claimed", "p"),
            tuple(_growth_rows(document)),
            frozenset({"of"}),
        ),
        Table(
            "By day, in USD, 95%",
            ("day", "spend", "of its month so far"),
            tuple((each.day, usd_interval(each.usd), usd_interval(each.month_usd)) for each in document.days),
            frozenset({"day"}),
        ),
        Notes("Budget, advice and held-out weeks", tuple(_answers(document))),
        Notes("What it rests on", tuple(_limits(document))),
    ]


def _named(document: Forecast) -> Iterator[tuple[str, str, Spend, Spend]]:
    """Sort of row, name, and its two spends: the total first."""
    yield "total", "all", document.month, document.quarter
    for each in document.classes:
        yield "class", each.request_class, each.month, each.quarter
    for pool in document.pools:
        yield "pool", pool.pool, pool.month, pool.quarter


def _spend_row(name: str, spend: Spend) -> Row:
    missing = int(spend.is_lower_bound)
    return (
        name,
        usd(spend.observed_usd).at_least(missing),
        usd_interval(spend.to_come_usd, "not priced"),
        usd_interval(spend.usd, "not priced").at_least(missing),
        usd_interval(spend.likely_usd, "not priced").at_least(missing),
    )


def _growth_rows(document: Forecast) -> Iterator[Row]:
    told = [("all", document.growth), *((each.request_class, each.growth) for each in document.classes)]
    for name, growth in told:
        if growth is None:
            yield name, "not observed", "", ""
        else:
            yield name, grown(growth), "yes" if growth.is_claimed else "no", number(growth.p, places=3)


def _answers(document: Forecast) -> Iterator[str]:
    if document.budget is not None:
        yield f"{budget_line(document.budget, document.month)}."
    advised = document.with_advice
    if advised is not None:
        yield (
            f"With {', '.join(advised.ids)}, from the end of the window on: "
            f"{usd_interval(advised.saving_usd_per_week)} a week less; the month comes to "
            f"{usd_interval(advised.month.usd)}, the quarter to {usd_interval(advised.quarter.usd)}."
        )
    tested = document.backtest
    if tested.reason is not None:
        yield f"Held-out weeks: not observed. {tested.reason}"
        return
    yield (
        f"Held-out weeks: of {count(tested.weeks)}, {count(tested.covered)} in the 95% interval and "
        f"{count(tested.likely_covered)} in the 80%; of {count(tested.class_weeks)} weeks of single classes "
        f"{count(tested.class_weeks_covered)} in the 95%. The middle was off by {ratio(tested.error_ratio)} of what "
        "was spent."
    )


def _limits(document: Forecast) -> Iterator[str]:
    yield from document.assumptions
    for period in document.periods:
        said = unobserved(period, document.window.from_)
        if said:
            yield f"{said}: the amounts are lower bounds."
    if document.unpriced_charges:
        yield f"{plural(document.unpriced_charges, 'charge')} without a price: the amounts are lower bounds."
    empty = document.days_without_requests
    if empty:
        named = joined([day(each) for each in empty], _MOST_DAYS, ", ")
        yield (
            f"No request on {named}: taken as days on which nothing was spent. If traces are missing, load them."
        )
    yield f"The window ends {minute(document.window.to)} UTC; nothing after it was looked at."


def csv_text(document: Forecast) -> str:
    """One row per period and total, class and pool, every digit kept."""
    rows = [
        [period.name, sort, name, *_cells(spends[place]), *_facts(document, sort, name)]
        for place, period in enumerate(document.periods)
        for sort, name, *spends in _named(document)
    ]
    return as_csv(_CSV, rows)


def _cells(spend: Spend) -> list[object]:
    to_come, whole, likely = spend.to_come_usd, spend.usd, spend.likely_usd
    return [
        spend.observed_usd,
        *low_mid_high(to_come),
        *low_mid_high(whole),
        *low_mid_high(likely),
        spend.is_lower_bound,
    ]


def _facts(document: Forecast, sort: str, name: str) -> list[object]:
    if sort == "pool":
        return [0, None, None]
    if sort == "total":
        unpriced, growth = document.unpriced_charges, document.growth
    else:
        each = next(each for each in document.classes if each.request_class == name)
        unpriced, growth = each.unpriced_charges, each.growth
    if growth is None:
        return [unpriced, None, None]
    return [unpriced, growth.ratio_per_week.mid, growth.is_claimed]
