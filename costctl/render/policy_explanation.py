"""Why a policy says what it says, for a person who reviews it.

In: the document. Out: sections: a table of settings with what each rests on, and what is expected of changes.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Final

from costctl.documents.policy import Expectation, PolicyEvidence
from costctl.documents.policy_explanation import PolicyExplanation, SettingExplained
from costctl.render.numbers import plural, significant
from costctl.render.sections import Facts, Section, Table
from costctl.render.spreadsheet import as_csv
from costctl.render.view import View

_COLUMNS: Final = ("setting", "value", "rests on")
_EXPECTED_COLUMNS: Final = ("metric", "of", "expected", "unit", "evidence")
_CSV_COLUMNS: Final = ("of", "setting", "value", "kind", "statement", "samples", "pointer")
_NOTHING: Final = "nothing that the policy names"


def screen(document: PolicyExplanation, _view: View) -> list[Section]:
    """All of it, and where its evidence goes on to requests."""
    return [*sections(document), Facts((("Next", _following(document)),))]


def sections(document: PolicyExplanation) -> list[Section]:
    """A table for each class and backend, and what changes are expected to do."""
    tables = [
        Table(of, _COLUMNS, tuple(map(_row, found)), frozenset(_COLUMNS))
        for of, found in itertools.groupby(document.settings, lambda each: each.of)
    ]
    head = Facts((("", f"{document.policy.name}: {plural(len(document.settings), 'setting')}"),))
    expected = (
        [Table("What changes are expected to do", _EXPECTED_COLUMNS, _expected(document.expected), _TEXTS)]
        if document.expected
        else []
    )
    return [head, *tables, *expected]


_TEXTS: Final = frozenset(_EXPECTED_COLUMNS)


def csv_text(document: PolicyExplanation) -> str:
    """A row for each setting and each fact that it rests on; a setting without one has a row of its own."""
    return as_csv(_CSV_COLUMNS, [row for each in document.settings for row in _csv_rows(each)])


def _csv_rows(each: SettingExplained) -> list[list[object]]:
    facts: Sequence[PolicyEvidence | None] = each.facts or (None,)
    return [
        [
            each.of,
            each.setting,
            each.value,
            None if fact is None else fact.kind,
            None if fact is None else fact.statement,
            None if fact is None else fact.samples,
            each.pointer,
        ]
        for fact in facts
    ]


def _row(each: SettingExplained) -> tuple[str, ...]:
    return (each.setting, each.value, " ".join(map(_said, each.facts)) or _NOTHING)


def _said(fact: PolicyEvidence) -> str:
    parts: list[str] = [fact.kind]
    if fact.samples is not None:
        parts.append(plural(fact.samples, "sample"))
    if fact.value is not None:
        value = fact.value
        parts.append(f"{significant(value.mid)} ({significant(value.low)} to {significant(value.high)})")
    return f"{fact.statement} [{', '.join(parts)}]"


def _expected(found: Sequence[Expectation]) -> tuple[tuple[str, ...], ...]:
    return tuple(
        (each.metric, each.request_class or each.pool or "all", _change(each), each.unit, each.evidence)
        for each in found
    )


def _change(each: Expectation) -> str:
    if each.estimate is not None:
        value = each.estimate
        return f"{significant(value.mid)} ({significant(value.low)} to {significant(value.high)})"
    if each.baseline is None or each.proposed is None:
        return "not said"
    return f"{significant(each.baseline)} → {significant(each.proposed)}"


def _following(document: PolicyExplanation) -> str:
    commands = [
        *(f"costctl recommend --show {name}" for name in document.advice[:1]),
        *(f"costctl explain {name}" for name in document.request_classes[:1]),
    ]
    return " · ".join(commands) or "costctl explain CLASS"
