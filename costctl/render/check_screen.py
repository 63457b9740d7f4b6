"""The first screen of ``costctl check``: breached or not, which, by how much, what to do."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from costctl.documents.check import Check, Verdict
from costctl.render import check_words
from costctl.render.cells import Row
from costctl.render.numbers import plural
from costctl.render.sections import Facts, Section, Table, first
from costctl.render.view import View

_MOST_ROWS: Final = 8
_MOST_REASONS: Final = 2
_MOST_COMMANDS: Final = 2


def screen(document: Check, view: View) -> list[Section]:
    """Breached ones first; those that hold as far as there is room."""
    lines = (("", check_words.headline(document)), ("", check_words.compared(document)))
    return [
        Facts(lines),
        _table(document.verdicts),
        Facts((*_reasons(document), ("Next", " · ".join(_commands(document, view))))),
    ]


def _table(verdicts: Sequence[Verdict]) -> Table:
    shown, hidden = first(verdicts, _MOST_ROWS)
    rows: list[Row] = [
        (
            check_words.brief(each),
            check_words.found(each),
            check_words.limit(each),
            check_words.outcome(each),
        )
        for each in shown
    ]
    if hidden:
        rows.append((f"{hidden} more: --detail", "", "", ""))
    columns = ("check", "found", "limit", "outcome")
    breached = frozenset(number for number, each in enumerate(shown) if each.outcome == "breached")
    return Table(
        "check", columns, tuple(rows), frozenset({"check", "outcome"}), is_compact=True, warnings=breached
    )


def _reasons(document: Check) -> Iterable[tuple[str, str]]:
    """Why some cannot be said, each reason once."""
    said = [
        f"{check_words.brief(each)}: {check_words.reason(each, document)}"
        for each in document.verdicts
        if each.outcome == "cannot_say"
    ]
    shown, hidden = first(said, _MOST_REASONS)
    yield from (("Why", line) for line in shown)
    if hidden:
        yield "", f"{plural(hidden, 'more reason')}: --detail"


def _commands(document: Check, view: View) -> tuple[str, ...]:
    """What looks into the first of what is wrong; where nothing is, what to compare with next."""
    wrong = [check_words.next_command(each) for each in document.verdicts if each.outcome != "passed"]
    if not wrong:
        return (view.command("baseline save"), view.command("check --detail"))
    shown, _ = first(list(dict.fromkeys(wrong)), _MOST_COMMANDS)
    return tuple(view.command(words) for words in shown)
