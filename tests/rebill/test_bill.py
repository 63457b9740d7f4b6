"""The bill run again: today's is the analysis to the micro-dollar, and a remedy saves what the world says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from costctl.documents.price_settings import PriceSettings
from costctl.errors import CostctlError
from costctl.levers.plan import ClassPlan, Plan
from costctl.observation import Question, observed
from costctl.progress import silent
from costctl.rebill.bill import bill, bill_today
from costctl.rebill.cache_rules import cache_rule_of, cache_rules
from costctl.rebill.calls import BoughtCalls, bought_calls_of
from costctl.rebill.rates import PriceList
from costctl.synth.shop.traffic import Call
from costctl.synth.shop.truth import bill_usd
from costctl.synth.shop.world import Shop
from tests.rebill.made_calls import Made, bought
from tests.synth.written_shop import small_shop_in

LIST = PriceList(PriceSettings())
MICRO_USD = 1e-6


def calls_of(question: Question) -> BoughtCalls:
    with observed(question, silent) as observation:
        fetch = observation.engine.fetch
        return bought_calls_of(fetch("bought_calls"), fetch("call_prompt"))


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> tuple[Shop, tuple[Call, ...], BoughtCalls]:
    world, calls, question = small_shop_in(tmp_path_factory.mktemp("shop"))
    return world, calls, calls_of(question)


@pytest.mark.parametrize(
    ("app", "plan", "choice"),
    [
        ("support", ClassPlan(caching="5m"), {"caching": "5m"}),
        ("support", ClassPlan(caching="1h"), {"caching": "1h"}),
        ("agent", ClassPlan(caching="5m"), {"caching": "5m"}),
        ("agent", ClassPlan(caching="1h"), {"caching": "1h"}),
        ("cached", ClassPlan(caching="none"), {"caching": "none"}),
        ("digest", ClassPlan(service_tier="batch"), {"tier": "batch"}),
        ("triage", ClassPlan(model="gpt-4.1-nano"), {"model": "gpt-4.1-nano"}),
    ],
)
def test_a_remedy_saves_what_the_world_billed_again_says(
    shop: tuple[Shop, tuple[Call, ...], BoughtCalls], app: str, plan: ClassPlan, choice: dict[str, Any]
) -> None:
    world, traffic, calls = shop
    again = bill(calls, Plan({app: plan}), LIST)
    saved = calls.today_usd.sum() - again.usd.sum()
    assert not again.is_unknown.any()
    assert saved == pytest.approx(
        bill_usd(world, traffic) - bill_usd(world.changed(app, **choice), traffic), rel=0.02
    )


def test_what_changes_nothing_costs_the_same(shop: tuple[Shop, tuple[Call, ...], BoughtCalls]) -> None:
    _, _, calls = shop
    np.testing.assert_allclose(bill_today(calls, LIST).usd, calls.today_usd, atol=MICRO_USD)
    again = bill(
        calls, Plan({"cached": ClassPlan(caching="5m")}), LIST
    )  # as it is; sizes of prefixes are estimates
    assert again.usd.sum() == pytest.approx(calls.today_usd.sum(), rel=1e-4)


def test_an_answer_is_given_again_within_its_time_to_live_and_only_to_who_asks_the_same(
    shop: tuple[Shop, tuple[Call, ...], BoughtCalls],
) -> None:
    world, traffic, calls = shop
    again = bill(calls, Plan({"faq": ClassPlan(response_ttl_s=3600.0)}), LIST)
    faq = [number for number, app in enumerate(world.apps) if app.name == "faq"]
    stored: dict[tuple[str, int], float] = {}
    served = 0
    for call in (each for each in traffic if each.app in faq):
        asked = (call.messages[0].key, call.tenant)
        if asked in stored and stored[asked] <= call.start_s <= stored[asked] + 3600.0:
            served += 1
        else:
            stored[asked] = call.end_s
    assert served > 0
    assert again.left_out.is_answered.sum() == served
    assert again.usd[again.left_out.is_answered].sum() == 0.0


def test_a_model_without_a_price_changes_nothing_and_says_so(
    shop: tuple[Shop, tuple[Call, ...], BoughtCalls],
) -> None:
    _, _, calls = shop
    again = bill(calls, Plan({"triage": ClassPlan(model="nobody-knows-it")}), LIST)
    own = calls.of_class("triage")
    assert again.is_unknown[own].all()
    np.testing.assert_allclose(again.usd, calls.today_usd)


def traces(folder: Path) -> Iterator[Path]:
    yield from (
        each for each in sorted(folder.rglob("*")) if each.is_file() and each.suffix not in (".md", ".py", "")
    )


def test_the_bill_of_today_is_the_analysis_on_every_real_trace(real_traces: Path) -> None:
    checked = 0
    for path in (*traces(real_traces), *traces(real_traces.parent / "cases")):
        if "workload" in path.parts:
            continue  # of one provider or none: hours of logs that the sessions of agents stand for
        try:
            calls = calls_of(Question(paths=(str(path),)))
        except CostctlError:
            continue  # no trace, or nothing in it
        np.testing.assert_allclose(
            bill_today(calls, LIST).usd, calls.today_usd, atol=MICRO_USD, err_msg=str(path)
        )
        checked += calls.size
    assert checked > 1000


@pytest.mark.parametrize(("blocks", "read"), [((0, 1, 19), 2000), ((0, 1, 20), 1500), ((), 2000)])
def test_a_prompt_that_grew_by_twenty_blocks_reads_its_system_prompt_alone(
    blocks: tuple[int, ...], read: int
) -> None:
    parts = (("system", 1500), ("question", 500), ("results", 8000))
    first = Made(0, 0.0, parts=parts[:2], blocks=blocks[:2])
    calls = bought([first, Made(0, 60.0, parts=parts, blocks=blocks)])
    again = bill(calls, Plan({"chat": ClassPlan(caching="5m")}), LIST)
    assert again.read.tolist() == [0, read]
    assert again.written.tolist() == [2000, 10_000 - read]


@pytest.mark.parametrize(("ttft_s", "reads"), [(None, [0, 0, 0, 2000]), (1.0, [0, 0, 2000, 2000])])
def test_calls_that_start_before_the_first_answer_begins_each_write(
    ttft_s: float | None, reads: list[int]
) -> None:
    starts_s = (0.0, 0.5, 2.0, 4.0)
    calls = bought(
        [
            Made(number, at_s, lasts_s=4.0, ttft_s=ttft_s, parts=(("system", 2000), (f"{number}", 50)))
            for number, at_s in enumerate(starts_s)
        ]
    )
    again = bill(calls, Plan({"chat": ClassPlan(caching="5m", breakpoints="system")}), LIST)
    assert again.read.tolist() == reads
    assert again.written.tolist() == [2000 - read for read in reads]


@pytest.mark.parametrize(("tokens", "read"), [(3000, 0), (4200, 4200)])
def test_the_rule_of_a_cache_is_that_of_the_model_a_call_then_goes_to(tokens: int, read: int) -> None:
    parts = (("system", tokens), ("question", 50))
    calls = bought([Made(number, 60.0 * number, parts=parts) for number in range(2)])
    other = ClassPlan(caching="5m", breakpoints="system", model="claude-haiku-4-5")  # caches from 4,096 on
    assert bill(calls, Plan({"chat": other}), LIST).read.tolist() == [0, read]


def test_what_was_read_of_a_prompt_too_short_for_the_other_model_is_paid_in_full() -> None:
    parts = (("system", 3000), ("question", 50))
    made = [Made(0, 0.0, parts=parts, written=3000), Made(1, 60.0, parts=parts, read=3000)]
    plain = [replace(call, read=0, written=0) for call in made]
    other = Plan({"chat": ClassPlan(model="claude-haiku-4-5")})
    found, full = (bill(bought(each), other, LIST) for each in (made, plain))
    assert found.read.tolist() == found.written.tolist() == [0, 0]
    np.testing.assert_allclose(found.usd, full.usd)


@pytest.mark.parametrize(
    ("provider", "model", "seller", "least_tokens"),
    [
        (None, "claude-opus-4-5-20251101", "anthropic", 4096),
        ("aws.bedrock", "us.anthropic.claude-sonnet-4-5-20250929-v1:0", "aws", 1024),
        ("gcp.vertex_ai", "claude-haiku-4-5@20251001", "google", 4096),
        ("openrouter", "anthropic/claude-sonnet-4.5", "openrouter", 1024),
        (None, "claude-opus-4-7", "anthropic", 2048),
        (None, "gpt-4.1-2025-04-14", "openai", 2048),
        (None, "gpt-5.6-sol", "openai", 1024),
    ],
)
def test_the_rule_of_a_cache_is_that_of_whom_a_call_is_priced_at(
    provider: str | None, model: str, seller: str, least_tokens: int
) -> None:
    rule = cache_rule_of(provider, model)
    assert rule is not None
    assert (rule.provider, rule.least_tokens) == (seller, least_tokens)


def test_of_the_newest_models_of_openai_what_ends_with_the_last_message_is_kept_for_half_an_hour() -> None:
    rules = [cache_rule_of("openai", model) for model in ("gpt-5.6-sol", "gpt-5.5", "gpt-4o")]
    assert [(rule.keeps, rule.ttl_s[0]) for rule in rules if rule] == [
        ("last", 1800),
        ("everywhere", 1800),
        ("everywhere", 600),
    ]


def test_each_rule_has_a_source_and_a_day_and_only_who_is_asked_looks_back_from_a_breakpoint() -> None:
    for rule in cache_rules():
        assert rule.source.startswith("https://")
        assert rule.as_of is None or rule.as_of <= rule.date
        assert list(rule.ttl_s) == sorted(rule.ttl_s)
        assert (rule.lookback_blocks is not None) == (rule.keeps == "asked")
        assert (rule.readable_from == "answer") == (rule.keeps == "asked")


def test_a_model_that_no_rule_names_has_no_known_cache() -> None:
    assert cache_rule_of("google", "gemini-2.5-pro") is None
    assert cache_rule_of(None, "a-model-of-ones-own") is None
