"""What should be known before the figures: settings without any effect, and times that do not belong together.

In: an engine over the traces, and the settings. Out: sentences, for the provenance of every document.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from costctl.cost.setting_checks import (
    Seen,
    named_classes,
    refuse_unknown_bills,
    refuse_unknown_classes,
    refuse_unknown_sellers,
    setting_warnings,
)
from costctl.documents.settings import Settings
from costctl.engine.protocol import Engine
from costctl.telemetry.stray_times import LONGEST_GAP_DAYS, Period, periods
from costctl.units import NS_PER_S

_DAY_NS: Final = 86_400 * NS_PER_S
_MOST_SOURCES: Final = 3  # named; of more, only the one with most of them
_MOST_PERIODS: Final = 5


def refuse_useless(engine: Engine, settings: Settings, *, are_built_in: bool) -> None:
    """Raise UsageError for settings of a class, a bill or an offer that cannot exist. are_built_in: the class rules."""
    refuse_unknown_classes(settings, _classes(engine, settings), are_built_in=are_built_in)
    if settings.commitments or not set(settings.bills) <= set(settings.pools):
        providers = _column(engine, "SELECT DISTINCT provider FROM spans")
        refuse_unknown_bills(settings, providers)
        refuse_unknown_sellers(settings, providers)


def _classes(engine: Engine, settings: Settings) -> frozenset[str]:
    """Classes that a rule gives, and, where a rule takes labels and some setting needs them, the labels of requests."""
    wanted = {name for _, name in named_classes(settings)}
    if not wanted:
        return frozenset()
    rules = engine.query("SELECT request_class, is_labelled FROM class_rules")
    classes = frozenset(rules["request_class"].drop_nulls())
    if not rules["is_labelled"].any() or wanted <= classes:
        return classes
    return classes | _column(engine, "SELECT DISTINCT workload FROM spans")


def warnings_of(engine: Engine, settings: Settings) -> tuple[str, ...]:
    """A sentence each, settings first; none where the window holds no request, and so nothing could match."""
    if engine.query("SELECT request_id FROM requests LIMIT 1").is_empty():
        return ()
    return (*setting_warnings(settings, _seen(engine, settings)), *_stray_times(engine))


def _seen(engine: Engine, settings: Settings) -> Seen:
    """What the traces name and match; a relation is built only where a setting needs it."""
    served = "SELECT DISTINCT model_served FROM spans UNION SELECT DISTINCT model_requested FROM spans"
    needs_models = [
        settings.commitments,
        *(each.models for each in settings.pools.values()),
        *(each.allowed_models for each in settings.classes.values()),
    ]
    names_provider = bool(settings.billing or set(settings.bills) - set(settings.pools))
    return Seen(
        classes=_classes(engine, settings),
        models=_column(engine, served) if any(needs_models) else (),
        providers=_column(engine, "SELECT DISTINCT provider FROM calls") if names_provider else (),
        pools=_column(engine, "SELECT DISTINCT pool FROM calls") if settings.pools else (),
        storages=_column(engine, "SELECT DISTINCT storage FROM storage_use") if settings.storage else (),
        tools=_column(engine, "SELECT DISTINCT tool FROM tool_use") if settings.tools else (),
    )


def _column(engine: Engine, query: str) -> frozenset[str]:
    return frozenset(engine.query(query).to_series().drop_nulls())


def _stray_times(engine: Engine) -> tuple[str, ...]:
    """A sentence for each period apart from that with most requests, and for times that are counted from zero."""
    days = engine.query(
        f"SELECT start_ns // {_DAY_NS} AS day, COUNT(*) AS requests FROM requests "
        "WHERE start_ns IS NOT NULL GROUP BY day"
    )
    found = periods(dict(days.iter_rows()))
    if not found:
        return ()
    most = found[0]
    said = [_relative(engine, most, most.requests)] if most.is_relative else []
    for each in found[1:_MOST_PERIODS]:
        total = sum(period.requests for period in found)
        said.append(
            _relative(engine, each, total)
            if each.is_relative
            else f"{each.requests:,} of {total:,} requests start {_days(each)}, more than {LONGEST_GAP_DAYS} "
            f"days from most others ({_days(most)}){_where(engine, each)}. The window covers both, which "
            "distorts idle time, rates and all that is scaled by it. If their clock was wrong, exclude "
            f"them: {_bounds_of(most)}."
        )
    return tuple(said)


def _relative(engine: Engine, period: Period, total: int) -> str:
    return (
        f"{period.requests:,} of {total:,} requests start in 1970{_where(engine, period)}: their times "
        "count from an unknown start. Durations are valid; dates, hours of the day and prices by day are "
        "not. Add the real start to the times before ingesting."
    )


def _where(engine: Engine, period: Period) -> str:
    """Which sources the requests are from, and where the first of them stands in each."""
    rows = engine.query(
        "SELECT sources.uri, COUNT(DISTINCT requests.request_id) AS requests, MIN(spans.source_position) AS position "
        "FROM requests INNER JOIN spans ON requests.trace_id = spans.trace_id AND requests.start_ns = spans.start_ns "
        "INNER JOIN sources ON spans.source_id = sources.source_id "
        f"WHERE requests.start_ns >= {period.first_day * _DAY_NS} AND requests.start_ns < "
        f"{(period.last_day + 1) * _DAY_NS} GROUP BY sources.uri ORDER BY requests DESC, sources.uri"
    )
    shown = rows if rows.height <= _MOST_SOURCES else rows.head(1)
    named = [
        f"{count:,} of {uri}" + ("" if position is None else f" (the first is record {position:,})")
        for uri, count, position in shown.iter_rows()
    ]
    more = rows.height - len(named)
    return ": " + ", ".join([*named, *([f"and {more} more sources"] if more else [])]) if named else ""


def _days(period: Period) -> str:
    first, last = _date(period.first_day), _date(period.last_day)
    return f"on {first}" if first == last else f"from {first} to {last}"


def _bounds_of(period: Period) -> str:
    return f"--since {_date(period.first_day)} --until {_date(period.last_day + 1)}"


def _date(day: int) -> str:
    return f"{datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=day):%Y-%m-%d}"
