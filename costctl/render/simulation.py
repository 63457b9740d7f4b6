"""A simulation: all tables for people (``simulate --detail``), today beside the scenario, and one flat CSV row for each
difference. ``screen`` is in ``simulation_screen``.
"""

from __future__ import annotations

from costctl.documents.changes import SettingChange
from costctl.documents.estimate import Estimate
from costctl.documents.metrics import METRICS
from costctl.documents.simulation import (
    CallFates,
    ClassResult,
    Difference,
    LaneResult,
    PoolResult,
    ReplicaFailure,
    Result,
    Simulation,
    TodaySetting,
)
from costctl.render.calibration import calibration_table, legend, trust_lines
from costctl.render.cells import (
    Label,
    Quantity,
    Row,
    count,
    exact,
    hours,
    low_mid_high,
    measured,
    ratio,
    seconds,
    trust_of,
    usd,
)
from costctl.render.numbers import minute, period, plural
from costctl.render.recommendation_words import put_off_in_words
from costctl.render.sections import Notes, Section, Table
from costctl.render.settings import setting_value
from costctl.render.spreadsheet import as_csv

_TODAY, _SCENARIO = "today", "scenario"
_FATES = ("rejected", "expired", "timed_out", "failed", "never_arrived", "in_flight", "fell_back", "retried")
_OF_CLASS = ("requests", "e2e_p50", "e2e_p95", "e2e_p99", "ttft_p95", "goodput")
_SHOWN = frozenset(
    {"e2e_p50", "e2e_p95", "ttft_p95", "goodput", "utilisation", "usd", "usd_per_good_request"}
)


def sections(document: Simulation) -> list[Section]:
    """What the scenario is, what it does, what of it may be acted on, how well today is reproduced."""
    parts: list[Section] = [_scenario(document)]
    if document.scenario.changes:
        parts.append(_changes(document.scenario.changes))
    parts.extend(_notes(document))
    is_changed = document.scenario.is_changed
    if is_changed:
        parts.append(_differences(document))
    parts.append(_verdict(document))
    parts.extend(table(document, is_changed) for table in (_classes, _pools, _lanes))
    if any(_any_of(result, fate) for _, result in _beside(document, is_changed) for fate in _FATES):
        parts.append(_unserved(document, is_changed))
    parts.append(calibration_table(document.calibration))
    if document.calibration.not_reproduced:
        parts.append(Notes("Limitations", document.calibration.not_reproduced))
    parts.append(_settings(document))
    return parts


def put_off_lines(document: Simulation) -> list[str]:
    """Of each class that waits for its hours in the scenario, how long: no latency has that in it."""
    return [
        put_off_in_words(each.request_class, each.put_off.p95_s, each.put_off.longest_s)
        for each in document.result.classes
        if each.put_off is not None
    ]


def _notes(document: Simulation) -> list[Section]:
    """What is in no latency, and what was asked for and is not replayed as it stands."""
    scenario = document.scenario
    noted = (
        ("Waits before any time above", [f"{each}." for each in put_off_lines(document)]),
        ("Without effect", [f"{each.asked}: {each.reason}." for each in scenario.without_effect]),
        (
            "Limits of the policy that replicas share",
            [
                f"{each.pointer}: {exact(each.limit)} over {each.replicas} replicas is replayed as "
                f"{exact(each.per_replica)} on each."
                for each in scenario.shared_limits
            ],
        ),
        (
            "In the policy but not replayed",
            [f"{each.pointer}: {each.reason}." for each in scenario.left_out],
        ),
    )
    return [Notes(title, tuple(lines)) for title, lines in noted if lines]


def _verdict(document: Simulation) -> Notes:
    extrapolation = document.extrapolation
    lines = trust_lines(document.calibration)
    if extrapolation.is_extrapolating:
        beyond = [
            f"{each.pool} {ratio(each.beyond_ratio)}"
            for each in extrapolation.pools
            if each.beyond_ratio > extrapolation.beyond_ratio
        ]
        lines.append(
            f"EXTRAPOLATED: share of busy time at a higher concurrency than was observed: {', '.join(beyond)}."
        )
    lines.append(extrapolation.reason)
    return Notes("How far to trust it", tuple(lines))


def _scenario(document: Simulation) -> Notes:
    window, scenario = document.window, document.scenario
    lines = [
        f"{count(window.replayed_requests)} of {count(window.requests)} requests of "
        f"{period(window.from_, window.to)} are replayed."
    ]
    if scenario.policy_id is not None:
        lines.append(f"Policy {scenario.policy_id}.")
    if scenario.load_factor != 1:
        lines.append(
            f"Load {exact(scenario.load_factor)}x: {count(document.baseline.requests)} requests become "
            f"{count(document.result.requests)}."
        )
    lines.extend(f"{line}." for line in failure_lines(scenario.failures))
    if not scenario.is_changed:
        lines.append("Nothing is changed: today's settings at today's load.")
    return Notes("Scenario", tuple(lines))


def failure_lines(failures: tuple[ReplicaFailure, ...]) -> list[str]:
    """Which replicas are down, and how long."""
    return [
        f"{plural(each.replicas, 'replica')} of {each.pool} down from {minute(each.from_)} "
        f"{'for good' if each.until is None else f'until {minute(each.until)}'}"
        for each in failures
    ]


def _changes(changes: tuple[SettingChange, ...]) -> Table:
    rows = tuple(
        (
            each.key,
            setting_value(each.from_, each.unit, is_limit=each.is_limit),
            setting_value(each.to, each.unit, is_limit=each.is_limit),
        )
        for each in changes
    )
    columns = ("setting", _TODAY, _SCENARIO)
    return Table("Changed settings", columns, rows, frozenset(columns))


def _differences(document: Simulation) -> Table:
    columns = ("of", "metric", _TODAY, _SCENARIO, "difference", "95 % low", "95 % high")
    rows = tuple(
        (
            each.request_class or each.pool or "all",
            Label(METRICS[each.metric].short, trust_of(each.is_trusted)),
            measured(each.baseline, each.unit),
            measured(each.scenario, each.unit),
            signed_change(each, each.change),
            *_bounds(each, each.difference),
        )
        for each in document.differences
        if each.metric in _SHOWN and not (each.metric == "usd" and each.baseline == each.scenario)
    )
    return Table(
        f"Scenario against today: the same requests, replayed under both{legend(rows, document.calibration)}",
        columns,
        rows,
        frozenset({"of", "metric"}),
    )


def signed_change(difference: Difference, value: float | None) -> Quantity:
    """A difference with its sign; between parts of a whole in percentage points."""
    unit = "ratio_change" if difference.unit == "ratio" else difference.unit
    return Quantity(value, unit, "too few", is_signed=True)


def _bounds(difference: Difference, estimate: Estimate | None) -> Row:
    bounds = (None, None) if estimate is None else (estimate.low, estimate.high)
    return tuple(signed_change(difference, bound) for bound in bounds)


def _beside(document: Simulation, is_changed: bool) -> tuple[tuple[str, Result], ...]:
    """Today, and the scenario where there is one."""
    today = ((_TODAY, document.baseline),)
    return (*today, (_SCENARIO, document.result)) if is_changed else today


def _classes(document: Simulation, is_changed: bool) -> Table:
    columns = ("class", "replay", *(METRICS[metric].short for metric in _OF_CLASS))
    rows = tuple(
        (result.request_class, when, *_class_cells(result))
        for name in [each.request_class for each in document.baseline.classes]
        for when, whole in _beside(document, is_changed)
        for result in whole.classes
        if result.request_class == name
    )
    return Table(
        "Classes: latency of served requests, and goodput (requests within their objectives)",
        columns,
        rows,
        frozenset({"class", "replay"}),
    )


def _class_cells(result: ClassResult) -> Row:
    e2e, first = result.e2e_s, result.ttft_s
    return (
        count(result.requests),
        seconds(e2e.p50 if e2e else None),
        seconds(e2e.p95 if e2e else None),
        seconds(e2e.p99 if e2e else None),
        seconds(first.p95 if first else None),
        ratio(result.goodput_ratio),
    )


def _pools(document: Simulation, is_changed: bool) -> Table:
    columns = ("pool", "replay", "replicas", "busy", "accelerator hours", "utilisation", "cost")
    rows = tuple(
        (result.pool, when, *_pool_cells(result))
        for name in [each.pool for each in document.baseline.pools]
        for when, whole in _beside(document, is_changed)
        for result in whole.pools
        if result.pool == name
    )
    return Table("Pools: busy time, utilisation and cost", columns, rows, frozenset({"pool", "replay"}))


def _pool_cells(result: PoolResult) -> Row:
    return (
        count(result.replicas),
        seconds(result.busy_s),
        hours(result.accelerator_s),
        ratio(result.utilisation_ratio),
        usd(result.usd),
    )


def _lanes(document: Simulation, is_changed: bool) -> Table:
    rows = tuple(
        (
            lane.pool,
            lane.request_class,
            when,
            count(lane.calls.offered),
            count(lane.calls.served),
            seconds(lane.longest_wait_s, "none served"),
        )
        for when, lane in _lanes_beside(document, is_changed)
    )
    columns = ("pool", "class", "replay", "calls", "served", "longest wait")
    return Table("Calls by pool and class", columns, rows, frozenset({"pool", "class", "replay"}))


def _unserved(document: Simulation, is_changed: bool) -> Table:
    """Fates that befell no call, in either replay, have no column, and lanes that lost none no row."""
    beside = _beside(document, is_changed)
    fates = [fate for fate in _FATES if any(_any_of(result, fate) for _, result in beside)]
    rows: tuple[Row, ...] = tuple(
        (lane.pool, lane.request_class, when, *(count(_fate(lane.calls, fate)) for fate in fates))
        for when, lane in _lanes_beside(document, is_changed)
        if any(_fate(lane.calls, fate) for fate in fates)
    )
    columns = ("pool", "class", "replay", *(fate.replace("_", " ") for fate in fates))
    return Table(
        "Calls rejected, broken off, lost, or tried again",
        columns,
        rows,
        frozenset({"pool", "class", "replay"}),
    )


def _lanes_beside(document: Simulation, is_changed: bool) -> list[tuple[str, LaneResult]]:
    """Each lane, today and in the scenario."""
    beside = _beside(document, is_changed)
    keys = {(lane.pool, lane.request_class) for _, result in beside for lane in result.lanes}
    return [
        (when, lane)
        for key in sorted(keys)
        for when, whole in beside
        for lane in whole.lanes
        if (lane.pool, lane.request_class) == key
    ]


def _any_of(result: Result, fate: str) -> bool:
    return any(_fate(lane.calls, fate) for lane in result.lanes)


def _fate(calls: CallFates, fate: str) -> int:
    number: int = getattr(calls, fate)
    return number


def _settings(document: Simulation) -> Table:
    """Those of pools one by one; those of classes, which are the same for each, once."""
    rows = {(each.pool or "any class", each.setting): each for each in document.today if _is_shown(each)}
    columns = ("of", "setting", "value", "known", "how")
    return Table(
        "Today's settings, and where they come from",
        columns,
        tuple(
            (of, name, setting_value(each.value, each.unit, is_limit=each.is_limit), each.source, each.how)
            for (of, name), each in rows.items()
        ),
        frozenset(columns),
    )


def _is_shown(setting: TodaySetting) -> bool:
    return setting.pool is not None or setting.source == "default"


_CSV_COLUMNS = (
    "metric",
    "unit",
    "request_class",
    "pool",
    "baseline",
    "scenario",
    "difference",
    "difference_low",
    "difference_high",
    "is_trusted",
    "is_extrapolating",
)


def csv_text(document: Simulation) -> str:
    """One row per metric of the whole, of each class and of each pool."""
    return as_csv(_CSV_COLUMNS, [_csv_row(document, each) for each in document.differences])


def _csv_row(document: Simulation, difference: Difference) -> list[object]:
    low, _, high = low_mid_high(difference.difference)
    return [
        difference.metric,
        difference.unit,
        difference.request_class,
        difference.pool,
        difference.baseline,
        difference.scenario,
        difference.change,
        low,
        high,
        difference.is_trusted,
        document.extrapolation.is_extrapolating,
    ]
