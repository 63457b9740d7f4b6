"""Recommendations as tables for people and as one flat CSV row each."""

from __future__ import annotations

from costctl.cli.render.numbers import count, ratio, significant, text, usd, usd_interval
from costctl.cli.render.tables import Notes, Section, Table, as_csv
from costctl.documents.recommendations import Change, Effect, Joint, Recommendation, Recommendations


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
        parts.append(_joint(document.joint))
    withheld = [advice for advice in document.recommendations if advice.status == "withheld"]
    if withheld:
        lines = tuple(f"{advice.kind}, {_subject(advice)}: {advice.reason}" for advice in withheld)
        parts.append(Notes("Withheld, and why", lines))
    return parts


def _baseline(document: Recommendations) -> Notes:
    baseline = document.baseline
    return Notes(
        "Today",
        (
            f"{usd(baseline.usd_per_week)} and {count(baseline.requests_per_week)} requests a week, "
            f"from {significant(baseline.observed_hours)} hours observed.",
        ),
    )


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
    columns = ("kind", "for", "saving per week, 95 %", "change")
    rows = tuple(
        (
            advice.kind,
            _subject(advice),
            usd_interval(advice.saving_usd_per_week) if advice.saving_usd_per_week else "none claimed",
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
        saving = advice.holdout.saving_usd_per_week
        lines.append(
            f"On the part of the period that it was not fitted on: "
            f"saving {usd_interval(saving) if saving else 'not measured'}, SLO {met}."
        )
    lines.extend(f"Evidence {item.id} ({item.kind}): {item.statement}" for item in advice.evidence)
    lines.extend(f"Assumes: {assumption}" for assumption in advice.assumptions)
    if advice.reversal:
        lines.append(f"To undo: {advice.reversal}")
    return Notes(advice.id, tuple(lines))


def _joint(joint: Joint) -> Notes:
    steps = "; then ".join(f"{each.id} {usd_interval(each.saving_usd_per_week)}" for each in joint.order)
    return Notes(
        "Together",
        (
            f"Saving per week {usd_interval(joint.saving_usd_per_week)}, on one replay of the whole window.",
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
    saving = advice.saving_usd_per_week
    return [
        advice.id,
        advice.kind,
        advice.request_class,
        advice.pool,
        advice.status,
        *([None] * 3 if saving is None else [saving.low, saving.mid, saving.high]),
        None if advice.change is None else _change(advice.change),
        advice.reason,
    ]
