"""Which settings take a promise back? Those that it changed, the other way round.

In: a promise. Out: ``Undo``. A setting of which nobody knows what it was is named; the sentence of the promise says
what to do about it.
"""

from __future__ import annotations

from msgspec.structs import replace

from costctl.documents.changes import SettingChange
from costctl.documents.review import UNDO_SCHEMA_VERSION, Promise, Undo


def undo_of(promise: Promise) -> Undo:
    """The way back."""
    known = [each for each in promise.change if each.from_ is not None or each.is_limit]
    is_uncached = any(each.lever == "class.prompt_cache" and each.from_ == "none" for each in known)
    unknown = [each for each in promise.change if each not in known and not (is_uncached and _is_until(each))]
    return Undo(
        schema_version=UNDO_SCHEMA_VERSION,
        id=promise.id,
        request_class=promise.request_class,
        pool=promise.pool,
        change=tuple(map(_back, known)),
        not_a_setting=tuple(each.key for each in unknown),
        reversal=promise.reversal,
    )


def _is_until(change: SettingChange) -> bool:
    """Up to where prompts are kept: of no matter where none are."""
    return change.lever == "class.prompt_cache.until"


def _back(change: SettingChange) -> SettingChange:
    instead_of = None if change.instead_of is None else str(change.to)
    return replace(change, from_=change.to, to=change.from_, instead_of=instead_of)
