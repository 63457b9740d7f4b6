"""Any document in any format: the one switch that the verbs share."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import msgspec

from costctl.documents.provenance import Provenance
from costctl.render.forms import TabularFormat
from costctl.render.markdown import as_markdown
from costctl.render.sections import Notes, Section
from costctl.render.terminal import as_terminal_text

Document = TypeVar("Document", bound=msgspec.Struct)


def rendered(
    document: Document,
    form: TabularFormat,
    sections: Callable[[Document], list[Section]],
    csv_text: Callable[[Document], str],
    said: Callable[[str], str] = str,
) -> str:
    """The document as text; JSON has every digit and field, CSV every digit, the others are rounded for
    reading. Warnings come first; CSV has no place for them (``warnings_of`` gives them to be said elsewhere).

    said: how a warning is put to a person, whose own options the commands in it repeat.
    """
    warnings = warnings_of(document)
    first = [Notes("Warnings", tuple(map(said, warnings)))] if warnings else []
    match form:
        case TabularFormat.JSON:
            return as_json(document)
        case TabularFormat.CSV:
            return csv_text(document)
        case TabularFormat.MARKDOWN:
            return as_markdown([*first, *sections(document)])
        case TabularFormat.TABLE:
            return as_terminal_text([*first, *sections(document)])


def warnings_of(document: msgspec.Struct) -> tuple[str, ...]:
    """The warnings of a document that says where it came from."""
    provenance = getattr(document, "provenance", None)
    return provenance.warnings if isinstance(provenance, Provenance) else ()


def as_json(document: object) -> str:
    """Indented JSON in the order of the struct's fields, which is the order of the reference."""
    text = msgspec.json.format(msgspec.json.encode(document, order="deterministic"), indent=2).decode()
    return f"{text}\n"
