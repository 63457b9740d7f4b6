"""By what may the cost be told apart? Names that --by was given, known and observed, or an error that says what is.

In: names, and an engine. Out: the small tables that relations of cuts join to.
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from typing import Final

from costctl.documents.cuts import ATTRIBUTE_PREFIX, CUT_NAMES
from costctl.engine.asked_cuts import attributes_of, load_cuts
from costctl.engine.protocol import Engine
from costctl.errors import NotEnoughDataError, UsageError

_MOST_NAMED: Final = 5
_NAMES: Final = f"{', '.join(CUT_NAMES)}, {ATTRIBUTE_PREFIX}KEY"


def require_known(by: Sequence[str]) -> None:
    """Raise UsageError for a name that no cut has."""
    for name in by:
        if name in CUT_NAMES or (name.startswith(ATTRIBUTE_PREFIX) and attributes_of(name) != ("",)):
            continue
        nearest = difflib.get_close_matches(name, CUT_NAMES, n=1)
        meant = (
            f"--by {nearest[0]}"
            if nearest
            else f"--by {ATTRIBUTE_PREFIX}{name}, if it is an attribute of the traces"
        )
        raise UsageError(
            f"Unknown --by {name!r}.", why=f"The cost can be split by {_NAMES}.", next_step=f"Try {meant}."
        )


def ask_for_cuts(engine: Engine, by: Sequence[str], *, is_whole: bool = False) -> None:
    """Load what the relations of these cuts need. is_whole: every value has a row of its own.

    Raises UsageError for an attribute that nothing has, NotEnoughDataError for a name that nothing is observed of.
    """
    load_cuts(engine, by, is_whole=is_whole)
    if not by:
        return
    observed = set(engine.fetch("cut_row", ("cut",))["cut"])
    for name in by:
        if name not in observed:
            raise _nothing_has(name, engine)


def _nothing_has(name: str, engine: Engine) -> UsageError | NotEnoughDataError:
    keys = (
        engine.fetch("attribute_key")
        .sort(["spans", "attribute"], descending=[True, False])["attribute"]
        .to_list()
    )
    if name.startswith(ATTRIBUTE_PREFIX):
        asked = name.removeprefix(ATTRIBUTE_PREFIX)
        near = difflib.get_close_matches(asked, keys, n=_MOST_NAMED, cutoff=0.5) or keys[:_MOST_NAMED]
        return UsageError(
            f"No call and no request has the attribute {asked!r}.",
            why=_there_are(near),
            next_step=f"Try --by {ATTRIBUTE_PREFIX}{near[0]}." if near else f"Split the cost by {_NAMES}.",
        )
    tried = attributes_of(name)
    more = f" and {len(tried) - _MOST_NAMED} more" if len(tried) > _MOST_NAMED else ""
    return NotEnoughDataError(
        f"Nothing to split by {name}: no call and no request has one.",
        why=f"Looked for the attributes {', '.join(tried[:_MOST_NAMED])}{more}."
        if tried
        else "No source records it.",
        next_step=f"If another attribute holds it: --by {ATTRIBUTE_PREFIX}KEY. {_there_are(keys[:_MOST_NAMED])}",
    )


def _there_are(keys: Sequence[str]) -> str:
    return (
        f"Attributes that there are: {', '.join(keys)}."
        if keys
        else "Spans and emitters have no other attributes."
    )
