"""Recommendations as tables for people and as one flat CSV row each."""

from __future__ import annotations

from costctl.documents.changes import SettingChange
from costctl.documents.estimate import Estimate
from costctl.documents.metrics import METRICS
from costctl.documents.recommendations import (
    Effect,
    FreedTime,
    Holdout,
    Increment,
    Joint,
    Recommendation,
    Recommendations,
)
from costctl.render.calibration import calibration_table, trust_lines
from costctl.render.cells import Interval, count, low_mid_high, measured, number, ratio, usd, usd_interval
from costctl.render.numbers import plural
from costctl.render.sections import Notes, Section, Table
from costctl.render.settings import setting_value
from costctl.render.spreadsheet import as_csv

_NO_CASH = "the bill stays as it is"


def sections(document: Recommendations) -> list[Section]:
    """What could be saved, by what, each recommendation with its grounds, the withheld ones with their reason, and how
    far the replay can be trusted.
    """
    parts: list[Section] = [_savings(document), *_summary(document)]
    parts.extend(_detail(advice) for advice in document.recommendations if advice.status == "recommended")
    if document.joint is not None and len(document.joint.order) > 1:
        parts.append(_joint(document.joint, _span(document)))
    withheld = [advice for advice in document.recommendations if advice.status == "withheld"]
    if withheld:
        parts.append(Notes("Withheld, and why", _reasons(withheld)))
    if document.calibration is not None:
        lines = (*trust_lines(document.calibration), *document.calibration.not_reproduced)
        parts.append(Notes("How far the replay can be trusted", lines))
        parts.append(calibration_table(document.calibration))
    return parts


def _reasons(withheld: list[Recommendation]) -> tuple[str, ...]:
    """A line for each reason, with all that it holds for."""
    whose: dict[str, list[str]] = {}
    for advice in withheld:
        whose.setdefault(advice.reason, []).append(f"{advice.kind}, {_subject(advice)}")
    return tuple(f"{'; '.join(names)}: {reason}" for reason, names in whose.items())


def _savings(document: Recommendations) -> Notes:
    """What all that is recommended comes to, beside what is paid."""
    lines = [*_together(document), *_paid_today(document)]
    return Notes("Savings", tuple(lines))


def _together(document: Recommendations) -> list[str]:
    joint, span = document.joint, _span(document)
    if joint is None:
        return ["Nothing is recommended: every kind of advice is withheld, with its reason below."]
    cash, freed = _told(joint)
    lines = [f"Cash: {_NO_CASH}." if cash is None else f"Cash: {usd_interval(cash)} less is paid {span}."]
    if freed is not None:
        lines.append(
            f"Freed replica time: {usd_interval(freed)} {span} at its price. It is no cash: it is worth that only if "
            "other work fills it, or once enough of it lets a replica go."
        )
    return lines


def _paid_today(document: Recommendations) -> list[str]:
    baseline = document.baseline
    hours = number(baseline.observed_hours)
    total, weekly = (
        usd(each).at_least(baseline.unpriced_charges) for each in (baseline.usd, baseline.usd_per_week)
    )
    lines = [f"Today: {total} for {count(baseline.requests)} requests in the {hours} hours observed."]
    if baseline.is_weekly_given:
        lines.append(
            f"A week: {weekly} for {count(baseline.requests_per_week)} requests, extrapolated from these {hours} hours "
            "as if every hour of the week were like them."
        )
    else:
        lines.append(
            "Less than a day was observed, so figures are for those hours. --extrapolate scales them to a week."
        )
    return lines


def _span(document: Recommendations) -> str:
    """Over which time savings are told."""
    hours = number(document.baseline.observed_hours)
    return f"per week, from {hours} h" if document.baseline.is_weekly_given else f"in the {hours} h observed"


def _told(
    item: Recommendation | Holdout | Increment | Joint,
) -> tuple[Estimate | None, Estimate | None]:
    """Cash and freed time: per week where that is given, else over the window."""
    return (
        item.cash_usd if item.cash_usd_per_week is None else item.cash_usd_per_week,
        item.freed_usd if item.freed_usd_per_week is None else item.freed_usd_per_week,
    )


def _summary(document: Recommendations) -> list[Section]:
    columns = ("kind", "for", "cash", "freed time", "change")
    rows = tuple(
        (advice.kind, _subject(advice), *_cells(advice), _changes(advice.change))
        for advice in document.recommendations
        if advice.status == "recommended"
    )
    if not rows:
        return []  # the first section has said so
    title = f"Recommendations: USD {_span(document)}, with 95 % intervals"
    return [Table(title, columns, rows, frozenset({"kind", "for", "cash", "change"}))]


def _cells(item: Recommendation | Holdout | Increment | Joint) -> tuple[Interval, Interval]:
    cash, freed = _told(item)
    return usd_interval(cash, "none"), usd_interval(freed, "none")


def _in_words(item: Holdout | Increment) -> str:
    cash, freed = _cells(item)
    return f"cash {cash}, freed time {freed}"


def _subject(advice: Recommendation) -> str:
    return " on ".join(part for part in (advice.request_class, advice.pool) if part) or "all"


def _changes(changes: tuple[SettingChange, ...]) -> str:
    return ", ".join(
        f"{each.lever.partition('.')[2]} {setting_value(each.from_, each.unit, is_limit=each.is_limit)} → "
        f"{setting_value(each.to, each.unit, is_limit=each.is_limit)}"
        for each in changes
        if each.from_ != each.to
    )


def _detail(advice: Recommendation) -> Notes:
    lines = [advice.reason, *(_freed(each) for each in advice.freed_time)]
    if advice.effects:
        over = ", ".join(dict.fromkeys(effect.over for effect in advice.effects))
        lines.append(f"Replay of {over}: {'; '.join(_effect(effect) for effect in advice.effects)}.")
    if advice.holdout is not None:
        met = "met" if advice.holdout.is_slo_met else "missed"
        lines.append(f"Hold-out period: {_in_words(advice.holdout)}; SLO {met}.")
    lines.extend(f"Evidence {item.id} ({item.kind}): {item.statement}" for item in advice.evidence)
    lines.extend(f"Assumes: {assumption}" for assumption in advice.assumptions)
    if advice.reversal:
        lines.append(f"To undo: {advice.reversal}")
    return Notes(advice.id, tuple(lines))


def _freed(freed: FreedTime) -> str:
    """How far freed time is from a smaller bill."""
    of = f"{number(freed.freed_replicas)} of {plural(freed.replicas, 'replica')} of {freed.pool} is freed"
    if freed.missing_replicas == 0:
        return f"{of}; by load alone one replica could go: try simulate --set pool.{freed.pool}.replicas."
    if freed.replicas == 1:
        return f"{of}; the bill shrinks only once the other {number(freed.busy_replicas)} of it is freed as well."
    return (
        f"{of}; the bill shrinks once another {number(freed.missing_replicas)} is, so that the rest carry the "
        f"load at {ratio(freed.most_utilisation)} at most."
    )


def _joint(joint: Joint, span: str) -> Notes:
    steps = tuple(f"{each.id} adds {_in_words(each)}." for each in joint.order)
    return Notes(f"Applied one after the other, on one replay of the whole window: USD {span}", steps)


def _effect(effect: Effect) -> str:
    of = " ".join(part for part in (effect.request_class, effect.pool) if part)
    before, after = (measured(each, effect.unit) for each in (effect.from_, effect.to))
    return f"{of} {METRICS[effect.metric].short} {before} → {after}"


_SAVINGS = ("cash_usd", "cash_usd_per_week", "freed_usd", "freed_usd_per_week")
_CSV_COLUMNS = (
    "id",
    "kind",
    "request_class",
    "pool",
    "status",
    *(f"{name}{bound}" for name in _SAVINGS for bound in ("_low", "", "_high")),
    "change",
    "reason",
)


def csv_text(document: Recommendations) -> str:
    """One row per recommendation, withheld ones included."""
    return as_csv(_CSV_COLUMNS, [_csv_row(advice) for advice in document.recommendations])


def _csv_row(advice: Recommendation) -> list[object]:
    estimates: list[Estimate | None] = [getattr(advice, name) for name in _SAVINGS]
    return [
        advice.id,
        advice.kind,
        advice.request_class,
        advice.pool,
        advice.status,
        *(bound for each in estimates for bound in low_mid_high(each)),
        _changes(advice.change) or None,
        advice.reason,
    ]
