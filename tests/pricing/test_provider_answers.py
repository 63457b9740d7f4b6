"""A golden corpus: what providers answered, priced to the published price, to the micro-dollar.

Each file holds an answer's usage as its provider writes it, the tokens that are billed and the price of a million of
each kind, both set down by hand, with the page and the day, and what that comes to. costctl reads the answer as a log
and prices it by its own token algebra and price book; no number of the file enters.
"""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from costctl.observation import Question, observed

FOLDER = Path(__file__).parent / "provider_answers"
NAMES = sorted(path.stem for path in FOLDER.glob("*.json"))
MICRO_DOLLAR = Decimal("0.000001")
PER = 1_000_000


def quiet(_what: str, _ratio: float | None, _detail: str = "") -> None:
    """Progress that nobody watches."""


def corpus() -> dict[str, dict[str, Any]]:
    return {name: json.loads((FOLDER / f"{name}.json").read_text()) for name in NAMES}


@pytest.fixture(scope="module")
def charged(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, tuple[float, float | None]]]:
    """Payload → token kind → (tokens, USD), as costctl charges them."""
    folder = tmp_path_factory.mktemp("payloads")
    log = folder / "answers.jsonl"
    records = [{**payload["record"], "session_id": name} for name, payload in corpus().items()]
    log.write_text("".join(json.dumps(record) + "\n" for record in records))
    found: dict[str, dict[str, tuple[float, float | None]]] = {}
    with observed(Question(paths=(str(log),)), quiet) as observation:
        charge = observation.engine.fetch("charge").join(
            observation.engine.fetch("requests").select("request_id", "session_id"), on="request_id"
        )
        for row in charge.iter_rows(named=True):
            kind = row["resource"].rpartition("/")[2]
            found.setdefault(row["session_id"], {})[kind] = (row["quantity"], row["usd"])
    return found


def test_the_corpus_covers_what_providers_bill_by() -> None:
    kinds = {kind for payload in corpus().values() for kind in payload["billed_tokens"]}
    assert len(NAMES) >= 40
    assert {payload["record"]["provider"] for payload in corpus().values()} == {
        "openai",
        "anthropic",
        "google",
    }
    assert kinds == {
        "input",
        "input_audio",
        "cached_input",
        "cached_audio",
        "cache_write",
        "cache_write_1h",
        "output",
        "output_audio",
    }


@pytest.mark.parametrize("name", NAMES)
def test_the_amount_in_the_file_is_what_its_own_prices_come_to(name: str) -> None:
    payload = corpus()[name]
    prices = payload["published"]["usd_per_mtok"]
    by_hand = sum(Decimal(count) * Decimal(prices[kind]) for kind, count in payload["billed_tokens"].items())
    assert by_hand / PER == Decimal(payload["usd"])
    assert payload["published"]["page"].startswith("https://")
    assert payload["published"]["read"] == "2026-11-26"


@pytest.mark.parametrize("name", NAMES)
def test_an_answer_costs_its_published_price_to_the_micro_dollar(
    name: str, charged: dict[str, dict[str, tuple[float, float | None]]]
) -> None:
    payload = corpus()[name]
    tokens = {kind: count for kind, (count, _) in charged[name].items() if count}
    assert tokens == {kind: count for kind, count in payload["billed_tokens"].items() if count}
    usd = [amount for _, amount in charged[name].values()]
    assert None not in usd
    total = Decimal(repr(sum(amount or 0.0 for amount in usd)))
    assert abs(total - Decimal(payload["usd"])) < MICRO_DOLLAR / 1000
