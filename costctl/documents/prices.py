"""costctl.prices/v2 and costctl.price_check/v2: what tokens cost on a day, and what is wrong with the rates."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final, Literal

import msgspec

from costctl.documents.witness import Witness

SCHEMA_VERSION: Final = "costctl.prices/v2"
CHECK_SCHEMA_VERSION: Final = "costctl.price_check/v2"
_SHOWN_KINDS: Final = ("input", "cached_input", "cache_write", "output")


class Price(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A price that holds while from ≤ tokens of the whole prompt < below; below is None for the last band.

    token_kind: a kind of token, or another unit by which providers sell.  usd_per_million: USD per million of it.
    source: own rates, or the price book and its entry.
    """

    provider: str | None
    model: str
    service_tier: str
    token_kind: str
    from_input_tokens: int
    below_input_tokens: int | None
    usd_per_million: float
    source: str

    @property
    def is_own(self) -> bool:
        """Whether it is of the user's own rates."""
        return self.source.startswith("own rates")

    @property
    def last_input_tokens(self) -> int | None:
        """The longest prompt of the band, in tokens; None for the last band."""
        return None if self.below_input_tokens is None else self.below_input_tokens - 1


class ModelPrices(msgspec.Struct, frozen=True, kw_only=True):
    """The prices of a model at the default service tier, for one length of prompt. usd_per_million: by the kind of
    token.  other_kinds: how many more kinds and tiers there are.
    """

    provider: str | None
    model: str
    from_input_tokens: int
    below_input_tokens: int | None
    usd_per_million: dict[str, float]
    other_kinds: int

    @property
    def last_input_tokens(self) -> int | None:
        """The longest prompt, in tokens; None for the last band."""
        return None if self.below_input_tokens is None else self.below_input_tokens - 1


def _by_model(prices: Sequence[Price]) -> tuple[ModelPrices, ...]:
    groups: dict[tuple[str | None, str, int, int | None], list[Price]] = {}
    for each in prices:
        key = (each.provider, each.model, each.from_input_tokens, each.below_input_tokens)
        groups.setdefault(key, []).append(each)
    found = []
    for (provider, model, begin, below), of in groups.items():
        usual = {each.token_kind: each.usd_per_million for each in of if each.service_tier == "default"}
        shown: dict[str, float] = {kind: usual[kind] for kind in _SHOWN_KINDS if kind in usual}
        if not shown:
            continue
        found.append(
            ModelPrices(
                provider=provider,
                model=model,
                from_input_tokens=begin,
                below_input_tokens=below,
                usd_per_million=shown,
                other_kinds=len(of) - len(shown),
            )
        )
    return tuple(found)


class Prices(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The document that ``costctl prices list --format json`` prints. as_of: the day, UTC.  asked: what the names of
    the models hold; null for all.
    """

    schema_version: str
    price_book: str
    config_sha256: str | None
    as_of: str
    prices: tuple[Price, ...]
    asked: str | None = None

    @property
    def own_models(self) -> tuple[ModelPrices, ...]:
        """The models with own rates."""
        return _by_model([each for each in self.prices if each.is_own])

    @property
    def book_models(self) -> tuple[ModelPrices, ...]:
        """The models that the price book prices."""
        return _by_model([each for each in self.prices if not each.is_own])

    @property
    def providers(self) -> tuple[tuple[str, int], ...]:
        """Models of the price book by provider, the most first."""
        models = {(each.provider or "any", each.model) for each in self.prices if not each.is_own}
        counts = Counter(provider for provider, _ in models)
        return tuple(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


class PriceFinding(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A problem with the prices to fix. subject: the model; what, why and next_step: sentences."""

    kind: Literal["gap", "refused", "unknown_model", "unpriced"]
    subject: str
    what: str
    why: str
    next_step: str


class PriceCheck(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The document that ``costctl prices verify --format json`` prints. rates: own rates looked at.

    models: that the store's calls to providers name; None where no store was looked at.  witness: what the store's
    sources say that calls cost beside what we say; None where none names an amount, or rates are refused.
    """

    schema_version: str
    price_book: str
    config_sha256: str | None
    rates: int
    models: int | None
    findings: tuple[PriceFinding, ...]
    witness: Witness | None = None
