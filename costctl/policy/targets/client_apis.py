"""How does a provider's interface say as what a class of requests is bought? Its words, as data.

In: a provider, a model, what its calls do, the settings of a class by the names of their levers. Out: the interface,
and those of its words that fit. The words are in client_apis.toml, each with the page that says so; nothing is guessed.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from fnmatch import fnmatchcase
from functools import cache
from importlib import resources
from typing import Any, Final

import msgspec

from costctl.documents.client_patch import ChangedIn
from costctl.pricing.provider_names import provider_id

Said = int | float | str
_ANY: Final = "*"
_NOT_SAID: Final = "-"


class Word(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One thing that an interface can be told. Fields: client_apis.toml."""

    where: dict[str, str]
    at: ChangedIn = "request"
    providers: tuple[str, ...] = (_ANY,)
    set: dict[str, Any] = {}
    leave_out: tuple[str, ...] = ()
    line: str = ""
    call: str = ""
    why_not: str = ""
    is_near: bool = False
    note: str = ""
    source: str = ""
    date: datetime.date | None = None
    as_of: datetime.date | None = None
    in_full: bool = False

    def fits(self, provider: str, settings: Mapping[str, Said]) -> bool:
        """Whether all of ``where`` is so."""
        return bool({_ANY, provider} & {*self.providers}) and all(
            name not in settings
            if value == _NOT_SAID
            else name in settings and (value == _ANY or str(settings[name]) in value.split("|"))
            for name, value in self.where.items()
        )

    @property
    def about(self) -> tuple[str, ...]:
        """The levers that it says something of."""
        return tuple(name for name, value in self.where.items() if value != _NOT_SAID)


class Api(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An interface. Fields: client_apis.toml."""

    name: str
    providers: tuple[str, ...]
    models: tuple[str, ...]
    client: str
    call: str
    words: tuple[Word, ...] = ()
    operation: str | None = None
    options: tuple[str, ...] = ()
    model: str = "model"


class _Apis(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    apis: tuple[Api, ...]


def api_of(provider: str | None, model: str | None, operation: str | None) -> Api:
    """The interface by which calls of this provider and model are bought; that of any where none is known."""
    known = _provider(provider)
    return next(
        api
        for api in apis()
        if {_ANY, known} & {*api.providers}
        and any(fnmatchcase(model or "", each) for each in api.models)
        and (api.operation == operation or _ANY in api.providers)
    )


def words_for(api: Api, provider: str | None, settings: Mapping[str, Said]) -> tuple[Word, ...]:
    """The words that fit; for levers of which the interface says nothing, those of the application."""
    known = _provider(provider)
    own = tuple(word for word in api.words if word.fits(known, settings))
    said = {name for word in own for name in word.about}
    others = apis()[-1].words if api is not apis()[-1] else ()
    return (
        *own,
        *(word for word in others if word.fits(known, settings) and not said & {*word.about}),
    )


@cache
def apis() -> tuple[Api, ...]:
    """All interfaces; the last is that of any provider."""
    text = (resources.files("costctl.policy.targets") / "client_apis.toml").read_text(encoding="utf-8")
    return msgspec.toml.decode(text, type=_Apis).apis


def read_on() -> datetime.date:
    """The day on which the latest of the pages was read."""
    return max(word.date for api in apis() for word in api.words if word.date is not None)


def _provider(written: str | None) -> str:
    return (provider_id(written) or "") if written else ""
