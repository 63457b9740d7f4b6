"""The first screen of learned classes: which kinds of request were found, and are their rules any good?"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from costctl.documents.taxonomy import Taxonomy
from costctl.render.numbers import plural
from costctl.render.sections import Facts, Section, first
from costctl.render.taxonomy import class_table, quality
from costctl.render.view import View

_MOST_CLASSES: Final = 10
_MOST_NOTES: Final = 2


def screen(document: Taxonomy, view: View) -> list[Section]:
    """The classes that were found, how good their rules are, and how to use them."""
    shown, hidden = first(document.clusters, view.top or _MOST_CLASSES)
    found = replace(
        class_table("CLASS FOUND", shown),
        is_compact=True,
        least=("median counts", "median out", "median in", "share"),
    )
    more = [("", f"{plural(hidden, 'smaller class')}: see --detail")] if hidden else []
    lines = [(label, said) for label, said in zip(("QUALITY", "", ""), quality(document), strict=False)]
    shown_notes, more_notes = first(document.notes, _MOST_NOTES)
    notes = [("NOTES" if place == 0 else "", note) for place, note in enumerate(shown_notes)]
    if more_notes:
        notes.append(("", f"{plural(more_notes, 'more note')}: see --detail"))
    use = f"{view.command('segment --learn --rules-out rules.toml')}, then {view.command('analyze --rules rules.toml')}"
    return [found, Facts((*more, *lines, *notes, ("Next", use)))]
