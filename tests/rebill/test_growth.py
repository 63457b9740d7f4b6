"""What a cache could save at most, by sessions alone, is no less than what it saves where prompts are known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from costctl.documents.price_settings import PriceSettings
from costctl.levers.plan import ClassPlan, Plan
from costctl.observation import observed
from costctl.progress import silent
from costctl.rebill.bill import bill
from costctl.rebill.calls import BoughtCalls, bought_calls_of
from costctl.rebill.growth import most_saved_usd, shared_at_most
from costctl.rebill.rates import PriceList
from tests.synth.written_shop import small_shop_in

LIST = PriceList(PriceSettings())
WAYS = (
    ClassPlan(caching="5m"),
    ClassPlan(caching="1h"),
    ClassPlan(caching="5m", breakpoints="system"),
    ClassPlan(caching="1h", breakpoints="system"),
)


@pytest.fixture(scope="module")
def calls(tmp_path_factory: pytest.TempPathFactory) -> BoughtCalls:
    *_, question = small_shop_in(tmp_path_factory.mktemp("shop"))
    with observed(question, silent) as observation:
        fetch = observation.engine.fetch
        return bought_calls_of(fetch("bought_calls"), fetch("call_prompt"))


def sharing_nothing(calls: BoughtCalls) -> BoughtCalls:
    """The same calls, of which those of different sessions begin with other words."""
    prefixes = calls.prefixes
    session = np.repeat(calls.session, np.diff(prefixes.offset))
    key = session * (int(prefixes.key.max()) + 1) + prefixes.key
    return replace(calls, prefixes=replace(prefixes, key=np.unique(key, return_inverse=True)[1]))


@pytest.mark.parametrize("app", ["support", "agent", "cached"])
def test_the_bound_is_no_less_than_what_is_saved_within_sessions(calls: BoughtCalls, app: str) -> None:
    own, apart = calls.of_class(app), sharing_nothing(calls)
    most = most_saved_usd(calls, own, LIST)
    for way in WAYS:
        saved = calls.today_usd - bill(apart, Plan({app: way}), LIST).usd
        assert (saved[own] <= most[own] + 1e-9).all()
    assert not most[~own].any()


def test_the_bound_of_an_agent_that_resends_its_history_is_not_far_from_what_is_saved(
    calls: BoughtCalls,
) -> None:
    own = calls.of_class("agent")
    again = bill(sharing_nothing(calls), Plan({"agent": ClassPlan(caching="5m")}), LIST)
    saved = float((calls.today_usd - again.usd)[own].sum())
    most = float(most_saved_usd(calls, own, LIST).sum())
    assert saved < most < 1.5 * saved


def test_the_first_call_of_a_session_shares_nothing_and_no_call_more_than_its_prompt(
    calls: BoughtCalls,
) -> None:
    own = calls.of_class("support")
    whole = calls.frame["input_tokens"].fill_null(0).to_numpy().astype(np.float64)
    shared = shared_at_most(calls, own, whole)
    rows = np.flatnonzero(own)
    first = rows[np.unique(calls.session[rows], return_index=True)[1]]
    assert not shared[first].any()
    assert (shared <= whole).all()
    assert shared.any()
