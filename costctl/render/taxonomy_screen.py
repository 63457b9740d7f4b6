"""The first screen of learned classes: which kinds of request were found, and are their rules any good?"""

from __future__ import annotations

from typing import Final

from costctl.documents.taxonomy import Taxonomy
from costctl.render.cells import count, ratio, tokens
from costctl.render.numbers import plural
from costctl.render.sections import Facts, Section, Table, first
from costctl.render.taxonomy import counts_of, quality
from costctl.render.view import View

_MOST_CLASSES: Final = 10
_MOST_NOTES: Final = 2
_COUNTS: Final = "median counts"


def screen(document: Taxonomy, view: View) -> list[Section]:
    """The classes that were found, how good their rules are, and how to use them."""
    shown, hidden = first(document.clusters, view.top or _MOST_CLASSES)
    rows = tuple(
        (
            cluster.name,
            count(cluster.requests),
            ratio(cluster.ratio),
            tokens(cluster.features.prompt_tokens),
            tokens(cluster.features.output_tokens),
            ratio(cluster.agreement_ratio),
            counts_of(cluster),
        )
        for cluster in shown
    )
    columns = ("class", "requests", "share", "median in", "median out", "rules agree", _COUNTS)
    found = Table(
        "CLASS FOUND",
        columns,
        rows,
        frozenset({"class", _COUNTS}),
        is_compact=True,
        least=(_COUNTS, "median out", "median in", "share"),
    )
    more = [("", f"{plural(hidden, 'smaller class')}: see --detail")] if hidden else []
    lines = [(label, said) for label, said in zip(("QUALITY", "", ""), quality(document), strict=False)]
    shown_notes, more_notes = first(document.notes, _MOST_NOTES)
    notes = [("NOTES" if place == 0 else "", note) for place, note in enumerate(shown_notes)]
    if more_notes:
        notes.append(("", f"{plural(more_notes, 'more note')}: see --detail"))
    use = f"{view.command('segment --learn --rules-out rules.toml')}, then {view.command('analyze --rules rules.toml')}"
    return [found, Facts((*more, *lines, *notes, ("Next", use)))]
