"""What ``prices verify`` finds, and what ``prices list`` and ``analyze --prices-as-of`` say."""

from __future__ import annotations

import dataclasses
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from costctl import verbs
from costctl.documents.price_settings import ExchangeRate, PriceSettings, Rate
from costctl.errors import UsageError
from costctl.observation import Question
from costctl.pricing.price_checks import price_findings
from tests.conftest import unwatched

TODAY = date(2026, 11, 24)
JULY, AUGUST = date(2026, 7, 1), date(2026, 8, 1)


def whats(own: PriceSettings, models: pl.DataFrame | None = None) -> list[str]:
    return [finding.what for finding in price_findings(own, models, TODAY)]


def test_sound_rates_have_no_findings() -> None:
    rates = (Rate("ours", 1.0, until_day=JULY), Rate("ours", 2.0, from_day=JULY, currency="EUR"))
    exchange = (ExchangeRate("EUR", 1.1, from_day=JULY),)
    assert whats(PriceSettings(rates, exchange, {"prod": "openai/gpt-4o"})) == []


@pytest.mark.parametrize(
    ("rates", "what"),
    [
        (
            (Rate("ours", 1.0, until_day=JULY), Rate("ours", 2.0, from_day=AUGUST)),
            "No rate of your own for ours applies from 2026-07-01 until 2026-08-01.",
        ),
        (
            (Rate("ours", 1.0, until_day=AUGUST), Rate("ours", 2.0, from_day=JULY)),
            "Two rates for ours apply on 2026-07-01.",
        ),
        ((Rate("ours", 1.0, currency="EUR"),), "EUR has no exchange rate for 2026-11-24."),
        ((Rate("gpt-4o", 2500.0),), "The input rate for gpt-4o is far from its price in the price book."),
    ],
)
def test_a_rate_that_cannot_be_right_is_found(rates: tuple[Rate, ...], what: str) -> None:
    assert what in whats(PriceSettings(rates))


def test_a_model_without_a_price_is_found_with_the_name_that_may_be_meant() -> None:
    models = pl.DataFrame({"provider": ["openai"], "model": ["gpt-4o-mnii"], "day": ["2026-11-20"]})
    (finding,) = price_findings(PriceSettings(), models, TODAY)
    assert finding.kind == "unpriced"
    assert "Did you mean openai/gpt-4o-mini?" in finding.next_step
    (alias,) = price_findings(PriceSettings(aliases={"prod": "openai/gpt-4o-mnii"}), None, TODAY)
    assert alias.kind == "unknown_model"
    assert "Did you mean openai/gpt-4o-mini?" in alias.next_step


def test_a_rate_that_is_refused_is_told_once_however_many_days_have_calls() -> None:
    calls = pl.DataFrame(
        {"provider": ["openai"] * 2, "model": ["gpt-4o"] * 2, "day": ["2026-11-20", "2026-11-21"]}
    )
    assert whats(PriceSettings((Rate("gpt-4o", 2500.0),)), calls) == [
        "The input rate for gpt-4o is far from its price in the price book."
    ]


def test_the_list_is_of_the_day_that_was_asked_for(tmp_path: Path) -> None:
    (tmp_path / "costctl.toml").write_text("")
    for day, usd in (("2025-06-09", 10.0), ("2025-06-10", 2.0)):
        document = verbs.list_prices(tmp_path / "costctl.toml", day, "o3")
        (price,) = [
            each
            for each in document.prices
            if (each.provider, each.model, each.token_kind) == ("openai", "o3", "input")
        ]
        assert price.usd_per_million == usd


def test_the_provenance_says_as_of_which_day_calls_were_priced(short_question: Question) -> None:
    question = dataclasses.replace(short_question, prices_as_of="2026-01-01")
    assert verbs.analyze(question, unwatched).provenance.price_book.endswith(", as of 2026-01-01")


def test_a_day_that_is_none_is_refused() -> None:
    with pytest.raises(UsageError, match=r"Invalid --as-of .yesterday"):
        verbs.list_prices(None, "yesterday", None)
