"""The smallest bill, run again: for what is compiled on the way, not for what comes out."""

from __future__ import annotations

from costctl.documents.price_settings import PriceSettings
from costctl.levers.plan import ClassPlan, Plan
from costctl.rebill.attempts import attempts_of
from costctl.rebill.bill import bill
from costctl.rebill.calls import BoughtCalls
from costctl.rebill.misses import misses_of
from costctl.rebill.rates import PriceList


def warm_up(calls: BoughtCalls) -> None:
    """A plan with each cache, today's misses, and who follows whom. calls: one or more."""
    prices = PriceList(PriceSettings())
    plan = ClassPlan(caching="5m", response_ttl_s=60.0)
    bill(calls, Plan(dict.fromkeys(calls.classes, plan)), prices)
    misses_of(calls, prices)
    attempts_of(calls)
