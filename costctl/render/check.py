"""Verdicts of gates: all of them for people (``check --detail``), and one flat CSV row each. The first screen is in
``check_screen``.
"""

from __future__ import annotations

from typing import Final

from costctl.documents.check import Check, Verdict
from costctl.render import check_words
from costctl.render.sections import Facts, Notes, Section, Table
from costctl.render.spreadsheet import as_csv


def sections(document: Check) -> list[Section]:
    """All checks, and how each was judged."""
    rows = tuple(
        (
            check_words.title(each),
            check_words.found(each),
            check_words.against_baseline(each),
            check_words.limit(each),
            check_words.outcome(each),
        )
        for each in document.verdicts
    )
    columns = ("check", "found", "value, and before", "limit", "outcome")
    table = Table("Checks", columns, rows, frozenset({"check", "outcome"}), least=("value, and before",))
    why = tuple(
        f"{check_words.title(each)}: {check_words.reason(each, document)}" for each in document.verdicts
    )
    head = (("", check_words.headline(document)), ("", check_words.compared(document)))
    return [Facts(head), table, Notes("How each was judged", why)]


_COLUMNS: Final = (
    "outcome", "cause", "gate", "line", "name", "metric", "unit", "request_class", "tenant", "model", "pool", "stage",
    "objective", "limit", "limit_value", "value", "bound", "baseline", "judged", "judged_low", "judged_high", "level",
    "method", "excess", "samples", "samples_of", "samples_needed", "per", "period_from", "period_to", "seen_ratio",
    "expected", "expected_low", "expected_high", "document", "pointer",
)  # fmt: skip

_UNKNOWN: Final = (None, None, None, None, None)
_NO_PERIOD: Final = (None, None, None, None)
_NOT_EXPECTED: Final = (None, None, None)


def csv_text(document: Check) -> str:
    """One row per check."""
    return as_csv(_COLUMNS, [_row(each) for each in document.verdicts])


def _row(each: Verdict) -> list[object]:
    whose, judged, budget = dict(each.subject), each.judged, each.budget
    kinds = ("request_class", "tenant", "model", "pool", "stage", "objective")
    return [
        each.outcome, each.cause, each.gate, each.line, each.name, each.metric, each.unit,
        *(whose.get(kind) for kind in kinds), each.limit, each.limit_value, each.value, each.bound, each.baseline,
        *(_UNKNOWN if judged is None else (judged.value, judged.low, judged.high, judged.level, judged.method)),
        each.excess, each.samples, each.samples_of, each.samples_needed,
        *(_NO_PERIOD if budget is None else (budget.per, budget.from_, budget.to, budget.seen_ratio)),
        *(_NOT_EXPECTED if each.expected is None else (each.expected.mid, each.expected.low, each.expected.high)),
        each.document, each.pointer,
    ]  # fmt: skip
