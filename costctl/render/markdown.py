"""Sections as GitHub-flavoured markdown."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from costctl.legible import in_one_line, legible
from costctl.render.sections import Facts, HeatMap, Listing, Notes, Section, Table, shaded

_MARKS: Final = re.compile(r"[\\`*_\[\]<>#|~&$]")
_LINKS: Final = re.compile(
    r"@|:(?=//)|(?<=[wW]{3})\."
)  # of which viewers make mentions and links by themselves


def as_markdown(sections: Iterable[Section]) -> str:
    """The sections, each under its title, with empty lines between."""
    return legible("\n".join(part for section in sections for part in _parts(section)))


def _parts(section: Section) -> list[str]:
    """Paragraphs, each of which ends with a line feed."""
    if isinstance(section, Facts):
        return ["".join(f"- {_fact(label, said)}\n" for label, said in section.lines)]
    title = f"## {section.title}\n"
    match section:
        case Notes():
            lines = "\n".join(f"- {line}" for line in section.lines) + "\n"
            return [title, lines, *([f"```\n{section.code}\n```\n"] if section.code else [])]
        case Listing():
            return [title, f"```{section.language}\n{section.text.rstrip()}\n```\n"]
        case HeatMap():
            return [title, section.legend + "\n", _table(_as_table(section))]
        case Table(is_compact=True) if section.title == section.columns[0]:
            return [_table(section)]  # the head of the first column says it
        case Table():
            return [title, _table(section)]


def _fact(label: str, said: str) -> str:
    return f"**{label}** {said}" if label else said


def _table(section: Table) -> str:
    rule = ["---" if column in section.left else "---:" for column in section.columns]
    lines = [section.columns, tuple(rule), *section.texts()]
    return "\n".join("| " + " | ".join(_escaped(cell) for cell in line) + " |" for line in lines) + "\n"


def _as_table(section: HeatMap) -> Table:
    rows = tuple((name, *(shaded(cell, section).rstrip() for cell in cells)) for name, cells in section.rows)
    return Table(section.title, (section.corner, *section.columns), rows, frozenset({section.corner}))


def as_literal(text: str) -> str:
    """Any text, so that markdown shows it as it is: no link, image, mark-up, mention or tag comes of it."""
    spelled = _MARKS.sub(r"\\\g<0>", in_one_line(text))
    return _LINKS.sub(lambda found: "".join(f"&#{ord(each)};" for each in found[0]), spelled)


def _escaped(cell: str) -> str:
    return cell.replace("|", "\\|").replace("\n", " ")
