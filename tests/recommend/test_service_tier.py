"""Tiers: who can wait is advised to, who cannot is not asked, and what nobody said is shown with the line to add."""

from __future__ import annotations

from dataclasses import replace

import polars as pl
import pytest

from costctl.documents.recommendations import Recommendation
from costctl.documents.settings import ClassSettings, Settings, Slo
from costctl.pricing.prices import price_tables
from costctl.rebill.calls import PRICED_BY
from costctl.rebill.tier_rules import tier_rules
from costctl.recommend.bought.evaluator import evaluated
from costctl.recommend.bought.kinds.service_tier import propose
from costctl.recommend.bought.study import BoughtStudy, bought_study_of
from tests.recommend.studied_shop import WINDOW_S

DAY = "2026-11-24"


def advice(shop_study: BoughtStudy, name: str, declared: ClassSettings | None = None) -> Recommendation:
    settings = Settings() if declared is None else Settings(classes={name: declared})
    asked = replace(shop_study, settings=settings)
    (found,) = (each for each in propose(asked) if each.subject.request_class == name)
    return evaluated(asked, found)


def sold_at(shop_study: BoughtStudy, name: str, **sold: pl.Expr) -> BoughtStudy:
    """The shop_study of the same calls, of which one class went to another tier, or took longer."""
    own = pl.col("request_class") == name
    frame = shop_study.calls.frame.with_columns(
        pl.when(own).then(value).otherwise(pl.col(column)).alias(column) for column, value in sold.items()
    )
    calls = replace(shop_study.calls, frame=frame)
    again = bought_study_of(calls, shop_study.settings, shop_study.prices, WINDOW_S, seed=0)
    assert again is not None
    return again


def test_who_is_declared_deferrable_is_advised_and_who_says_nothing_is_shown_the_line(
    shop_study: BoughtStudy,
) -> None:
    assert advice(shop_study, "digest", ClassSettings(deferrable=True)).status == "recommended"
    silent = advice(shop_study, "digest")
    assert (silent.status, silent.missing) == ("candidate", ("classes.digest.deferrable = true",))


def test_an_objective_that_a_batch_keeps_is_slack_and_one_that_it_misses_rules_it_out(
    shop_study: BoughtStudy,
) -> None:
    patient = advice(shop_study, "digest", ClassSettings(slo=Slo(e2e_p95="24h")))
    assert (patient.status, patient.change[0].to) == ("recommended", "batch")
    hasty = advice(shop_study, "digest", ClassSettings(slo=Slo(e2e_p95="8s")))
    assert (hasty.status, hasty.withheld_as) == ("withheld", "ruled_out")
    assert "24 h" in hasty.reason


def test_who_can_wait_and_has_an_objective_that_is_shorter_is_told_of_both_lines(
    shop_study: BoughtStudy,
) -> None:
    found = advice(shop_study, "digest", ClassSettings(deferrable=True, slo=Slo(e2e_p95="8s")))
    assert (found.status, found.withheld_as, found.change) == ("withheld", "ruled_out", ())
    assert all(said in found.reason for said in ("deferrable = true", "slo.e2e_p95 of 8 s", "24 h"))
    patient = advice(shop_study, "digest", ClassSettings(deferrable=True, slo=Slo(e2e_p95="24h")))
    assert (patient.status, patient.change[0].to) == ("recommended", "batch")


def test_an_agent_waits_for_each_of_its_calls(shop_study: BoughtStudy) -> None:
    assert advice(shop_study, "agent", ClassSettings(slo=Slo(e2e_p95="48h"))).status == "withheld"
    assert advice(shop_study, "agent", ClassSettings(slo=Slo(e2e_p95="2400h"))).status == "recommended"


def test_priority_is_given_up_where_calls_at_the_default_tier_are_in_time(shop_study: BoughtStudy) -> None:
    """A third of the calls went to the default tier, and took less than a second."""
    every_third = pl.int_range(pl.len()) % 3 == 0
    tier = pl.when(every_third).then(pl.lit("default")).otherwise(pl.lit("priority"))
    mixed = sold_at(shop_study, "triage", service_tier=tier)
    in_time = advice(mixed, "triage", ClassSettings(slo=Slo(e2e_p95="3s")))
    assert (in_time.status, in_time.change[0].to) == ("recommended", "default")
    late = advice(mixed, "triage", ClassSettings(slo=Slo(e2e_p95="100ms")))
    assert late.status == "withheld"


def test_how_the_default_tier_would_do_is_not_known_where_no_call_went_there(shop_study: BoughtStudy) -> None:
    always = sold_at(shop_study, "triage", service_tier=pl.lit("priority"))
    found = advice(always, "triage", ClassSettings(slo=Slo(e2e_p95="3s")))
    assert (found.status, found.change[0].to) == ("candidate", "default")
    assert found.missing == ("classes.triage.deferrable = true",)


def test_where_most_of_a_class_reads_from_a_cache_a_batch_is_to_be_tried_first(
    shop_study: BoughtStudy,
) -> None:
    found = advice(shop_study, "cached", ClassSettings(deferrable=True))
    assert (found.status, found.missing) == ("candidate", ())
    assert found.before is not None
    (without,) = (each for each in found.evidence if each.id == "without_cache")
    own = shop_study.calls.of_class("cached")
    read, other = (
        float(sum(shop_study.calls.tokens[kind][own].sum() for kind in kinds))
        for kinds in (("input", "cached_input", "cache_write", "cache_write_1h"), ("output",))
    )
    assert f"would cost {(read * 1.5 + other * 7.5) / 1e6:.2f} USD" in without.statement


@pytest.mark.parametrize(
    ("provider", "model", "of_the_default"),
    [
        ("google", "gemini-2.5-flash", 1.0),
        ("openai", "gpt-4.1", 1.0),
        ("anthropic", "claude-sonnet-4-5", 0.5),
    ],
)
def test_batch_and_cache_are_both_taken_off_only_where_the_provider_does(
    provider: str, model: str, of_the_default: float
) -> None:
    asked = pl.DataFrame(
        [(provider, model, DAY, tier, "global") for tier in ("default", "batch")], PRICED_BY, orient="row"
    )
    prices = price_tables(asked).token_prices.filter(pl.col("token_kind") == "cached_input")
    usd = dict(prices.select("service_tier", "usd_per_token").iter_rows())
    assert usd["batch"] == pytest.approx(of_the_default * usd["default"])


def test_each_rule_has_a_source_and_a_day() -> None:
    assert len({(each.provider, each.tier) for each in tier_rules()}) == len(tier_rules())
    assert all(each.source.startswith("https://") and each.delay.endswith(".") for each in tier_rules())
