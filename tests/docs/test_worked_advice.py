"""The examples on the pages of advice on bought tokens are what costctl computes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from costctl.grades import read_grades
from costctl.pricing.prices import price_tables
from costctl.rebill.cache_play import CacheUse, Played, Use, played
from costctl.rebill.cache_rules import cache_rule_of
from costctl.rebill.calls import PRICED_BY, BoughtCalls, Prefixes
from costctl.rebill.repeats import repeats_within
from costctl.recommend.bought.split import order_free
from costctl.stats.noninferiority import Scored, answers_needed, difference
from tests.docs.page_tables import explanation, number, rows_after, text_of

MINUTE_S = 60.0
TOKENS = 2048
DAY = "2026-11-24"
KEPT_S = {"5 minutes": 300.0, "15 minutes": 900.0, "an hour": 3600.0, "a day": 86_400.0}


def micro_usd(model: str, provider: str, tier: str) -> dict[str, float]:
    """Prices of short prompts, by kind of token."""
    asked = pl.DataFrame([(provider, model, DAY, tier, "global")], PRICED_BY, orient="row")
    prices = price_tables(asked).token_prices.filter(pl.col("from_input_tokens") == 0)
    return {kind: usd * 1e6 for kind, usd in prices.select("token_kind", "usd_per_token").iter_rows()}


def same_prompt(count: int) -> Prefixes:
    """So many calls, of one and the same prompt."""
    nothing = np.zeros(count, np.int64)
    return Prefixes(
        offset=np.arange(count + 1, dtype=np.int64),
        key=nothing,
        size=np.full(count, TOKENS, np.int64),
        blocks=np.full(count, -1, np.int64),
        content=nothing,
        is_by_block=np.zeros(count, np.bool_),
    )


def cached(at_s: Sequence[float], ttl_s: float, use: Use, scope: Sequence[int]) -> Played:
    count = len(at_s)
    how = CacheUse(
        use=np.full(count, use, np.int64),
        scope=np.array(scope, np.int64),
        whole=np.full(count, TOKENS, np.int64),
        ttl_s=np.full(count, ttl_s),
        least=np.full(count, 1024, np.int64),
        step=np.full(count, 128, np.int64),
        lookback=np.zeros(count, np.int64),
        readable_s=np.array(at_s, np.float64),
    )
    return played(same_prompt(count), np.array(at_s), how)


def test_when_a_prompt_cache_pays(repository: Path) -> None:
    prices = micro_usd("claude-sonnet-4-5", "anthropic", "default")
    page = explanation(repository, "advice-prompt-cache")
    for kept, written, read, pays in rows_after(page, "kept for | p_w"):
        kind = "cache_write" if kept == "5 minutes" else "cache_write_1h"
        p, p_r, p_w = (prices[each] for each in ("input", "cached_input", kind))
        assert (number(written), number(read)) == pytest.approx((p_w / p, p_r / p))
        assert number(pays) == pytest.approx((p_w - p) / (p - p_r), abs=0.005)


def test_one_prompt_at_four_minutes(repository: Path) -> None:
    page = explanation(repository, "advice-prompt-cache")
    ratio = {"5 minutes": 1.25, "an hour": 2.0}
    rows = {kept: [number(each) for each in cells] for kept, *cells in rows_after(page, "kept for | 0 | 3")}
    assert rows.pop("not at all") == [1.0, 1.0, 1.0, 1.0, 4.0]
    for kept, cells in rows.items():
        at_s = [minute * MINUTE_S for minute in (0, 3, 9, 70)]
        found = cached(at_s, KEPT_S[kept], Use.CONVERSATION, [0] * 4)
        cost = (0.1 * found.read + ratio[kept] * found.written) / TOKENS
        assert cells == pytest.approx([*cost, cost.sum()]), kept


def test_a_conversation_that_grows_by_twenty_blocks(repository: Path) -> None:
    rows = rows_after(explanation(repository, "advice-prompt-cache"), "minute | blocks")
    at_s, blocks, tokens, *_ = (
        np.array([number(each) for each in column]) for column in zip(*rows, strict=True)
    )
    ends = [(0, 500), *zip(blocks.astype(int).tolist(), tokens.astype(int).tolist(), strict=True)]
    places = [place for call in range(len(rows)) for place in range(call + 2)]
    prefixes = Prefixes(
        offset=np.cumsum([0, *(call + 2 for call in range(len(rows)))]),
        key=np.array(places, np.int64),
        size=np.array([ends[place][1] for place in places], np.int64),
        blocks=np.array([ends[place][0] for place in places], np.int64),
        content=np.zeros(len(rows), np.int64),
        is_by_block=np.zeros(len(rows), np.bool_),
    )
    rule = cache_rule_of("anthropic", "claude-sonnet-4-5")
    assert rule is not None
    one = np.ones(len(rows), np.int64)
    how = CacheUse(
        use=one * Use.CONVERSATION,
        scope=one,
        whole=tokens.astype(np.int64),
        ttl_s=one * float(rule.ttl_s[0]),
        least=one * rule.least_tokens,
        step=one * rule.step_tokens,
        lookback=one * (rule.lookback_blocks or 0),
        readable_s=at_s * MINUTE_S,
    )
    found = played(prefixes, at_s * MINUTE_S, how)
    shown = [(number(read), number(written)) for *_, read, written in rows]
    assert shown == list(zip(found.read.tolist(), found.written.tolist(), strict=True))


def test_calls_on_two_deployments(repository: Path) -> None:
    rows = rows_after(explanation(repository, "advice-affinity"), "minute | deployment")
    at_s = [number(minute) * MINUTE_S for minute, *_ in rows]
    places = [ord(place) for _, place, *_ in rows]
    for column, scope in ((2, places), (3, [0] * 4)):
        found = cached(at_s, 600.0, Use.EVERYWHERE, scope)
        assert [number(row[column]) for row in rows] == found.read.tolist()


def test_a_call_in_a_batch(repository: Path) -> None:
    for model, *cells in rows_after(explanation(repository, "advice-service-tier"), "model | today"):
        provider = "google" if model.startswith("gemini") else "anthropic"
        today, batch = (micro_usd(model, provider, tier) for tier in ("default", "batch"))
        costs = [
            fresh * at["input"] + read * at["cached_input"] + 200 * at["output"]
            for at, fresh, read in ((today, 1000, 9000), (batch, 1000, 9000), (batch, 10_000, 0))
        ]
        assert [number(each) for each in cells] == pytest.approx(costs)


def test_a_question_at_four_minutes(repository: Path) -> None:
    at_s = np.array([0.0, 10.0, 50.0, 80.0]) * MINUTE_S
    start_ns = (at_s * 1e9).astype(np.int64)
    frame = pl.DataFrame(
        {"tenant": ["acme"] * 4, "is_failed": [False] * 4, "start_ns": start_ns, "end_ns": start_ns + 10**9}
    )
    nothing = np.zeros(4, np.int64)
    calls = BoughtCalls(frame, ("faq",), at_s, nothing, nothing, {}, same_prompt(4))
    for kept, *cells in rows_after(explanation(repository, "advice-response-cache"), "kept for | 0 | 10"):
        found = repeats_within(calls, np.full(4, KEPT_S[kept]))
        assert [each == "answered" for each in cells] == found.tolist(), kept


def test_grades_and_what_they_tell(repository: Path, tmp_path: Path) -> None:
    page = explanation(repository, "advice-model-choice")
    for passed, of, *bounds, said in rows_after(page, "the other passed"):
        found = difference(Scored(number(passed) / number(of), int(number(of))), Scored(0.9, 1000))
        shown = [number(each.replace("−", "-")) for each in bounds]
        assert shown == pytest.approx([found.mid, found.low, found.high], abs=5e-4)
        advice = "recommended" if found.low > -0.05 else "withheld" if found.high < -0.05 else "candidate"
        assert said == advice
    for rate, count in rows_after(page, "today's pass rate"):
        assert number(count) == answers_needed(number(rate) * (1 - number(rate)), 0.05)
    block = page.read_text(encoding="utf-8").split("```csv\n")[1].split("```")[0]
    (tmp_path / "grades.csv").write_text(block, encoding="utf-8")
    assert [each.model for each in read_grades(tmp_path / "grades.csv")] == ["gpt-4.1", "gpt-4.1-mini"]


def test_a_saving_that_two_changes_share(repository: Path) -> None:
    page = explanation(repository, "bought-tokens")
    saved = {frozenset[str](): 0.0}
    for one, adds, two, more in rows_after(page, "first | adds"):
        saved[frozenset({one})] = number(adds)
        saved[frozenset({one, two})] = number(adds) + number(more)
    parts = order_free(("cache", "batch"), saved.__getitem__)
    assert (
        f"the part of the cache is (60 + 30) / 2 = {parts['cache']:g}, that of the batch (20 + 50) / 2 = "
        f"{parts['batch']:g}" in text_of(page)
    )
