"""How can calls tell what they would have cost without a change? By which reckoning, or why by none.

In: the settings that a promise changes. Out: the settings as they were and as advised, and how what was delivered is
told:

- ``bill``: the calls since are billed under the old setting (``outcome``);
- ``reach``: calls that are not made, and what is left out of prompts, is in no trace; but how many came so far that the
  change concerns them is, and what as many cost before (``by_reach``);
- ``answers``: a cache of answers that writes down what it gives (``answers``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal

from costctl.documents.changes import SettingChange
from costctl.documents.review import Promise
from costctl.levers.bought_levers import BOUGHT_LEVERS
from costctl.levers.lever import Lever
from costctl.levers.settings import Setting, of_lever, settings_in

ToldBy = Literal["bill", "reach", "answers"]

_TOLD_BY: Final[Mapping[str, ToldBy]] = {
    "caching": "bill",
    "breakpoints": "bill",
    "service_tier": "bill",
    "model": "bill",
    "most_attempts": "reach",
    "least_wait_s": "reach",
    "most_steps": "reach",
    "most_input_tokens": "reach",
    "response_ttl_s": "answers",
}
_WHY_NOT: Final[Mapping[str, str]] = {
    "is_sticky": "Traces do not say to which deployment a call would have gone. Leave a part of the sessions as they "
    "were, as a class of its own, to compare.",
    "most_output_tokens": "How long an answer would have been is in no trace.",
}
_NO_BILL: Final = "It changes no bill of calls: what it saves shows in what is paid for capacity."
_MIXED: Final = "Before, its calls differed in what is changed, so there is no one old bill."
_SEVERAL: Final = "It changes several things at once, of which calls tell in different ways."


@dataclass(frozen=True, slots=True)
class Rules:
    """before: the settings as they were, each way that they may have been, of what is told by a bill; the first is the
    likeliest.  after: as advised.  told_by: how; None where it cannot be told, and why_not why.
    """

    before: tuple[tuple[Setting, ...], ...]
    after: tuple[Setting, ...]
    told_by: ToldBy | None
    why_not: str = ""


def rules_of(promise: Promise) -> Rules:
    """The rules of a promise. Raises InputError where its settings are not of this version."""
    levers = [lever_of(each) for each in promise.change]
    if None in levers:
        return Rules((), (), None, _NO_BILL)
    after = settings_in(promise.change, promise.id)
    fields = [lever.field for lever in levers if lever is not None]
    unknown = next((name for name in fields if name not in _TOLD_BY), None)
    if unknown is not None:
        return Rules((), after, None, _WHY_NOT.get(unknown, _NO_BILL))
    told_by, *others = {_TOLD_BY[name] for name in fields}
    if others or (told_by != "bill" and len(after) > 1):
        return Rules((), after, None, _SEVERAL)
    if told_by != "bill":
        return Rules((), after, told_by)
    if any(each.from_ is None for each in promise.change if not _has_default(each)):
        return Rules((), after, None, _MIXED)
    return Rules(_before(promise), after, told_by)


def lever_of(change: SettingChange) -> Lever | None:
    """The lever of a change of what is bought by the token; None of any other."""
    return next((each for each in BOUGHT_LEVERS if each.id == change.lever), None)


def _has_default(change: SettingChange) -> bool:
    """Whether the setting means something where it is not observed: up to where prompts were kept."""
    return change.lever == "class.prompt_cache.until"


def _before(promise: Promise) -> tuple[tuple[Setting, ...], ...]:
    """Prompts that were kept, nobody knows up to where, were so up to the last message or the system prompt."""
    known = tuple(
        replace(
            of_lever(lever, each.request_class or "", each.from_, promise.id),
            instead_of=None if each.instead_of is None else str(each.to),
        )
        for each in promise.change
        if each.from_ is not None and (lever := lever_of(each)) is not None
    )
    caching = next((each.value for each in known if each.lever.field == "caching"), "none")
    if caching == "none" or any(each.lever.field == "breakpoints" for each in known):
        return (known,)
    until = next(lever for lever in BOUGHT_LEVERS if lever.field == "breakpoints")
    return tuple((*known, of_lever(until, known[0].subject, value)) for value in ("conversation", "system"))
