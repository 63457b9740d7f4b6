"""What was tried beside what is advised, as a table: cost against the latency that is promised."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from costctl.documents.changes import SettingChange
from costctl.documents.recommendations import Recommendation, Recommendations
from costctl.documents.tried import CostOf, TriedSetting, TriedSettings, leading_tried
from costctl.render.cells import Row, seconds, usd
from costctl.render.recommendation_words import kind, lever, objective, subject
from costctl.render.sections import Facts, Section, Table
from costctl.render.settings import setting_value

COSTS: Final[dict[CostOf, str]] = {
    "paid": "paid for capacity",
    "busy": "busy replica time",
    "paid_and_busy": "paid, and busy replica time",
}
_SETTINGS: Final = "settings"
FEWEST_SHOWN: Final = 3  # today's among them: of fewer the effects tell all
_MOST_SHOWN: Final = 8
TEXT_COLUMNS: Final = frozenset({_SETTINGS, "objectives", "marked"})


def tried_tables(document: Recommendations) -> list[Table]:
    """A table for each piece of advice, withheld or not, that weighed a cost against a latency."""
    return [
        Table(
            f"Settings tried: {whose_settings(each)}: {axes_in_words(each.tried)}",
            columns_of(each.tried),
            rows_of(each.tried.settings),
            TEXT_COLUMNS,
        )
        for each in document.recommendations
        if each.tried is not None
    ]


def shown_tried(advice: Recommendation, *, is_whole: bool) -> list[Section]:
    """For the screen of one piece of advice: today, what is advised and the frontier, unless all is asked for."""
    found = advice.tried
    if found is None or len(found.settings) < FEWEST_SHOWN:
        return []
    shown, hidden = (found.settings, 0) if is_whole else leading_tried(found, _MOST_SHOWN)
    rows = rows_of(shown)
    if hidden:
        rows = (*rows, (f"{hidden} more: --detail", "", "", "", ""))
    return [
        Facts((("Tried", axes_in_words(found)),)),
        Table(
            _SETTINGS,
            columns_of(found),
            rows,
            TEXT_COLUMNS,
            is_compact=True,
        ),
    ]


def columns_of(found: TriedSettings) -> tuple[str, ...]:
    """The heads; which cost over which time, and what is promised, is said above them."""
    return _SETTINGS, "USD", objective(found.metric), "objectives", "marked"


def axes_in_words(found: TriedSettings) -> str:
    """Such as: busy replica time, USD a week, against chat e2e p95, at most 12 s."""
    return f"{cost_in_words(found)}, against {latency_in_words(found)}"


def cost_in_words(found: TriedSettings) -> str:
    """Such as: busy replica time, USD a week."""
    is_weekly = any(each.usd_per_week is not None for each in found.settings)
    return f"{COSTS[found.cost]}, USD {'a week' if is_weekly else f'in {found.over}'}"


def latency_in_words(found: TriedSettings) -> str:
    """Such as: chat e2e p95, at most 12 s."""
    return f"{found.request_class} {objective(found.metric)}, at most {seconds(found.target_s)}"


def rows_of(settings: Sequence[TriedSetting]) -> tuple[Row, ...]:
    """A row each, in their order: the cheapest first."""
    return tuple(
        (
            in_force(each.change),
            usd(told_usd(each)),
            seconds(each.latency_s, "without end"),
            "kept" if each.is_kept else "missed",
            mark(each),
        )
        for each in settings
    )


def told_usd(each: TriedSetting) -> float:
    """Per week where that is given, else in the part that was replayed."""
    return each.usd if each.usd_per_week is None else each.usd_per_week


def in_force(change: Sequence[SettingChange]) -> str:
    """The settings as they were tried: batch window 100 ms, batch size 16."""
    said = (f"{lever(each)} {setting_value(each.to, each.unit, is_limit=each.is_limit)}" for each in change)
    return ", ".join(said) or "as today"


def mark(each: TriedSetting) -> str:
    """Why it stands out; nothing where it does not."""
    marks = ("" if each.tried_as == "other" else each.tried_as, "frontier" if each.is_on_frontier else "")
    return ", ".join(filter(None, marks))


def whose_settings(advice: Recommendation) -> str:
    """Which settings were tried, of whom: batch window, embedder."""
    return f"{kind(advice.kind)}, {subject(advice)}"
