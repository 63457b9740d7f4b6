"""How does a provider's prompt cache work? Dated, sourced rules in ``cache_rules.toml``, read once."""

from __future__ import annotations

import datetime
from fnmatch import fnmatchcase
from functools import cache
from importlib.resources import files
from typing import Literal

import msgspec

from costctl.pricing.model_names import Found, find_model


class CacheRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One row; what each field says stands at the head of the file."""

    provider: str
    models: tuple[str, ...]
    keeps: Literal["asked", "everywhere", "last"]
    least_tokens: int
    step_tokens: int
    ttl_s: tuple[int, ...]
    source: str
    date: datetime.date
    in_full: bool
    as_of: datetime.date | None = None
    lookback_blocks: int | None = None
    readable_from: Literal["start", "answer"] = "start"

    @property
    def is_automatic(self) -> bool:
        """It caches without being asked."""
        return self.keeps != "asked"


class _Rules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    rules: tuple[CacheRule, ...]


@cache
def cache_rules() -> tuple[CacheRule, ...]:
    """All rows, in the order in which they are asked."""
    text = (files("costctl.rebill") / "cache_rules.toml").read_text("utf-8")
    return msgspec.toml.decode(text, type=_Rules).rules


@cache
def cache_rule_of(provider: str | None, model: str | None) -> CacheRule | None:
    """The rule of a model; None where it is not known to have a cache.

    Provider and model are those of the price book, where it has them: a call that names no provider is sold by whom it
    is priced at.
    """
    if model is None:
        return None
    found = find_model(provider, model)
    seller, name = (found.provider.id, found.model.id) if isinstance(found, Found) else (provider, model)
    return next(
        (
            rule
            for rule in cache_rules()
            if rule.provider == seller and any(fnmatchcase(name.lower(), each) for each in rule.models)
        ),
        None,
    )
