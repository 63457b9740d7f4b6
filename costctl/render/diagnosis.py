"""A diagnosis: scores of the phases, the gaps in the order of what they cost, and what is fine; and as CSV."""

from __future__ import annotations

from costctl.documents.diagnosis import Check, Diagnosis, Phase, Shortfall
from costctl.render.cells import NOT_OBSERVED, Row, count, number, ratio, seconds
from costctl.render.sections import Notes, Section, Table
from costctl.render.spreadsheet import as_csv
from costctl.render.usage_gaps import usage_sections
from costctl.render.witness import witness_sections

_NOTHING_APPLIES = "n/a"
_CSV_COLUMNS = (
    "id",
    "phase",
    "about",
    "state",
    "unit",
    "expected",
    "observed",
    "ratio",
    "weight",
    "time_ratio",
    "effect",
    "add",
    "example",
    "reason",
)


def sections(document: Diagnosis) -> list[Section]:
    """Scores first, then each gap with what it does and what to add, then what is fine in one line."""
    about = {check.id: check.about for check in document.checks}
    scores = Table(
        "Maturity, 0 to 100",
        ("phase", "score", "ok", "gaps", "biggest gain"),
        tuple(_score_row(phase, about) for phase in document.phases),
        frozenset({"phase", "biggest gain"}),
    )
    gaps = [check for check in document.checks if check.state in ("missing", "partial")]
    return [
        scores,
        *usage_sections(document.usage),
        *(_gap(number, check) for number, check in enumerate(gaps, 1)),
        *witness_sections(document.witness),
        *_engines(document),
        *_others(document),
    ]


def _engines(document: Diagnosis) -> list[Section]:
    """What inference servers told of themselves, and what each fact that they leave out is for."""
    if not document.engines:
        return []
    rows: tuple[Row, ...] = tuple(
        (
            each.engine or NOT_OBSERVED,
            each.model or NOT_OBSERVED,
            count(each.engines),
            count(each.samples),
            seconds(each.median_interval_s),
            "; ".join(f"{fact.about} ({fact.for_what})" for fact in each.untold) or "nothing",
        )
        for each in document.engines
    )
    columns = ("engine", "model", "replicas", "samples", "every", "not told (what it is for)")
    return [Table("Engines' own metrics", columns, rows, frozenset({"engine", "model", columns[-1]}))]


def _score_row(phase: Phase, about: dict[str, str]) -> Row:
    best = (
        ""
        if phase.next_check is None
        else f"{about[phase.next_check]} (+{number(phase.next_points, places=0)})"
    )
    score = number(phase.score, _NOTHING_APPLIES, places=0)
    return (phase.phase, score, count(phase.ok), count(phase.gaps), best)


def _gap(number: int, check: Check) -> Notes:
    lacking = [each for each in check.dialects if each.observed < each.expected]
    lines = [check.effect]
    if check.shortfall is not None:
        lines.append(_low(check.shortfall))
    if check.state == "partial" and check.time_ratio:
        lines.append(f"Calls without it hold {ratio(check.time_ratio)} of the model time.")
    if len(check.dialects) > 1 and lacking and check.unit != "entries":
        missing = ", ".join(
            f"{each.dialect} ({count(each.missing)} of {count(each.expected)})" for each in lacking
        )
        lines.append(f"Missing in: {missing}.")
    lines.append(f"Add {check.add}:")
    return Notes(f"{number}. {_said(check)}", tuple(lines), check.example)


def _said(check: Check) -> str:
    head = f"[{check.phase}] {check.about}"
    if check.unit == "entries":
        return f"{head}: {count(check.observed)} of {count(check.expected)}"
    if check.unit == "ms of requests":
        return f"{head}: {ratio(check.ratio)} of the time"
    if check.state == "missing":
        return f"{head}: on none of {count(check.expected)} {check.unit}"
    return f"{head}: not on {count(check.missing)} of {count(check.expected)} {check.unit}"


def _low(shortfall: Shortfall) -> str:
    return (
        f"The sum of {count(shortfall.known)} {shortfall.quantity} is too low: by about {count(shortfall.about)} "
        f"({ratio(shortfall.about_ratio)}), by at most {count(shortfall.at_most)} "
        f"({ratio(shortfall.at_most_ratio)}): {shortfall.assumption}."
    )


def _others(document: Diagnosis) -> list[Section]:
    fine = [_name(check) for check in document.checks if check.state == "ok"]
    moot = [
        f"{_name(check)}: {check.reason}." for check in document.checks if check.state == "not_applicable"
    ]
    seen = (
        f"{count(document.requests)} requests, {count(document.calls)} model calls, "
        f"{count(document.spans)} spans.",
        *document.notes,
    )
    return [
        Notes("OK", (f"{', '.join(fine)}." if fine else "nothing yet.",)),
        *([Notes("Not applicable", tuple(moot))] if moot else []),
        Notes("What was examined", seen),
    ]


def _name(check: Check) -> str:
    return check.id.replace("_", " ")


def csv_text(document: Diagnosis) -> str:
    """One row per check."""
    return as_csv(
        _CSV_COLUMNS,
        [[getattr(check, column) for column in _CSV_COLUMNS] for check in document.checks],
    )
