"""How soon does a tier answer? Dated, sourced rules in ``tier_rules.toml``, read once."""

from __future__ import annotations

import datetime
from functools import cache
from importlib.resources import files

import msgspec


class TierRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One row; what each field says stands at the head of the file."""

    provider: str
    tier: str
    delay: str
    source: str
    date: datetime.date
    in_full: bool
    as_of: datetime.date | None = None
    longest_s: int | None = None


class _Rules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    rules: tuple[TierRule, ...]


@cache
def tier_rules() -> tuple[TierRule, ...]:
    """All rows."""
    text = (files("costctl.rebill") / "tier_rules.toml").read_text("utf-8")
    return msgspec.toml.decode(text, type=_Rules).rules


@cache
def tier_rule_of(provider: str | None, tier: str) -> TierRule | None:
    """What the provider says of the tier; None where nothing is known."""
    return next((each for each in tier_rules() if (each.provider, each.tier) == (provider, tier)), None)
