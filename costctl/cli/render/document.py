"""Any document in any format: the one switch that the verbs share."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import msgspec

from costctl.cli.options import TabularFormat
from costctl.cli.render.tables import Section, as_markdown, as_terminal_text

Document = TypeVar("Document", bound=msgspec.Struct)


def rendered(
    document: Document,
    form: TabularFormat,
    sections: Callable[[Document], list[Section]],
    csv_text: Callable[[Document], str],
) -> str:
    """The document as text; JSON has every digit and field, CSV every digit, the others are rounded for
    reading.
    """
    match form:
        case TabularFormat.JSON:
            return as_json(document)
        case TabularFormat.CSV:
            return csv_text(document)
        case TabularFormat.MARKDOWN:
            return as_markdown(sections(document))
        case TabularFormat.TABLE:
            return as_terminal_text(sections(document))


def as_json(document: object) -> str:
    """Indented JSON in the order of the struct's fields, which is the order of the reference."""
    return msgspec.json.format(msgspec.json.encode(document, order="deterministic"), indent=2).decode() + "\n"
