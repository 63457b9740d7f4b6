"""Which clauses of a contract were broken, for a person who has to see to it.

In: the document. Out: sections: what was broken with its first requests, then what was kept or cannot be said.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import Final

from costctl.documents.contract_check import ClauseKept, ContractCheck
from costctl.render.cells import Cell, Row, count, phrase
from costctl.render.check_words import OUTCOMES
from costctl.render.numbers import plural, shortened
from costctl.render.sections import Facts, Section, Table, first
from costctl.render.spreadsheet import as_csv
from costctl.render.view import View

_COLUMNS: Final = ("interface", "clause", "allowed", "checked", "broke it", "in the draft")
_LEFT: Final = frozenset({"interface", "clause", "allowed"})
_ALL_COLUMNS: Final = (
    "interface", "clause", "allowed", "outcome", "checked", "broke it", "not observed", "in the draft",
)  # fmt: skip
_ALL_LEFT: Final = frozenset({"interface", "clause", "allowed", "outcome"})
_EXAMPLE_COLUMNS: Final = ("interface", "clause", "request", "use", "what was so")
_EXAMPLE_LEFT: Final = frozenset({"interface", "clause", "request", "what was so"})
_FIRST_COLUMNS: Final = ("first request that broke it", "interface", "clause")
_CSV_COLUMNS: Final = (
    "interface", "kind", "clause", "attribute", "allowed", "basis", "outcome", "checked", "broken", "unknown",
    "drafted_samples", "drafted_broken", "more_by", "first_trace",
)  # fmt: skip
_MOST_ROWS: Final = 7
_LONGEST_ALLOWED: Final = 24


def screen(document: ContractCheck, view: View) -> list[Section]:
    """What was broken, and a request that shows each; everything else stands behind --detail."""
    broken = document.broken
    shown, hidden = first(broken, view.top or _MOST_ROWS)
    found: list[Section] = [Facts((("", headline(document)), *_untold(document)))]
    if shown:
        warned = frozenset(range(len(shown)))
        found.append(Table("", _COLUMNS, tuple(map(_row, shown)), _LEFT, is_compact=True, warnings=warned))
    if hidden:
        found.append(Facts((("", f"{plural(hidden, 'more broken clause')}: --detail"),)))
    if any(each.examples for each in shown):
        found.append(_first_requests(shown))
    return [*found, Facts((("Next", _following(document)),))]


def sections(document: ContractCheck) -> list[Section]:
    """Every clause, and the first requests that broke it."""
    rows = tuple(map(_whole_row, document.clauses))
    broken = frozenset(place for place, each in enumerate(document.clauses) if each.outcome == "breached")
    found: list[Section] = [
        Facts((("", headline(document)), *_untold(document))),
        Table("Clauses", _ALL_COLUMNS, rows, _ALL_LEFT, warnings=broken),
    ]
    examples = tuple(
        (each.interface, _clause(each), one.trace_id, count(one.place), one.said)
        for each in document.broken
        for one in each.examples
    )
    if examples:
        found.append(Table("The first requests of each", _EXAMPLE_COLUMNS, examples, _EXAMPLE_LEFT))
    return found


def csv_text(document: ContractCheck) -> str:
    """A row for each clause."""
    rows = [
        [
            *(getattr(each, column) for column in _CSV_COLUMNS[:-1]),
            each.examples[0].trace_id if each.examples else None,
        ]
        for each in document.clauses
    ]
    return as_csv(_CSV_COLUMNS, rows)


def headline(document: ContractCheck) -> str:
    """Whether the contract was kept."""
    name, over = document.contract.name, f"over {plural(document.requests, 'request')}"
    clauses = plural(len(document.clauses), "clause")
    if document.breached:
        return f"{name} was broken: {count(document.breached)} of {clauses} {over}"
    if not document.passed:
        return f"Whether {name} was kept cannot be said: none of {clauses} can be told {over}"
    return f"{name} was kept wherever that can be told: none of {clauses} was broken {over}"


def _untold(document: ContractCheck) -> tuple[tuple[str, str], ...]:
    if not document.cannot_say:
        return ()
    also = f", {count(document.untold)} of them declared" if document.untold else ""
    said = f"{plural(document.cannot_say, 'clause')}{also} cannot be said: too few requests, or records do not tell"
    return (("", said),)


def _following(document: ContractCheck) -> str:
    shown = next((each.examples[0].trace_id for each in document.broken if each.examples), None)
    if shown is not None:
        return f"costctl explain {shown}"
    name = shlex.quote(document.contract.name)
    return f"costctl contract draft -o {name} drafts it again, and keeps what is declared"


def _row(each: ClauseKept) -> Row:
    return (
        each.interface,
        _clause(each),
        shortened(each.allowed, _LONGEST_ALLOWED),
        count(each.checked),
        count(each.broken),
        _drafted(each),
    )


def _whole_row(each: ClauseKept) -> Row:
    return (
        each.interface,
        _clause(each),
        each.allowed,
        OUTCOMES[each.outcome],
        count(each.checked),
        count(each.broken),
        count(each.unknown),
        _drafted(each),
    )


def _clause(each: ClauseKept) -> str:
    """The clause, and the attribute that it is about."""
    return (
        each.clause
        if each.attribute is None
        else f"{each.clause.removeprefix('attribute ')}: {each.attribute}"
    )


def _drafted(each: ClauseKept) -> Cell:
    if each.basis == "declared":
        return "declared"
    return phrase("{broken} of {all}", broken=count(each.drafted_broken), all=count(each.drafted_samples))


def _first_requests(clauses: Sequence[ClauseKept]) -> Table:
    """One for each clause, in a line; what was so stands behind --detail."""
    rows = tuple(
        (one.trace_id, each.interface, _clause(each)) for each in clauses for one in each.examples[:1]
    )
    return Table(
        "first request that broke it", _FIRST_COLUMNS, rows, frozenset(_FIRST_COLUMNS), is_compact=True
    )
