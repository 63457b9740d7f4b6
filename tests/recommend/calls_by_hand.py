"""Calls of one class at tiers that a test says, and what is reviewed of them.

Each call reads 20,000 tokens of gpt-4.1, in a session of its own, a minute after the one before: 0.04 USD at the
default tier, half at the batch tier.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from costctl.documents.estimate import Estimate
from costctl.documents.price_settings import PriceSettings
from costctl.documents.provenance import Provenance
from costctl.documents.review import Promise, Review
from costctl.documents.settings import Settings
from costctl.levers.settings import change_of, setting
from costctl.rebill.calls import bought_calls_of
from costctl.rebill.rates import PriceList
from costctl.recommend.bought.review.document import build_review
from costctl.recommend.bought.study import BoughtStudy, bought_study_of
from costctl.units import iso_utc
from tests.relations.span_rows import chat, engine_of

START_S: Final = 1_795_478_400.0  # 2026-11-24T00:00:00Z
USD_PER_CALL: Final = 0.04
NOWHERE: Final = Provenance("", (), None, None, {}, 0)


def study_of(tiers: Sequence[str], **facts: Any) -> BoughtStudy:
    """facts: of every call, over those above."""
    return study_of_calls([{"service_tier": tier, **facts} for tier in tiers])


def study_of_calls(calls: Sequence[Mapping[str, Any]], settings: Settings | None = None) -> BoughtStudy:
    """calls: the facts of each, over those above."""
    usual = {"model_served": "gpt-4.1", "provider": "openai", "input_tokens": 20_000, "output_tokens": 0}
    spans = [
        chat(f"t{number}/call", at_s, at_s + 1.0, **{**usual, **facts})
        for number, facts in enumerate(calls)
        for at_s in [START_S + 60.0 * number]
    ]
    engine = engine_of(spans)
    bought = bought_calls_of(engine.fetch("bought_calls"), engine.fetch("call_prompt"))
    study = bought_study_of(bought, settings or Settings(), PriceList(PriceSettings()), 60.0 * len(calls), 0)
    assert study is not None
    return study


def promise_of(study: BoughtStudy, calls: int, usd: float, to: str = "batch") -> Promise:
    """What was promised on the first so many calls, for buying at another tier."""
    (name,) = study.calls.classes
    return Promise(
        id=f"service_tier.{name}",
        kind="service_tier",
        request_class=name,
        pool=None,
        advised_as="recommended",
        change=(change_of(setting("class", "service_tier", name, to), "default"),),
        promised_usd=Estimate(low=0.9 * usd, mid=usd, high=1.1 * usd, level=0.95, method="by hand"),
        window_from=iso_utc(round(START_S * 1e9)),
        window_to=iso_utc(round((START_S + 60.0 * (calls - 1) + 1.0) * 1e9)),
        calls=calls,
        reversal=None,
        made=iso_utc(0),
        document_sha256="",
    )


def review_of(study: BoughtStudy, *promises: Promise) -> Review:
    """The review, with figures a week."""
    return build_review(study, promises, NOWHERE, is_weekly_asked=True)
