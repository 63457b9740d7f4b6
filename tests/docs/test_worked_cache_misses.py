"""The conversation on the page of cache misses is what costctl makes of it."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from costctl.documents.price_settings import PriceSettings
from costctl.rebill.rates import PriceList, rates_of
from tests.docs.page_tables import explanation, last_digit, number, rows_after
from tests.oracles.slow_misses import SlowPrompt
from tests.rebill.played_misses import misses

EDITED_AT = 4  # the call before which the system prompt was edited
MODEL = {
    "provider": "anthropic",
    "model": "claude-sonnet-4-5",
    "day": "2026-11-23",
    "service_tier": "default",
    "inference_geo": "global",
    "input_tokens": 3000,
}


def call_of(row: list[str]) -> SlowPrompt:
    place, minute, whole, read, written = (int(number(cell)) for cell in row[:5])
    name = "edited" if place >= EDITED_AT else "first"
    at_s = 60.0 * minute
    return SlowPrompt(
        at_s=at_s, ready_s=at_s + 2.0, model=0, place=0, session=0,
        prefixes=tuple((f"{name} {turn}", 2000 + 300 * turn) for turn in range(place + 1)),
        read=read, long=0, short=written, fresh=whole - read - written, least=1024,
    )  # fmt: skip


def test_the_causes_and_the_money_on_the_page(repository: Path) -> None:
    rows = rows_after(explanation(repository, "cache-misses"), "call | minute")
    usd = rates_of(pl.DataFrame([MODEL]), PriceList(PriceSettings())).usd
    for row, found in zip(rows, misses([call_of(row) for row in rows]), strict=True):
        tokens, cause, money = int(number(row[5])), row[6], row[7]
        fresh = found.pop("first_use")
        assert found == ({} if cause == "none" else {cause: tokens})
        assert fresh == (2300 if row[0] == "1" else 300)
        billed = usd["input" if number(row[4]) == 0 else "cache_write"][0]
        assert number(money) == pytest.approx(
            tokens * (billed - usd["cached_input"][0]), abs=last_digit(money)
        )
