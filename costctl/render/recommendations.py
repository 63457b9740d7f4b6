"""Recommendations as tables for people and as one flat CSV row each."""

from __future__ import annotations

from costctl.documents.estimate import Estimate
from costctl.documents.recommendations import (
    Change,
    Effect,
    Holdout,
    Increment,
    Joint,
    Recommendation,
    Recommendations,
)
from costctl.render.numbers import at_least, count, ratio, significant, text, usd, usd_interval
from costctl.render.tables import Notes, Section, Table, as_csv


def sections(document: Recommendations) -> list[Section]:
    """Today's cost, how far the replay can be trusted, each recommendation with its grounds, the withheld ones
    with their reason.
    """
    parts: list[Section] = [_baseline(document)]
    if document.calibration:
        parts.append(_calibration(document))
    parts.append(_summary(document))
    parts.extend(_detail(advice) for advice in document.recommendations if advice.status == "recommended")
    if document.joint is not None:
        parts.append(_joint(document.joint, _span(document)))
    withheld = [advice for advice in document.recommendations if advice.status == "withheld"]
    if withheld:
        lines = tuple(f"{advice.kind}, {_subject(advice)}: {advice.reason}" for advice in withheld)
        parts.append(Notes("Withheld, and why", lines))
    return parts


def _baseline(document: Recommendations) -> Notes:
    baseline = document.baseline
    hours = significant(baseline.observed_hours)
    total, weekly = (
        at_least(usd(each), baseline.unpriced_charges) for each in (baseline.usd, baseline.usd_per_week)
    )
    lines = [f"{total} and {count(baseline.requests)} requests in the {hours} hours observed."]
    if baseline.is_weekly_given:
        lines.append(
            f"{weekly} and {count(baseline.requests_per_week)} requests a week, extrapolated from these {hours} hours: "
            "as if every hour of the week were like them."
        )
    else:
        lines.append(
            "Less than a day was observed, which tells nothing of a week: savings are those of the hours observed. "
            "--extrapolate scales them to a week all the same."
        )
    return Notes("Today", tuple(lines))


def _span(document: Recommendations) -> str:
    """Over which time savings are told."""
    baseline = document.baseline
    hours = significant(baseline.observed_hours)
    return f"per week, from {hours} h" if baseline.is_weekly_given else f"in the {hours} h observed"


def _saving(item: Recommendation | Holdout | Increment | Joint) -> Estimate | None:
    return item.saving_usd if item.saving_usd_per_week is None else item.saving_usd_per_week


def _calibration(document: Recommendations) -> Table:
    columns = ("pool", "p50 error", "p95 error", "utilisation error", "trusted", "reason")
    rows = tuple(
        (
            line.pool,
            ratio(line.p50_error_ratio),
            ratio(line.p95_error_ratio),
            ratio(line.utilisation_error_ratio),
            "yes" if line.is_trusted else "no",
            line.reason,
        )
        for line in document.calibration
    )
    return Table(
        "Replay of today's policy against what was observed", columns, rows, frozenset({"pool", "reason"})
    )


def _summary(document: Recommendations) -> Section:
    columns = ("kind", "for", f"saving {_span(document)}, 95 %", "change")
    rows = tuple(
        (
            advice.kind,
            _subject(advice),
            usd_interval(saving) if (saving := _saving(advice)) else "none claimed",
            _change(advice.change) if advice.change else "none",
        )
        for advice in document.recommendations
        if advice.status == "recommended"
    )
    if not rows:
        return Notes("Recommendations", ("None: every kind is withheld, with its reason below.",))
    return Table("Recommendations", columns, rows, frozenset({"kind", "for", "change"}))


def _subject(advice: Recommendation) -> str:
    return " on ".join(part for part in (advice.request_class, advice.pool) if part) or "all"


def _change(change: Change) -> str:
    names = [
        name for name in sorted({*change.from_, *change.to}) if change.from_.get(name) != change.to.get(name)
    ]
    return ", ".join(f"{name} {text(change.from_.get(name))} → {text(change.to.get(name))}" for name in names)


def _detail(advice: Recommendation) -> Notes:
    lines = [advice.reason]
    if advice.effects:
        over = ", ".join(dict.fromkeys(effect.over for effect in advice.effects))
        lines.append(f"Replay of {over}: {'; '.join(_effect(effect) for effect in advice.effects)}.")
    if advice.holdout is not None:
        met = {True: "met", False: "missed", None: "not observed"}[advice.holdout.is_slo_met]
        saving = _saving(advice.holdout)
        lines.append(
            f"On the part of the period that it was not fitted on: "
            f"saving {usd_interval(saving) if saving else 'not measured'}, SLO {met}."
        )
    lines.extend(f"Evidence {item.id} ({item.kind}): {item.statement}" for item in advice.evidence)
    lines.extend(f"Assumes: {assumption}" for assumption in advice.assumptions)
    if advice.reversal:
        lines.append(f"To undo: {advice.reversal}")
    return Notes(advice.id, tuple(lines))


def _joint(joint: Joint, span: str) -> Notes:
    steps = "; then ".join(f"{each.id} {usd_interval(_saving(each))}" for each in joint.order)
    return Notes(
        "Together",
        (
            f"Saving {span}: {usd_interval(_saving(joint))}, on one replay of the whole window.",
            f"In order, each by what it adds: {steps}.",
        ),
    )


def _effect(effect: Effect) -> str:
    unit = f" {effect.unit}" if effect.unit else ""
    return f"{effect.metric} {text(effect.from_)} → {text(effect.to)}{unit}"


_CSV_COLUMNS = (
    "id",
    "kind",
    "request_class",
    "pool",
    "status",
    "saving_usd_low",
    "saving_usd",
    "saving_usd_high",
    "saving_usd_per_week_low",
    "saving_usd_per_week",
    "saving_usd_per_week_high",
    "change",
    "reason",
)


def csv_text(document: Recommendations) -> str:
    """One row per recommendation, withheld ones included."""
    return as_csv(_CSV_COLUMNS, [_csv_row(advice) for advice in document.recommendations])


def _csv_row(advice: Recommendation) -> list[object]:
    savings = (advice.saving_usd, advice.saving_usd_per_week)
    return [
        advice.id,
        advice.kind,
        advice.request_class,
        advice.pool,
        advice.status,
        *(
            bound
            for saving in savings
            for bound in ((None,) * 3 if saving is None else (saving.low, saving.mid, saving.high))
        ),
        None if advice.change is None else _change(advice.change),
        advice.reason,
    ]
