"""What is known of prices that the price book does not say, and where is it said?

Shape in: price_rules.toml, beside this file, strictly decoded. Shape out: ``PriceRules``; each row has its source and
the day on which it was read. A model that no row names has no rule.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fnmatch import fnmatchcase
from functools import cache
from importlib import resources
from typing import Annotated, Final

import msgspec

from costctl.pricing.price_kinds import TokenKind, UnitKind

GLOBAL: Final = "global"  # the inference_geo of a call that says none
_Globs = Annotated[tuple[str, ...], msgspec.Meta(min_length=1)]
_Factor = Annotated[float, msgspec.Meta(gt=0)]
_Window = Annotated[int, msgspec.Meta(gt=0)]


class _Row(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """provider, models: of the price book, models as globs. source: the page that says it. date: when it was read."""

    provider: str
    models: _Globs
    source: Annotated[str, msgspec.Meta(min_length=1)]
    date: date

    def holds(self, provider: str, model: str) -> bool:
        """Whether the row is about this model."""
        return provider == self.provider and any(fnmatchcase(model.lower(), glob) for glob in self.models)


class Factor(_Row, frozen=True):
    """All kinds of tokens of a call whose inference is kept in one of these places cost × factor."""

    inference_geo: _Globs
    factor: _Factor


class AsText(_Row, frozen=True):
    """Tokens of these kinds cost what text does, where the book has no price of their own."""

    kinds: Annotated[tuple[TokenKind, ...], msgspec.Meta(min_length=1)]


class Bounds(_Row, frozen=True):
    """Of this unit no fewer, or no more, are billed a call than these."""

    unit: UnitKind
    fewest: float | None = None
    most: float | None = None


class Window(_Row, frozen=True):
    """The most input tokens that the models have ever read in one call."""

    context_window: _Window


class PriceRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Every row of price_rules.toml, by its table."""

    factors: tuple[Factor, ...]
    as_text: tuple[AsText, ...]
    bounds: tuple[Bounds, ...]
    windows: tuple[Window, ...]


@cache
def price_rules() -> PriceRules:
    """The rules that ship with costctl."""
    text = (resources.files("costctl.pricing") / "price_rules.toml").read_text(encoding="utf-8")
    return msgspec.toml.decode(text, type=PriceRules)


def geo_factor(provider: str, model: str, inference_geo: str) -> Decimal | None:
    """The factor on the tokens of a call whose inference is kept there: 1 where it is kept nowhere in particular;
    None where nobody says what that costs.
    """
    if inference_geo == GLOBAL:
        return Decimal(1)
    rows = price_rules().factors
    row = next(
        (row for row in rows if inference_geo in row.inference_geo and row.holds(provider, model)), None
    )
    return None if row is None else Decimal(str(row.factor))


def is_billed_as_text(provider: str, model: str, kind: str) -> bool:
    """Whether tokens of this kind cost what text does at the provider."""
    return any(kind in row.kinds and row.holds(provider, model) for row in price_rules().as_text)


def billed_bounds(provider: str, model: str, unit: str) -> tuple[float | None, float | None]:
    """The fewest and the most of the unit that are billed of a call with any; None where there is no such bound."""
    rows = price_rules().bounds
    found = (row for row in rows if row.unit == unit and row.holds(provider, model))
    return next(((row.fewest, row.most) for row in found), (None, None))


def known_window(provider: str, model: str) -> int | None:
    """The model's context window where it has been larger than the price book says."""
    rows = price_rules().windows
    return next((row.context_window for row in rows if row.holds(provider, model)), None)
