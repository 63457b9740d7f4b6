"""What was written into a costctl.toml, and what its owner has to fill in."""

from __future__ import annotations

from typing import Final

from costctl.documents.initialised import Initialised
from costctl.render.numbers import count
from costctl.render.sections import Facts, Section, first
from costctl.render.view import View

_MOST_POOLS: Final = 4
_KINDS: Final = {
    "pool": ("pools", "found by the service that served the calls"),
    "rate": ("rates of models without a price", "behind #, to be filled in"),
    "class": ("classes", "behind #, with observed latencies as objectives"),
}


def screen(document: Initialised, view: View) -> list[Section]:
    """One line for the file, one for each kind of block in it, and what comes next."""
    if not document.is_new and not document.added:
        return [
            Facts((("", f"{document.path}: nothing to add, it has all of it already."),)),
            Facts((("Next", view.command("analyze")),)),
        ]
    done = "Wrote" if document.is_new else "Added to"
    added = tuple(
        (noun, f"{count(document.added[kind])}, {what}")
        for kind, (noun, what) in _KINDS.items()
        if kind in document.added
    )
    pools, more = first(document.unpriced_pools, _MOST_POOLS)
    rest = f" and {more} more" if more else ""
    to_do = f"fill in usd_per_replica_hour of {', '.join(pools)}{rest}, then " if pools else ""
    return [
        Facts(((done, document.path), *added)),
        Facts((("Next", f"{to_do}{view.command('analyze')}"),)),
    ]
