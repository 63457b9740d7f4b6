"""Any document in any format: the one switch that the verbs share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeVar

import msgspec

from costctl.documents.provenance import Provenance
from costctl.render.forms import TabularFormat
from costctl.render.markdown import as_markdown
from costctl.render.numbers import plural
from costctl.render.sections import Facts, Notes, Section, first, in_brief
from costctl.render.terminal import as_terminal_text

_MOST_WARNINGS: Final = 2
Document = TypeVar("Document", bound=msgspec.Struct)


def rendered(
    document: Document,
    form: TabularFormat,
    sections: Callable[[Document], list[Section]],
    csv_text: Callable[[Document], str],
    said: Callable[[str], str] = str,
    *,
    is_brief: bool = False,
) -> str:
    """The document as text; JSON has every digit and field, CSV every digit, the others are rounded for
    reading. Warnings come first, on a first screen (is_brief) without their details; CSV has no place for them
    (``warnings_of`` gives them to be said elsewhere).

    said: how a warning is put to a person, whose own options the commands in it repeat.
    """
    warnings = tuple(map(said, warnings_of(document)))
    head: list[Section] = []
    if warnings:
        head.append(_brief(warnings) if is_brief else Notes("Warnings", warnings))
    match form:
        case TabularFormat.JSON:
            return as_json(document)
        case TabularFormat.CSV:
            return csv_text(document)
        case TabularFormat.MARKDOWN:
            return as_markdown([*head, *sections(document)])
        case TabularFormat.TABLE:
            return as_terminal_text([*head, *sections(document)])


def _brief(warnings: tuple[str, ...]) -> Facts:
    """The first sentence of each warning, which says what is wrong."""
    shown, hidden = first([*map(in_brief, warnings)], _MOST_WARNINGS)
    lines = [("WARNING", warning) for warning in shown]
    if hidden:
        lines.append(("", f"{plural(hidden, 'more warning')}: see --detail"))
    return Facts(tuple(lines), frozenset({"WARNING"}))


def warnings_of(document: msgspec.Struct) -> tuple[str, ...]:
    """The warnings of a document that says where it came from."""
    provenance = getattr(document, "provenance", None)
    return provenance.warnings if isinstance(provenance, Provenance) else ()


def as_json(document: object) -> str:
    """Indented JSON in the order of the struct's fields, which is the order of the reference."""
    text = msgspec.json.format(msgspec.json.encode(document, order="deterministic"), indent=2).decode()
    return f"{text}\n"
