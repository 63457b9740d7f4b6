"""The settings that take a change back (``recommend --undo``)."""

from __future__ import annotations

from costctl.documents.review import Undo
from costctl.render.recommendation_words import lever
from costctl.render.sections import Facts, Section
from costctl.render.settings import setting_value
from costctl.render.spreadsheet import as_csv
from costctl.render.view import View


def screen(document: Undo, view: View) -> list[Section]:
    """Each setting as it is to be, and what to do where that is none."""
    whose = document.request_class or document.pool or "all"
    lines = [
        (f"{whose}", f"{lever(each)} {setting_value(each.to, each.unit, is_limit=each.is_limit)}")
        for each in document.change
    ]
    if document.reversal is not None:
        lines.append(("To undo", document.reversal))
    return [
        Facts((("", f"To take back {document.id}"),)),
        Facts((*lines, ("Next", view.command(f"recommend --undo {document.id} -o undo.json")))),
    ]


def csv_text(document: Undo) -> str:
    """One row per setting."""
    rows = [[document.id, each.key, each.from_, each.to, each.unit] for each in document.change]
    return as_csv(("id", "key", "from", "to", "unit"), rows)
