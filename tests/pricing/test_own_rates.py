"""One's own rates go before the price book, hold on their days, and are refused where they cannot be right."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from costctl.config import load_config
from costctl.documents.price_settings import PriceSettings
from costctl.errors import UsageError
from tests.pricing.price_rows import token_price_rows


def settings(tmp_path: Path, text: str) -> PriceSettings:
    path = tmp_path / "costctl.toml"
    path.write_text(text)
    return load_config(path, tmp_path).settings.prices


def prices(
    own: PriceSettings, model: str, day: str = "2026-11-20", provider: str | None = "openai"
) -> pl.DataFrame:
    calls = pl.DataFrame({"provider": [provider], "model": [model], "day": [day]})
    return token_price_rows(calls, own=own).with_columns((pl.col("usd_per_token") * 1e6).alias("usd"))


def by_kind(rows: pl.DataFrame) -> dict[str, float]:
    return {kind: pytest.approx(usd) for kind, usd in rows.select("token_kind", "usd").iter_rows()}


def test_an_own_rate_goes_before_the_book_and_the_source_says_so(tmp_path: Path) -> None:
    own = settings(tmp_path, '[[prices.rates]]\nprovider="openai"\nmodel="gpt-4o"\ninput=2.0\noutput=8.0\n')
    rows = prices(own, "gpt-4o")
    assert by_kind(rows) == {"input": 2.0, "cached_input": 2.0, "cache_write": 2.0, "output": 8.0}
    assert set(rows["price_source"]) == {"own rates: gpt-4o"}
    assert by_kind(prices(own, "gpt-4o", provider="azure"))["input"] == 2.5, "another provider is not meant"


def test_a_rate_holds_from_its_first_day_until_its_last_exclusive(tmp_path: Path) -> None:
    own = settings(
        tmp_path,
        '[[prices.rates]]\nmodel="ours"\ninput=1.0\nuntil="2026-07-01"\n'
        '[[prices.rates]]\nmodel="ours"\ninput=3.0\nfrom=2026-07-01\nuntil=2026-12-01\n',
    )
    seen = {
        day: by_kind(prices(own, "ours", day)).get("input")
        for day in ("2026-06-30", "2026-07-01", "2026-12-01")
    }
    assert seen == {"2026-06-30": 1.0, "2026-07-01": 3.0, "2026-12-01": None}


def test_a_tier_begins_one_token_above_its_length(tmp_path: Path) -> None:
    own = settings(
        tmp_path,
        '[[prices.rates]]\nmodel="ours"\ninput=1.0\n'
        '[[prices.rates]]\nmodel="ours"\ninput=2.0\nabove_input_tokens=1000\n',
    )
    bands = (
        prices(own, "ours")
        .filter(token_kind="input")
        .select("from_input_tokens", "below_input_tokens", "usd")
    )
    assert bands.rows() == [(0, 1001, pytest.approx(1.0)), (1001, None, pytest.approx(2.0))]


def test_a_currency_is_exchanged_by_the_rate_of_the_day_and_never_by_a_guess(tmp_path: Path) -> None:
    rate = '[[prices.rates]]\nmodel="ours"\ninput=10.0\ncurrency="EUR"\n'
    dated = (
        '[[prices.exchange_rates]]\ncurrency="EUR"\nusd=1.1\nuntil="2026-06-01"\n'
        '[[prices.exchange_rates]]\ncurrency="EUR"\nusd=1.2\nfrom="2026-06-01"\nuntil="2026-11-01"\n'
    )
    own = settings(tmp_path, rate + dated)
    assert by_kind(prices(own, "ours", "2026-05-31"))["input"] == 11.0
    assert by_kind(prices(own, "ours", "2026-06-01"))["input"] == 12.0
    with pytest.raises(UsageError, match=r"EUR has no exchange rate for 2026-11-20.*prices.exchange_rates"):
        prices(own, "ours")


def test_two_rates_for_one_day_are_refused(tmp_path: Path) -> None:
    own = settings(tmp_path, '[[prices.rates]]\nmodel="ours"\ninput=1.0\n' * 2)
    with pytest.raises(UsageError, match="Two rates for ours apply on 2026-11-20"):
        prices(own, "ours")


def quoting(usd: float) -> str:
    return f'[[prices.rates]]\nmodel="gpt-4o"\ninput={usd}\ncached_input=1.25\n'


CONFIRMED = "is_confirmed=true\n"


@pytest.mark.parametrize("quoted", [250.0, 0.0025, 0])
def test_a_rate_a_hundred_times_from_the_book_is_refused_until_it_is_confirmed(
    tmp_path: Path, quoted: float
) -> None:
    with pytest.raises(UsageError, match="is_confirmed = true"):
        prices(settings(tmp_path, quoting(quoted)), "gpt-4o")
    confirmed = prices(settings(tmp_path, quoting(quoted) + CONFIRMED), "gpt-4o")
    assert by_kind(confirmed)["input"] == quoted


@pytest.mark.parametrize("quoted", [2.5, 249.0])
def test_a_rate_that_is_nearer_to_the_book_needs_no_confirmation(tmp_path: Path, quoted: float) -> None:
    confirmed = prices(settings(tmp_path, quoting(quoted) + CONFIRMED), "gpt-4o")
    assert by_kind(confirmed)["input"] == quoted
    assert prices(settings(tmp_path, quoting(quoted)), "gpt-4o").equals(confirmed)


def test_an_alias_costs_what_the_model_it_stands_for_costs(tmp_path: Path) -> None:
    own = settings(tmp_path, '[prices.aliases]\n"prod-chat" = "openai/gpt-4o"\n')
    alias, meant = prices(own, "prod-chat", provider="azure"), prices(own, "gpt-4o")
    assert by_kind(alias) == by_kind(meant)
    assert all("by the alias openai/gpt-4o" in source for source in alias["price_source"])


def test_rates_are_per_day_of_the_call_unless_another_day_is_asked_for(tmp_path: Path) -> None:
    own = settings(tmp_path, '[[prices.rates]]\nmodel="ours"\ninput=1.0\nuntil="2026-07-01"\n')
    calls = pl.DataFrame({"provider": ["x"], "model": ["ours"], "day": ["2026-11-20"]})
    assert token_price_rows(calls, own=own).is_empty()
    assert not token_price_rows(calls, date(2026, 6, 1), own).is_empty()


def test_only_what_is_written_can_be_far_from_the_book(tmp_path: Path) -> None:
    # The book has 1.25 for the input of gpt-5 and 0.125 for its cached input; a rate of 20 leaves that to its input.
    own = settings(tmp_path, '[[prices.rates]]\nmodel="gpt-5"\ninput=20.0\noutput=80.0\n')
    assert by_kind(prices(own, "gpt-5"))["cached_input"] == 20.0
    written = settings(
        tmp_path, '[[prices.rates]]\nmodel="gpt-5"\ninput=20.0\ncached_input=20.0\noutput=80.0\n'
    )
    with pytest.raises(UsageError, match="cached_input rate for gpt-5 is far"):
        prices(written, "gpt-5")
