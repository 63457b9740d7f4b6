"""What does a shop really pay, and what would it pay if one application did something otherwise?

In: a shop and its traffic. Out: USD, by prices that stand beside the providers' rules in ``provider``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from costctl.synth.shop.bounds import bounded
from costctl.synth.shop.provider import Usage, usage_of, usd_of
from costctl.synth.shop.traffic import Call
from costctl.synth.shop.world import Shop

SCHEMA_VERSION: Final = "costctl.truth.shop/v1"


class AppTruth(msgspec.Struct, frozen=True):
    """One application: its requests, the calls that were answered, their tokens, and USD."""

    name: str
    requests: int
    calls: int
    input_tokens: int
    cached_tokens: int
    written_tokens: int
    output_tokens: int
    usd: float


class ShopTruth(msgspec.Struct, frozen=True):
    """What is true of a shop. usd: of all its applications."""

    schema_version: str
    world: str
    seed: int
    usd: float
    apps: tuple[AppTruth, ...]


def truth_of(shop: Shop, calls: Sequence[Call], usages: Sequence[Usage | None]) -> ShopTruth:
    """The bill, by application."""
    apps = tuple(_app(shop, number, calls, usages) for number in range(len(shop.apps)))
    return ShopTruth(SCHEMA_VERSION, shop.name, shop.seed, sum(app.usd for app in apps), apps)


def bill_usd(shop: Shop, calls: Sequence[Call]) -> float:
    """The whole bill for this traffic; of ``shop.changed(...)``, what it would be."""
    calls = bounded(shop, calls)
    usages = usage_of(shop, calls)
    return sum(usd_of(shop.apps[call.app], usage) for call, usage in zip(calls, usages, strict=True))


def _app(shop: Shop, number: int, calls: Sequence[Call], usages: Sequence[Usage | None]) -> AppTruth:
    app = shop.apps[number]
    own = [(call, usage) for call, usage in zip(calls, usages, strict=True) if call.app == number]
    counted = [usage for _, usage in own if usage is not None]
    return AppTruth(
        name=app.name,
        requests=len({call.request for call, _ in own}),
        calls=len(counted),
        input_tokens=sum(usage.input for usage in counted),
        cached_tokens=sum(usage.cached for usage in counted),
        written_tokens=sum(usage.written for usage in counted),
        output_tokens=sum(usage.output for usage in counted),
        usd=sum(usd_of(app, usage) for usage in counted),
    )
