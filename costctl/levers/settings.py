"""What is set to what? A lever, whose it is, and a value that every part of the house can carry.

``setting`` makes one: durations are whole microseconds, as policies carry them, so that what is judged in a replay
is what can be written down. ``change_of`` and ``settings_in`` turn settings into documents and back.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Final

from costctl.documents.changes import SettingChange, Value
from costctl.errors import InputError
from costctl.levers.batch_sizes import batch_sizes_of
from costctl.levers.bought_levers import BOUGHT_LEVERS
from costctl.levers.day_hours import day_hours_of
from costctl.levers.fallbacks import fallbacks_of
from costctl.levers.lever import Lever, Owner
from costctl.levers.schedule import schedule_of
from costctl.levers.table import LEVERS
from costctl.levers.weights import weights_of
from costctl.units import US_PER_S, us_from_s

ALL_LEVERS: Final = (*LEVERS, *BOUGHT_LEVERS)


@dataclass(frozen=True, slots=True)
class Setting:
    """A lever of a pool, class or offer, and what it is set to. source: where that was said, for messages.
    instead_of: of a model, the one that is replaced; None: whatever the calls of the class go to.
    """

    lever: Lever
    subject: str
    value: Value
    source: str = field(default="", compare=False)
    instead_of: str | None = None

    @property
    def key(self) -> str:
        """Such as class.chat.queue.limit; with what is replaced where that is a part, class.chat.model[gpt-4.1]."""
        whole = key_of(self.lever, self.subject)
        return whole if self.instead_of is None else f"{whole}[{self.instead_of}]"


def key_of(lever: Lever, subject: str) -> str:
    """The key under which the lever of this pool, class or offer is named."""
    return f"{lever.owner}.{subject}.{lever.name}"


def setting(owner: Owner, name: str, subject: str, value: Value, source: str = "") -> Setting:
    """The setting of the lever ``name``. Raises ValueError where the value lies outside of its bounds."""
    lever = next(each for each in ALL_LEVERS if (each.owner, each.name) == (owner, name))
    return of_lever(lever, subject, value, source)


def of_lever(lever: Lever, subject: str, value: Value, source: str = "") -> Setting:
    """The setting, a duration to the nearest microsecond. Raises ValueError where it lies outside of the bounds."""
    if isinstance(value, int | float):
        if not lever.least <= value <= lever.most:
            raise ValueError(f"{value:g} is not within {lever.least:g} and {lever.most:g}")
        if lever.kind == "duration":
            value = us_from_s(value) / US_PER_S
    elif lever.kind == "schedule" and isinstance(value, str):
        value = schedule_of(value).text
    elif lever.kind == "sizes" and isinstance(value, str):
        value = batch_sizes_of(value).text
    elif lever.kind == "hours" and isinstance(value, str):
        value = day_hours_of(value).text
    elif lever.kind == "weights" and isinstance(value, str):
        value = weights_of(value).text
    elif lever.kind == "fallbacks" and isinstance(value, str):
        value = fallbacks_of(value).text
    elif value is None and not lever.is_limit:
        raise ValueError(f"{key_of(lever, subject)} is not a limit: it cannot be unlimited")
    return Setting(lever, subject, value, source)


def change_of(made: Setting, before: Value) -> SettingChange:
    """The setting as documents have it. before: what it was."""
    lever = made.lever
    return SettingChange(
        lever=lever.id,
        key=made.key,
        pool=made.subject if lever.owner == "pool" else None,
        request_class=made.subject if lever.owner == "class" else None,
        from_=before,
        to=made.value,
        unit=lever.unit,
        scope=lever.scope,
        is_limit=lever.is_limit,
        commitment=made.subject if lever.owner == "commitment" else None,
        instead_of=made.instead_of,
    )


def settings_in(changes: Iterable[SettingChange], of: str) -> tuple[Setting, ...]:
    """The settings of a document. of: whose changes they are. Raises InputError where one cannot be meant."""
    return tuple(replace(_setting_in(each, of), instead_of=each.instead_of) for each in changes)


def _setting_in(change: SettingChange, of: str) -> Setting:
    subject = change.pool or change.request_class or change.commitment
    found = next((lever for lever in ALL_LEVERS if lever.id == change.lever), None)
    if found is None or subject is None:
        raise InputError(
            f"{of} cannot be used.",
            why=f"It changes {change.lever}, which this version of costctl does not know, or names no subject.",
            next_step="Make the document again with this version of costctl.",
        )
    try:
        return of_lever(found, subject, change.to, of)
    except ValueError as error:
        raise InputError(
            f"{of} cannot be used.",
            why=f"{change.key}: {error}.",
            next_step="Make the document again with this version of costctl.",
        ) from error
