"""A plan changes the bill of the classes that it names only, so that each is billed alone: the same to the last bit."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest

from costctl.documents.price_settings import PriceSettings
from costctl.levers.plan import TODAY, ClassPlan, Plan
from costctl.observation import observed
from costctl.progress import silent
from costctl.rebill.bill import Bill, bill
from costctl.rebill.by_class import BillsByClass
from costctl.rebill.calls import BoughtCalls, bought_calls_of
from costctl.rebill.rates import PriceList
from tests.synth.written_shop import small_shop_in

LIST = PriceList(PriceSettings())
WAYS = {
    "prompts kept": ClassPlan(caching="1h", breakpoints="system"),
    "prompts not kept": ClassPlan(caching="none"),
    "one deployment": ClassPlan(is_sticky=True),
    "batch": ClassPlan(service_tier="batch"),
    "another model": ClassPlan(model="gpt-4.1-nano"),
    "answers kept": ClassPlan(response_ttl_s=3600.0),
    "attempts, steps and lengths": ClassPlan(
        most_attempts=1, most_steps=2, most_input_tokens=1500, most_output_tokens=50
    ),
    "waits": ClassPlan(least_wait_s=30.0),
    "several": ClassPlan(caching="5m", service_tier="flex", response_ttl_s=900.0),
}


@pytest.fixture(scope="module")
def calls(tmp_path_factory: pytest.TempPathFactory) -> BoughtCalls:
    *_, question = small_shop_in(tmp_path_factory.mktemp("shop"))
    with observed(question, silent) as observation:
        fetch = observation.engine.fetch
        return bought_calls_of(fetch("bought_calls"), fetch("call_prompt"))


@pytest.fixture(scope="module")
def bills(calls: BoughtCalls) -> BillsByClass:
    return BillsByClass(calls, LIST)


def require_same(found: Bill, expected: Bill) -> None:
    for name in ("usd", "read", "written", "is_unknown"):
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name), err_msg=name)
    for each in fields(expected.left_out):
        np.testing.assert_array_equal(
            getattr(found.left_out, each.name), getattr(expected.left_out, each.name)
        )
    assert found.fixed_usd == pytest.approx(expected.fixed_usd)


@pytest.mark.parametrize("way", WAYS)
def test_a_plan_changes_only_the_classes_that_it_names(
    calls: BoughtCalls, bills: BillsByClass, way: str
) -> None:
    for name in ("agent", "faq"):
        others = ~calls.of_class(name)
        changed = bill(calls, Plan({name: WAYS[way]}), LIST)
        np.testing.assert_array_equal(changed.usd[others], bills.today.usd[others])
        assert not changed.left_out.is_any[others].any()


@pytest.mark.parametrize("way", WAYS)
def test_classes_billed_alone_give_the_bill_of_all(calls: BoughtCalls, bills: BillsByClass, way: str) -> None:
    plan = Plan({"agent": WAYS[way], "faq": WAYS[way], "of no call": WAYS[way]})
    require_same(bills.under(plan), bill(calls, plan, LIST))


def test_the_plan_of_today_gives_the_bill_of_today_and_asking_changes_nothing(
    calls: BoughtCalls, bills: BillsByClass
) -> None:
    bills.under(Plan({"support": ClassPlan(caching="5m")}))
    require_same(bills.under(TODAY), bill(calls, TODAY, LIST))
