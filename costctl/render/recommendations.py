"""Recommendations: all tables for people (``recommend --detail``), and one flat CSV row each. ``screen`` is in
``recommendation_screen``.
"""

from __future__ import annotations

from costctl.documents.estimate import Estimate
from costctl.documents.recommendations import Holdout, Increment, Joint, Recommendation, Recommendations
from costctl.render.calibration import calibration_table, trust_lines
from costctl.render.cells import Row, count, low_mid_high, usd, usd_interval
from costctl.render.chains import chain_table
from costctl.render.numbers import length
from costctl.render.recommendation_words import (
    WITHHELD,
    cells,
    changes,
    effect_in_words,
    freed,
    in_words,
    line_to_add,
    missed_today,
    objectives_in_words,
    saving,
    span,
    subject,
    told,
)
from costctl.render.reuse import reuse_tables
from costctl.render.sections import Notes, Section, Table
from costctl.render.shown_by import requests_behind
from costctl.render.spreadsheet import as_csv
from costctl.render.tried import tried_tables


def sections(document: Recommendations) -> list[Section]:
    """All of it: the advice, then what was tried beside it, and what memories of other sizes would have missed."""
    return [*advised(document), *tried_tables(document), *reuse_tables(document)]


def advised(document: Recommendations) -> list[Section]:
    """What could be saved, by what, each recommendation with its grounds, the withheld ones with their reason, and how
    far the replay can be trusted.
    """
    parts: list[Section] = [_savings(document), *_summary(document)]
    for each in document.made:
        parts.extend([_detail(each), *requests_behind(each)])
    if document.candidates:
        parts.append(_candidates(document))
    if document.joint is not None and len(document.joint.order) > 1:
        parts.append(_joint(document.joint, span(document)))
    for how, title in WITHHELD.items():
        if advice := document.withheld(how):
            parts.append(Notes(f"Not recommended: {title.lower()}", reasons(advice)))
    parts.extend(chain_table(document))
    if document.calibration is not None:
        lines = (*trust_lines(document.calibration), *document.calibration.not_reproduced)
        parts.append(Notes("How far the replay can be trusted", lines))
        parts.append(calibration_table(document.calibration))
    return parts


def _candidates(document: Recommendations) -> Table:
    """What would save, with the line to add and what must be tried first."""
    columns = ("not yet", "cash", "line to add", "first")
    rows = tuple(
        (in_words(each), cells(each)[0], _lines(each), each.before or "none") for each in document.candidates
    )
    title = f"Not yet, and in no sum: USD {span(document)}"
    return Table(title, columns, rows, frozenset(columns))


def _lines(advice: Recommendation) -> str:
    return " ".join(line_to_add(name).replace("\n", " ") for name in advice.missing) or "none"


def beside_others(document: Recommendations, advice: Recommendation) -> tuple[str, ...]:
    """What it adds to those that come before it, and its part whatever the order: a sentence, where that is known."""
    order = () if document.joint is None else document.joint.order
    return tuple(f"{_step(each)}." for each in order if each.id == advice.id and each.split_usd is not None)


def _step(step: Increment) -> str:
    part = step.split_usd if step.split_usd_per_week is None else step.split_usd_per_week
    said = "" if part is None else f"; its part in any order is {usd(part)}"
    return f"adds {saving(step)}{said}"


def reasons(withheld: tuple[Recommendation, ...]) -> tuple[str, ...]:
    """A line for each reason, with all that it holds for."""
    whose: dict[str, list[str]] = {}
    for advice in withheld:
        whose.setdefault(advice.reason, []).append(f"{advice.kind}, {subject(advice)}")
    return tuple(f"{'; '.join(names)}: {reason}" for reason, names in whose.items())


def _savings(document: Recommendations) -> Notes:
    """What all that is recommended comes to, beside what is paid."""
    missed = (f"{label}: {said}." for label, said in missed_today(document))
    lines = [*_together(document), *_paid_today(document), *missed]
    return Notes("Savings", tuple(lines))


def _together(document: Recommendations) -> list[str]:
    joint, over = document.joint, span(document)
    if joint is None:
        return ["Nothing is recommended; the reasons are below."]
    cash, spare = told(joint)
    lines = ["Cash: the bill stays as it is." if cash is None else f"Cash: {usd_interval(cash)} less {over}."]
    if spare is not None:
        lines.append(
            f"Capacity freed: replica time worth {usd_interval(spare)} {over}. It is no cash: it is worth that only if "
            "other work fills it, or once enough of it lets a replica go."
        )
    return lines


def _paid_today(document: Recommendations) -> list[str]:
    baseline = document.baseline
    observed = length(baseline.observed_s)
    total, weekly = (
        usd(each).at_least(baseline.unpriced_charges) for each in (baseline.usd, baseline.usd_per_week)
    )
    lines = [f"Today: {total} for {count(baseline.requests)} requests in the {observed} observed."]
    if baseline.is_weekly_given:
        lines.append(
            f"A week: {weekly} for {count(baseline.requests_per_week)} requests, extrapolated from these {observed}: "
            "each time of day as often as a week has it."
        )
    else:
        lines.append(
            "Less than a day was observed, so figures are for that time. --extrapolate scales them to a week."
        )
    return lines


def _summary(document: Recommendations) -> list[Section]:
    has_freed = any(told(advice)[1] is not None for advice in document.made)
    columns = ("kind", "for", "cash", *(("capacity freed",) if has_freed else ()), "change")
    rows: tuple[Row, ...] = tuple(
        (
            advice.kind,
            subject(advice),
            *(cells(advice) if has_freed else cells(advice)[:1]),
            changes(advice.change),
        )
        for advice in document.made
    )
    if not rows:
        return []  # the first section has said so
    title = f"Recommendations: USD {span(document)}, with 95 % intervals"
    return [Table(title, columns, rows, frozenset({"kind", "for", "cash", "change"}))]


def _detail(advice: Recommendation) -> Notes:
    lines = [advice.reason, *(freed(each) for each in advice.freed_time)]
    if advice.effects:
        over = ", ".join(dict.fromkeys(effect.over for effect in advice.effects))
        lines.append(f"Replay of {over}: {'; '.join(effect_in_words(effect) for effect in advice.effects)}.")
    lines.extend(f"{label}: {said}" for label, said in grounds(advice))
    return Notes(advice.id, tuple(lines))


def grounds(advice: Recommendation) -> list[tuple[str, str]]:
    """What it rests on, what it assumes, and how to undo it: each with its label."""
    lines = []
    if advice.holdout is not None:
        lines.append(
            (
                "Hold-out period",
                f"{saving(advice.holdout)}{_objectives(advice.holdout)}{_regret(advice.holdout)}.",
            )
        )
    lines.extend(("Evidence", f"{item.statement} ({item.kind})") for item in advice.evidence)
    lines.extend(("Assumes", assumption) for assumption in advice.assumptions)
    if advice.reversal:
        lines.append(("To undo", advice.reversal))
    return lines


def _objectives(holdout: Holdout) -> str:
    if holdout.is_slo_met is None:
        return ""  # nothing was replayed
    if not holdout.missed:
        return f"; SLO {'met' if holdout.is_slo_met else 'missed'}"
    as_today = " as today" if holdout.is_slo_met else ""
    return f"; SLO missed{as_today}: {objectives_in_words(holdout.missed)}"


def _regret(holdout: Holdout) -> str:
    """Of what was chosen before, against what is known afterwards."""
    regret = holdout.regret_usd if holdout.regret_usd_per_week is None else holdout.regret_usd_per_week
    if regret is None:
        return ""
    return (
        f"; the best setting in hindsight would have saved {usd(regret)} more"
        if regret
        else "; best in hindsight too"
    )


def _joint(joint: Joint, over: str) -> Notes:
    steps = tuple(f"{each.id} {_step(each)}." for each in joint.order)
    return Notes(
        f"Applied one after the other, on one replay and one bill of the whole window: USD {over}", steps
    )


_SAVINGS = (
    "cash_usd",
    "cash_usd_per_week",
    "freed_usd",
    "freed_usd_per_week",
    "goodput_requests",
    "goodput_requests_per_week",
)
_CSV_COLUMNS = (
    "id",
    "kind",
    "request_class",
    "pool",
    "status",
    "withheld_as",
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
        advice.withheld_as,
        *(bound for each in estimates for bound in low_mid_high(each)),
        changes(advice.change) or None,
        advice.reason,
    ]
