"""Sections as GitHub-flavoured markdown."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from costctl.legible import in_one_line, legible
from costctl.render.sections import Facts, HeatMap, Listing, Notes, Section, Table, shaded

_CODE: Final = re.compile(r"(`[^`]*`)")
# What acts in markdown, and nothing else: a name such as long_generation and an amount such as $4 stay as they are.
_ESCAPED: Final = re.compile(
    r"""
      \\(?=[!-/:-@\[-`{-~]|$)     # a backslash before a mark, which would take it away
    | [~`\[\]]                   # strikes, code that is not closed, links and pictures
    | \*(?!\s|$) | (?<=\S)\*      # emphasis
    | (?<![A-Za-z0-9])_ | _(?![A-Za-z0-9])
    | \$(?=[^\d\s])              # formulas
    """,
    re.VERBOSE,
)
_AT_START: Final = re.compile(r"^(?:[#>]|[-+*](?=\s|$))")  # heads, quotes, lists
# Tags, entities, mentions, issues and addresses, of which viewers make links by themselves.
_SPELLED: Final = re.compile(r"<(?=[A-Za-z/!?])|&(?=\#?\w+;)|@(?=\w)|\#(?=\d)|:(?=//)|(?<=[wW]{3})\.")


def as_markdown(sections: Iterable[Section]) -> str:
    """The sections, each under its title, with empty lines between."""
    return legible("\n".join(part for section in sections for part in _parts(section)))


def as_plain(text: str) -> str:
    """A line in which names of anyone may stand: no tag, link, mention or mark-up of theirs acts where it is shown, and
    what cannot act is left readable. Code between backticks is shown as it is.
    """
    return _AT_START.sub(r"\\\g<0>", _without_marks(text))


def as_cell(text: str) -> str:
    """The same of a cell of a table, which a bar would end, and at whose start nothing acts."""
    return _without_marks(text).replace("|", "\\|")


def _without_marks(text: str) -> str:
    parts = _CODE.split(in_one_line(text))
    return "".join(part if _CODE.fullmatch(part) else _escaped(part) for part in parts)


def _escaped(text: str) -> str:
    spelled = _SPELLED.sub(lambda found: f"&#{ord(found[0])};", text)
    return _ESCAPED.sub(lambda found: f"\\{found[0]}", spelled)


def _parts(section: Section) -> list[str]:
    """Paragraphs, each of which ends with a line feed."""
    if isinstance(section, Facts):
        return ["".join(f"- {_fact(label, said)}\n" for label, said in section.lines)]
    title = f"## {as_plain(section.title)}\n"
    match section:
        case Notes():
            lines = "\n".join(f"- {as_plain(line)}" for line in section.lines) + "\n"
            return [title, lines, *([f"```\n{section.code}\n```\n"] if section.code else [])]
        case Listing():
            return [title, f"```{section.language}\n{section.text.rstrip()}\n```\n"]
        case HeatMap():
            return [title, as_plain(section.legend) + "\n", _table(_as_table(section))]
        case Table(is_compact=True) if section.title == section.columns[0]:
            return [_table(section)]  # the head of the first column says it
        case Table():
            return [title, _table(section)]


def _fact(label: str, said: str) -> str:
    return f"**{as_plain(label)}** {as_plain(said)}" if label else as_plain(said)


def _table(section: Table) -> str:
    rule = ["---" if column in section.left else "---:" for column in section.columns]
    lines = [section.columns, tuple(rule), *section.texts()]
    return "\n".join("| " + " | ".join(as_cell(cell) for cell in line) + " |" for line in lines) + "\n"


def _as_table(section: HeatMap) -> Table:
    rows = tuple((name, *(shaded(cell, section).rstrip() for cell in cells)) for name, cells in section.rows)
    return Table(section.title, (section.corner, *section.columns), rows, frozenset({section.corner}))
