"""Sections as GitHub-flavoured markdown."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from costctl.legible import in_one_line, legible
from costctl.render.sections import Facts, HeatMap, Listing, Notes, Section, Table, shaded

_TAG: Final = re.compile(r"<(?=[A-Za-z/!?])")
_LINK: Final = re.compile(r"\]\(")
_CODE: Final = re.compile(r"(`[^`]*`)")
_MARKS: Final = re.compile(r"[\\`*_\[\]<>#|~&$]")
_LINKS: Final = re.compile(
    r"@|:(?=//)|(?<=[wW]{3})\."
)  # of which viewers make mentions and links by themselves


def as_markdown(sections: Iterable[Section]) -> str:
    """The sections, each under its title, with empty lines between."""
    return legible("\n".join(part for section in sections for part in _parts(section)))


def _plain(text: str) -> str:
    """Names are anyone's text: no tag and no link of theirs is one where the text is shown. Code is shown as it is."""
    parts = _CODE.split(in_one_line(text))
    return "".join(
        part if _CODE.fullmatch(part) else _LINK.sub(r"]\\(", _TAG.sub("&lt;", part)) for part in parts
    )


def _parts(section: Section) -> list[str]:
    """Paragraphs, each of which ends with a line feed."""
    if isinstance(section, Facts):
        return ["".join(f"- {_fact(label, said)}\n" for label, said in section.lines)]
    title = f"## {_plain(section.title)}\n"
    match section:
        case Notes():
            lines = "\n".join(f"- {_plain(line)}" for line in section.lines) + "\n"
            return [title, lines, *([f"```\n{section.code}\n```\n"] if section.code else [])]
        case Listing():
            return [title, f"```{section.language}\n{section.text.rstrip()}\n```\n"]
        case HeatMap():
            return [title, _plain(section.legend) + "\n", _table(_as_table(section))]
        case Table(is_compact=True) if section.title == section.columns[0]:
            return [_table(section)]  # the head of the first column says it
        case Table():
            return [title, _table(section)]


def _fact(label: str, said: str) -> str:
    return f"**{_plain(label)}** {_plain(said)}" if label else _plain(said)


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
    return _plain(cell).replace("|", "\\|")
