"""How two policies differ, for a person who reviews the newer one.

In: the document. Out: sections: data boundaries first, then limits, then the rest.
"""

from __future__ import annotations

import itertools
import shlex
from typing import Final

from costctl.documents.policy_difference import PolicyChange, PolicyDifference
from costctl.render.cells import count
from costctl.render.numbers import plural
from costctl.render.sections import Facts, Section, Table
from costctl.render.spreadsheet import as_csv
from costctl.render.view import View

_NOTHING: Final = "nothing"
_COLUMNS: Final = ("of", "setting", "before", "after", "which is")
_CSV_COLUMNS: Final = ("matter", "of", "setting", "before", "after", "direction", "is_required", "pointer")
_WIDER: Final = {"data boundary": "wider: data may go to more places", "limit": "more is let in"}
_NARROWER: Final = {"data boundary": "narrower", "limit": "less is let in"}


def screen(document: PolicyDifference, _view: View) -> list[Section]:
    """All of it, as policies are reviewed whole, and the next command."""
    name = shlex.quote(document.new.name)
    following = (
        f"costctl policy check {name}"
        if document.problems
        else f"costctl emit --target all --policy {name} --dry-run"
    )
    return [*sections(document), Facts((("Next", following),))]


def sections(document: PolicyDifference) -> list[Section]:
    """A line that says how much differs, and a table for each matter."""
    warning = f"{document.new.name} has {plural(document.problems, 'problem')}: no file is written of it"
    unsound = [Facts((("WARNING", warning),))] if document.problems else []
    if not document.changes:
        return [*unsound, Facts((("", f"{document.new.name} says what {document.base.name} says"),))]
    tables = [
        Table(matter, _COLUMNS, tuple(map(_row, found)), frozenset(_COLUMNS), warnings=_warnings(found))
        for matter, found in (
            (matter, tuple(group))
            for matter, group in itertools.groupby(document.changes, lambda each: each.matter)
        )
    ]
    return [*unsound, Facts((("", _headline(document)),)), *tables]


def csv_text(document: PolicyDifference) -> str:
    """A row for each change."""
    rows = [[getattr(each, column) for column in _CSV_COLUMNS] for each in document.changes]
    return as_csv(_CSV_COLUMNS, rows)


def _headline(document: PolicyDifference) -> str:
    differs = (
        f"{document.new.name} differs from {document.base.name} in {plural(len(document.changes), 'setting')}"
    )
    more = f"in {count(document.widened)}" if document.widened else "in none"
    return f"{differs}; {more} data may go to more places; {plural(document.same, 'setting')} the same"


def _row(each: PolicyChange) -> tuple[str, ...]:
    return (each.of, each.setting, each.before or _NOTHING, each.after or _NOTHING, _which_is(each))


def _which_is(each: PolicyChange) -> str:
    match each.direction:
        case "wider":
            return _WIDER.get(each.matter, "")
        case "narrower":
            return _NARROWER.get(each.matter, "")
        case _:
            return ""


def _warnings(found: tuple[PolicyChange, ...]) -> frozenset[int]:
    """Boundaries that widen."""
    return frozenset(
        place
        for place, each in enumerate(found)
        if each.matter == "data boundary" and each.direction == "wider"
    )
