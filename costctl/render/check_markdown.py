"""Verdicts of gates as markdown, for a job's summary or a comment on a pull request. Names of the traces stay text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from costctl.documents.check import Check, Outcome, Verdict
from costctl.render import check_words
from costctl.render.document import warnings_of
from costctl.render.markdown import as_cell, as_plain
from costctl.render.numbers import plural

_HEAD: Final = "| check | found | limit | outcome |\n|---|---:|---:|---|\n"
_MARKS: Final[dict[Outcome, str]] = {"breached": "❌", "cannot_say": "❔", "passed": "✅"}


def rendered(document: Check) -> str:
    """What is breached and what cannot be said, with reasons; what holds is folded away."""
    wrong = [each for each in document.verdicts if each.outcome != "passed"]
    holds = [each for each in document.verdicts if each.outcome == "passed"]
    parts = [
        f"### {_MARKS[document.outcome]} costctl: {as_plain(check_words.headline(document))}\n",
        f"{as_plain(check_words.compared(document))}\n",
        *(f"> ⚠️ {as_plain(warning)}\n" for warning in warnings_of(document)),
    ]
    if wrong:
        parts.append(_table(wrong))
        parts.append("".join(f"- {as_plain(_why(each, document))}\n" for each in wrong))
    if holds:
        parts.append(f"<details><summary>{plural(len(holds), 'check')} that hold</summary>\n")
        parts.append(f"{_table(holds)}\n</details>\n")
    return "\n".join(parts)


def _table(verdicts: Sequence[Verdict]) -> str:
    rows = (f"| {' | '.join(map(as_cell, _cells(each)))} |\n" for each in verdicts)
    return "".join([_HEAD, *rows])


def _cells(each: Verdict) -> tuple[str, ...]:
    return (
        check_words.title(each),
        check_words.found(each),
        check_words.limit(each),
        f"{_MARKS[each.outcome]} {check_words.outcome(each)}",
    )


def _why(each: Verdict, document: Check) -> str:
    following = f"Next: costctl {check_words.next_command(each)}"
    return f"{check_words.title(each)}: {check_words.reason(each, document)} {following}"
