"""Which calls broke a policy, for a person who has to see to it.

In: the document. Out: sections: what was broken with its first calls, then what was kept.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import Final

from costctl.documents.policy_verification import PolicyVerification, RuleKept
from costctl.render.cells import Row, count
from costctl.render.numbers import plural
from costctl.render.sections import Facts, Section, Table, first
from costctl.render.spreadsheet import as_csv
from costctl.render.view import View

_COLUMNS: Final = ("class", "rule", "allowed", "calls checked", "broke it", "not observed")
_LEFT: Final = frozenset({"class", "rule", "allowed"})
_EXAMPLE_COLUMNS: Final = ("class", "rule", "request", "call", "what was so")
_EXAMPLE_LEFT: Final = frozenset({"class", "rule", "request", "what was so"})
_CSV_COLUMNS: Final = (
    "policy_class",
    "rule",
    "allowed",
    "checked",
    "broken",
    "unknown",
    "is_required",
    "first_trace",
)
_MOST_ROWS: Final = 7
_FIRST_COLUMNS: Final = ("first request that broke it", "call", "class", "rule")


def screen(document: PolicyVerification, view: View) -> list[Section]:
    """What was broken, and the requests that show it; what was kept stands behind --detail."""
    broken = document.broken
    shown, hidden = first(broken or document.rules, view.top or _MOST_ROWS)
    found: list[Section] = [Facts((("", headline(document)),)), *_unmatched(document)]
    if shown:
        found.append(_rules("", shown, is_compact=True))
    if hidden:
        found.append(Facts((("", f"{plural(hidden, 'more rule')}: --detail"),)))
    if broken:
        found.append(_first_requests(shown))
    return [*found, Facts((("Next", _following(document, broken)),))]


def sections(document: PolicyVerification) -> list[Section]:
    """Every rule, and the first calls that broke it."""
    broken = document.broken
    head = Facts((("", headline(document)),))
    examples = [_examples(broken)] if broken else []
    return [head, *_unmatched(document), _rules("Rules", document.rules, is_compact=False), *examples]


def csv_text(document: PolicyVerification) -> str:
    """A row for each rule."""
    return as_csv(
        _CSV_COLUMNS,
        [
            [
                *(getattr(each, column) for column in _CSV_COLUMNS[:-1]),
                each.examples[0].trace_id if each.examples else None,
            ]
            for each in document.rules
        ],
    )


def headline(document: PolicyVerification) -> str:
    """Whether the policy was kept."""
    broken = document.broken
    of = f"of {plural(len(document.rules), 'rule')} over {plural(document.calls, 'call')}"
    if not broken:
        return f"{document.policy.name} was kept wherever that can be told: none {of} was broken"
    leaks = f", {count(document.leaks)} of them required data boundaries" if document.leaks else ""
    return f"{document.policy.name} was broken: {count(len(broken))} {of}{leaks}"


def _unmatched(document: PolicyVerification) -> list[Section]:
    if document.first_unmatched is None:
        return []
    said = f"{plural(document.unmatched, 'call')} of no class of the policy, held to the default class"
    return [Facts((("", f"{said}; the first in request {document.first_unmatched}"),))]


def _following(document: PolicyVerification, broken: Sequence[RuleKept]) -> str:
    shown = next((each.examples[0].trace_id for each in broken if each.examples), None)
    if shown is not None:
        return f"costctl explain {shown}"
    return f"costctl emit --target all --policy {shlex.quote(document.policy.name)} --dry-run"


def _rules(title: str, rules: Sequence[RuleKept], *, is_compact: bool) -> Table:
    warned = frozenset(place for place, each in enumerate(rules) if each.broken)
    return Table(title, _COLUMNS, tuple(map(_row, rules)), _LEFT, is_compact, warnings=warned)


def _row(each: RuleKept) -> Row:
    rule = f"{each.rule} (required)" if each.is_required else each.rule
    return (
        each.policy_class,
        rule,
        each.allowed,
        count(each.checked),
        count(each.broken),
        count(each.unknown),
    )


def _first_requests(rules: Sequence[RuleKept]) -> Table:
    """One for each rule, in a line; what was so stands behind --detail."""
    rows = tuple(
        (one.trace_id, count(one.place), each.policy_class, each.rule)
        for each in rules
        for one in each.examples[:1]
    )
    left = frozenset({"first request that broke it", "class", "rule"})
    return Table("first request that broke it", _FIRST_COLUMNS, rows, left, is_compact=True)


def _examples(rules: Sequence[RuleKept]) -> Table:
    rows = tuple(
        (each.policy_class, each.rule, one.trace_id, count(one.place), one.said)
        for each in rules
        for one in each.examples
    )
    return Table("The first calls of each", _EXAMPLE_COLUMNS, rows, _EXAMPLE_LEFT)
