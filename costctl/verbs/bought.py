"""The calls that are bought by the token, fetched for what runs their bill again or asks why it was not lower."""

from __future__ import annotations

from typing import TYPE_CHECKING

from costctl.engine.protocol import Engine
from costctl.observation import Observation, day_of
from costctl.progress import Progress

if TYPE_CHECKING:
    from costctl.documents.cache_misses import CacheMisses
    from costctl.rebill.calls import BoughtCalls
    from costctl.rebill.capacity import Offers
    from costctl.rebill.misses import Misses
    from costctl.rebill.rates import PriceList


def bought_calls_in(engine: Engine, progress: Progress) -> BoughtCalls:
    """All of them, with their prompts where those are known."""
    from costctl.rebill.calls import BOUGHT_COLUMNS, bought_calls_of

    progress("Building bought_calls", None)
    return bought_calls_of(engine.fetch("bought_calls", BOUGHT_COLUMNS), engine.fetch("call_prompt"))


def price_list_of(observation: Observation) -> PriceList:
    """The prices that tokens are billed at."""
    from costctl.rebill.rates import PriceList

    as_of = day_of(observation.prices_as_of, "--prices-as-of")
    return PriceList(observation.config.settings.prices, as_of)


def offers_in(observation: Observation, window_s: float) -> Offers:
    """What could be paid for by time instead, over the window."""
    from costctl.recommend.bought.own_replicas import offers_of

    return offers_of(observation.config.settings, observation.engine.fetch("pool_call"), window_s)


def cache_misses_in(observation: Observation, progress: Progress) -> CacheMisses | None:
    """What was not read from prompt caches, and why; None where no prompt is known."""
    found = missed_calls_in(observation, progress)
    if found is None:
        return None
    from costctl.rebill.miss_report import cache_misses_of

    return cache_misses_of(*found)


def missed_calls_in(observation: Observation, progress: Progress) -> tuple[BoughtCalls, Misses] | None:
    """The same call by call. Where no prompt is known, nothing is built or compiled."""
    engine = observation.engine
    if engine.fetch("call_prompt", ("call_id",)).is_empty():
        return None
    from costctl.rebill.misses import misses_of

    calls = bought_calls_in(engine, progress)
    progress("Looking for prompt-cache misses", None)
    return calls, misses_of(calls, price_list_of(observation))
