"""Can calls tell what they would have cost without a change? Which bill that is, or why there is none.

In: the settings that a promise changes. Out: the settings as they were, which a bill of the calls since is run under;
or a sentence. Calls that were not made, and what was left out of prompts, is in no trace.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from costctl.documents.changes import SettingChange
from costctl.documents.review import Promise
from costctl.levers.bought_levers import BOUGHT_LEVERS
from costctl.levers.settings import Setting, of_lever, settings_in
from costctl.levers.table import Lever

_TOLD_BY_BILLS: Final = frozenset({"caching", "breakpoints", "service_tier", "model"})
_WHY_NOT: Final[Mapping[str, str]] = {
    "is_sticky": "Traces do not say to which deployment a call would have gone.",
    "response_ttl_s": "A call that a cache of your own answers is not made, and is in no trace.",
    "most_attempts": "An attempt that is not made is in no trace.",
    "most_steps": "A step that is not made is in no trace.",
    "most_input_tokens": "What is left out of a prompt is in no trace.",
    "most_output_tokens": "How long an answer would have been is in no trace.",
}
_NO_BILL: Final = "It changes no bill of calls: what it saves shows in what is paid for capacity."
_MIXED: Final = "Before, its calls differed in what is changed, so there is no one old bill."


@dataclass(frozen=True, slots=True)
class Rules:
    """before: the settings as they were, each way that they may have been; the first is the likeliest.  after: as
    advised.  why_not: why the bill before cannot be told; None where it can.
    """

    before: tuple[tuple[Setting, ...], ...]
    after: tuple[Setting, ...]
    why_not: str | None


def rules_of(promise: Promise) -> Rules:
    """Both rules of a promise. Raises InputError where its settings are not of this version."""
    levers = [lever_of(each) for each in promise.change]
    if None in levers:
        return Rules((), (), _NO_BILL)
    after = settings_in(promise.change, promise.id)
    fields = [lever.field for lever in levers if lever is not None]
    why_not = next((_WHY_NOT.get(name, _NO_BILL) for name in fields if name not in _TOLD_BY_BILLS), None)
    if why_not is None and any(each.from_ is None for each in promise.change if not _has_default(each)):
        why_not = _MIXED
    return Rules(() if why_not is not None else _before(promise), after, why_not)


def lever_of(change: SettingChange) -> Lever | None:
    """The lever of a change of what is bought by the token; None of any other."""
    return next((each for each in BOUGHT_LEVERS if each.id == change.lever), None)


def _has_default(change: SettingChange) -> bool:
    """Whether the setting means something where it is not observed: up to where prompts were kept."""
    return change.lever == "class.prompt_cache.until"


def _before(promise: Promise) -> tuple[tuple[Setting, ...], ...]:
    """Prompts that were kept, nobody knows up to where, were so up to the last message or the system prompt."""
    known = tuple(
        of_lever(lever, each.request_class or "", each.from_, promise.id)
        for each in promise.change
        if each.from_ is not None and (lever := lever_of(each)) is not None
    )
    caching = next((each.value for each in known if each.lever.field == "caching"), "none")
    if caching == "none" or any(each.lever.field == "breakpoints" for each in known):
        return (known,)
    until = next(lever for lever in BOUGHT_LEVERS if lever.field == "breakpoints")
    return tuple((*known, of_lever(until, known[0].subject, value)) for value in ("conversation", "system"))
