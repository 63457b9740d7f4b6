"""What providers bill for a payload of usage is what costctl charges for the span that carries it, to the micro-dollar.

The corpus is in usage_payloads/, one file a provider: the usage as the provider's API returns it, and the bill worked
out line by line from the price per million tokens that the price book quotes from the provider's page.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from costctl.observation import Question, observed
from tests.conftest import unwatched
from tests.ingest.otlp_exports import pair

MICRO_USD = Decimal("0.000001")
CORPORA = [
    json.loads(path.read_text()) for path in sorted((Path(__file__).parent / "usage_payloads").glob("*.json"))
]
CASES = [
    pytest.param(corpus["provider"], case, id=f"{corpus['provider']}: {case['says']}")
    for corpus in CORPORA
    for case in corpus["cases"]
]


def _openai(usage: dict[str, Any]) -> dict[str, int]:
    prompt = usage.get("prompt_tokens_details") or usage.get("input_tokens_details") or {}
    completion = usage.get("completion_tokens_details") or usage.get("output_tokens_details") or {}
    return {
        "gen_ai.usage.input_tokens": usage.get("prompt_tokens", usage.get("input_tokens")),
        "gen_ai.usage.cache_read.input_tokens": prompt.get("cached_tokens", 0),
        "gen_ai.usage.output_tokens": usage.get("completion_tokens", usage.get("output_tokens", 0)),
        "gen_ai.usage.reasoning.output_tokens": completion.get("reasoning_tokens", 0),
    }


def _anthropic(usage: dict[str, Any]) -> dict[str, int]:
    read, written = usage["cache_read_input_tokens"], usage["cache_creation_input_tokens"]
    return {
        "gen_ai.usage.input_tokens": usage["input_tokens"] + read + written,
        "gen_ai.usage.cache_read.input_tokens": read,
        "gen_ai.usage.cache_creation.input_tokens": written,
        "gen_ai.usage.output_tokens": usage["output_tokens"],
    }


def _google(usage: dict[str, Any]) -> dict[str, int]:
    thoughts = usage.get("thoughtsTokenCount", 0)
    return {
        "gen_ai.usage.input_tokens": usage["promptTokenCount"],
        "gen_ai.usage.cache_read.input_tokens": usage.get("cachedContentTokenCount", 0),
        "gen_ai.usage.output_tokens": usage["candidatesTokenCount"] + thoughts,
        "gen_ai.usage.reasoning.output_tokens": thoughts,
    }


# How the OpenTelemetry conventions say a provider's usage is written on a span: input and output are totals.
WRITTEN = {"openai": _openai, "anthropic": _anthropic, "google": _google}


def span(number: int, provider: str, case: dict[str, Any]) -> dict[str, Any]:
    """The span of one call, in a trace of its own, that carries the usage of the case."""
    start_ns = int(datetime.fromisoformat(f"{case['day']}T10:00:00").replace(tzinfo=UTC).timestamp()) * 10**9
    said = {
        "gen_ai.operation.name": "embeddings" if case["api"] == "embeddings" else "chat",
        "gen_ai.provider.name": provider,
        "gen_ai.request.model": case["model"],
        **WRITTEN[provider](case["usage"]),
    }
    return {
        "traceId": f"{number:032x}",
        "spanId": f"{number:016x}",
        "name": case["says"],
        "kind": 3,
        "startTimeUnixNano": str(start_ns),
        "endTimeUnixNano": str(start_ns + 10**9),
        "attributes": [pair(key, value) for key, value in said.items()],
    }


@pytest.fixture(scope="module")
def charged(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Decimal | None]:
    """USD by the name of the span, of the whole corpus ingested at once; None where any part has no price."""
    folder = tmp_path_factory.mktemp("usage")
    spans = [
        span(number, corpus["provider"], case)
        for number, (corpus, case) in enumerate(
            ((corpus, case) for corpus in CORPORA for case in corpus["cases"]), start=1
        )
    ]
    resource = {"attributes": [pair("service.name", "shop")]}
    scopes = [{"scope": {"name": "sdk"}, "spans": spans}]
    (folder / "a.json").write_text(
        json.dumps({"resourceSpans": [{"resource": resource, "scopeSpans": scopes}]})
    )
    (folder / "costctl.toml").write_text("")
    question = Question(paths=(str(folder / "a.json"),), config=folder / "costctl.toml")
    with observed(question, unwatched) as observation:
        observation.engine.fetch("charge")
        rows = observation.engine.query(
            "SELECT spans.name, SUM(charge.usd) AS usd, COUNT(*) - COUNT(charge.usd) AS unpriced FROM charge "
            "INNER JOIN staged_spans AS spans ON charge.call_id = spans.span_key GROUP BY spans.name"
        )
    return {name: None if unpriced else Decimal(repr(usd)) for name, usd, unpriced in rows.iter_rows()}


@pytest.mark.parametrize(("provider", "case"), CASES)
def test_the_working_of_the_corpus_adds_up(provider: str, case: dict[str, Any]) -> None:
    lines = case["working"]
    assert sum(line["tokens"] * Decimal(line["usd_per_million"]) for line in lines) == 1_000_000 * Decimal(
        case["expected_usd"]
    )
    said = WRITTEN[provider](case["usage"])
    assert sum(line["tokens"] for line in lines) == (
        said["gen_ai.usage.input_tokens"] + said["gen_ai.usage.output_tokens"]
    )


@pytest.mark.parametrize(("provider", "case"), CASES)
def test_a_payload_costs_what_its_provider_publishes(
    provider: str, case: dict[str, Any], charged: dict[str, Decimal | None]
) -> None:
    usd = charged[case["says"]]
    assert usd is not None, provider
    assert abs(usd - Decimal(case["expected_usd"])) < MICRO_USD / 1000


def test_no_two_payloads_have_one_name() -> None:
    names = [case["says"] for corpus in CORPORA for case in corpus["cases"]]
    assert len(names) == len(set(names))
