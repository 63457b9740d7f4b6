"""What is compared with what, by hand: whose amount it is, records of one call, failures, what is unknown."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from costctl import verbs
from costctl.cost.analysis import METHODS, build_analysis
from costctl.documents.analysis import Analysis
from costctl.documents.price_settings import PriceSettings, Rate
from costctl.documents.provenance import Provenance
from costctl.documents.settings import Pool, Settings
from costctl.documents.witness import Witness, WitnessCause
from costctl.observation import Question
from costctl.render.analysis import sections
from costctl.render.sections import Notes, Table
from costctl.service_model.pool_fit import fit_pools
from costctl.verbs.witness import witness_of
from tests.conftest import unwatched
from tests.pricing.planted_witness import NOVEMBER_S, Usage, standard
from tests.relations.span_rows import chat, engine_of, frames_of, span

GPT = {"provider": "openai", "model_served": "gpt-4o", "input_tokens": 10_000, "output_tokens": 1_000}
GPT_USD = 0.035


def call(key: str, recorded_usd: float | None, at: float = 0.0, **facts: Any) -> dict[str, Any]:
    start_s = NOVEMBER_S + at
    return chat(
        key, start_s, start_s + 2, **{**GPT, "recorded_usd": recorded_usd, "dialect": "gateway", **facts}
    )


def compared(spans: list[dict[str, Any]], settings: Settings | None = None) -> Witness:
    chosen = settings or Settings()
    found = witness_of(engine_of(spans, chosen), chosen.prices)
    assert found is not None
    return found


def only_cause(found: Witness) -> WitnessCause:
    ((cause,),) = (group.causes for group in found.groups)
    return cause


def analysed(spans: list[dict[str, Any]], settings: Settings) -> Analysis:
    engine = engine_of(spans, settings)
    frames = frames_of(engine, settings)
    provenance = Provenance("0", (), None, "book 1", METHODS, 0)
    return build_analysis(frames, settings, fit_pools(frames, settings), provenance, 0)


def test_nothing_is_compared_where_no_record_names_an_amount() -> None:
    assert witness_of(engine_of([call("a/c", None)]), PriceSettings()) is None


def test_amounts_that_are_ours_agree_and_calls_without_one_are_not_compared() -> None:
    found = compared([call("a/c", GPT_USD), call("b/c", GPT_USD + 4e-7, 5), call("c/c", None, 9)])
    assert (found.calls, found.named_calls, found.agreeing_calls, found.unknown_calls) == (3, 2, 2, 0)
    assert found.ratio == pytest.approx(1, rel=1e-4)
    assert found.groups[0].causes == ()


def test_a_wrapper_and_a_twin_name_the_amount_of_one_call_once() -> None:
    found = compared(
        [
            chat("a/outer", NOVEMBER_S, NOVEMBER_S + 5, recorded_usd=GPT_USD, dialect="framework", **GPT),
            call("a/inner/outer", GPT_USD, 1),
        ]
    )
    assert (found.named_calls, found.recorded_usd, found.groups[0].source) == (1, GPT_USD, "gateway")


def test_an_amount_on_the_wrapper_alone_is_the_calls_and_its_source_is_the_wrappers() -> None:
    outer = chat("a/outer", NOVEMBER_S, NOVEMBER_S + 5, recorded_usd=GPT_USD, dialect="framework", **GPT)
    for inner in (call("a/inner/outer", None, 1), call("a/inner/outer", 0.0, 1)):
        found = compared([outer, inner])
        assert (found.named_calls, found.agreeing_calls, found.groups[0].source) == (1, 1, "framework")


def test_what_sums_up_several_calls_is_no_call_s_amount() -> None:
    found = compared(
        [
            chat("a/outer", NOVEMBER_S, NOVEMBER_S + 9, recorded_usd=0.9, dialect="framework", **GPT),
            span("b/trace", NOVEMBER_S, NOVEMBER_S + 9, recorded_usd=0.8),
            call("a/one/outer", GPT_USD, 1),
            call("a/two/outer", None, 4),
            call("b/only/trace", None, 4),
        ]
    )
    assert (found.calls, found.named_calls, found.recorded_usd) == (3, 1, GPT_USD)


def test_replicas_of_ones_own_are_not_compared() -> None:
    settings = Settings(pools={"gpu": Pool(usd_per_replica_hour=3.6, match={"service": "llm"})})
    found = compared([call("a/c", GPT_USD), call("b/c", 0.2, 5, service="llm", replica_id="r")], settings)
    assert (found.calls, found.named_calls) == (1, 1)
    assert any(note.startswith("1 calls served by your own replicas") for note in found.notes)


def test_an_unknown_part_makes_ours_a_lower_bound_and_no_difference() -> None:
    spans = [call("a/c", 0.05, cache_write_tokens=500, cache_write_1h_tokens=400), call("b/c", GPT_USD, 5)]
    found = compared(spans)
    assert (found.named_calls, found.unknown_calls, found.agreeing_calls) == (2, 1, 1)
    assert found.groups[0].causes == ()
    assert found.ratio == pytest.approx(1)
    (table,) = (
        each
        for each in sections(analysed(spans, Settings()))
        if isinstance(each, Table) and each.title.startswith("Cost recorded by the sources")
    )
    assert table.texts()[0][6].startswith("≥ $")


def test_a_failed_call_is_0_to_some_sources_and_not_to_others() -> None:
    free = compared([call("a/c", 0.0, error_type="TimeoutError")])
    assert only_cause(free).said == "the source records 0 for failed calls"
    refused = {
        "error_type": "RateLimitError",
        "http_status": 429,
        "input_tokens": 10_000,
        "output_tokens": None,
    }
    billed = compared([call("a/c", 0.025, **refused)])
    assert only_cause(billed).kind == "failed_call"


def test_the_words_say_how_far_off_what_is_due_to_and_where_to_look() -> None:
    document = analysed([call("a/c", 2 * GPT_USD / 4), call("b/c", GPT_USD, 5)], Settings())
    (notes,) = (
        each
        for each in sections(document)
        if isinstance(each, Notes) and each.title.startswith("Recorded against computed")
    )
    assert (
        "2 of 2 calls to providers name an amount: $0.0525 together; computed: $0.0700. 1 agree"
        in notes.lines[0]
    )
    assert (
        "1 call of gpt-4o by gateway: the computed cost is $0.0175 more, 100% of the difference; likely"
        in notes.lines[1]
    )
    assert notes.lines[1].endswith("(such as trace a).")


def test_doctor_and_prices_verify_say_what_analyze_says(tmp_path: Path) -> None:
    """A spend log as LiteLLM writes it: github.com/BerriAI/litellm, schema.prisma, LiteLLM_SpendLogs."""
    rows = [
        f'{{"request_id": "chatcmpl-{n}", "call_type": "acompletion", "model": "gpt-4o", "custom_llm_provider": '
        f'"openai", "startTime": "2026-11-20T10:0{n}:00Z", "endTime": "2026-11-20T10:0{n}:05Z", "total_tokens": 11000, '
        f'"prompt_tokens": 10000, "completion_tokens": 1000, "spend": {spend}, "status": "success"}}\n'
        for n, spend in enumerate([0.035, 0.035, 0.0175])
    ]
    path = tmp_path / "spend.jsonl"
    path.write_text("".join(rows), encoding="utf-8")
    (tmp_path / "costctl.toml").write_text("", encoding="utf-8")
    question = Question(paths=(str(path),), store=tmp_path / "s.duckdb", config=tmp_path / "costctl.toml")
    found = verbs.analyze(question, unwatched).coverage.witness
    assert found is not None
    assert (found.named_calls, found.agreeing_calls, found.groups[0].source) == (3, 2, "litellm_spend")
    assert only_cause(found).kind == "service_tier"
    again = Question(store=tmp_path / "s.duckdb", config=tmp_path / "costctl.toml")
    assert verbs.doctor(again, unwatched).witness == found
    assert verbs.verify_prices(tmp_path / "costctl.toml", tmp_path / "s.duckdb", None).witness == found


def test_a_rate_that_is_refused_is_found_and_nothing_is_compared(tmp_path: Path) -> None:
    path = tmp_path / "spend.jsonl"
    path.write_text(
        '{"request_id": "1", "call_type": "completion", "model": "ours", "custom_llm_provider": "openai", "startTime": '
        '"2026-11-20T10:00:00Z", "endTime": "2026-11-20T10:00:05Z", "total_tokens": 11, "prompt_tokens": 10, '
        '"completion_tokens": 1, "spend": 0.1}\n',
        encoding="utf-8",
    )
    config = tmp_path / "costctl.toml"
    config.write_text('[[prices.rates]]\nmodel = "ours"\ninput = 1.0\ncurrency = "EUR"\n', encoding="utf-8")
    verbs.ingest(verbs.IngestRequest((str(path),), tmp_path / "s.duckdb"), unwatched)
    found = verbs.verify_prices(config, tmp_path / "s.duckdb", None)
    assert {each.kind for each in found.findings} == {"refused"}
    assert found.witness is None


CLAUDE = Usage("anthropic", "claude-sonnet-4-5", 61_204, cached=58_000, write=3_000, output=801)


def test_an_own_rate_that_began_another_day_is_a_price_that_changed() -> None:
    rates = (
        Rate(model="ours", input=1.0, output=4.0, until_day=date(2026, 11, 1)),
        Rate(model="ours", input=2.0, output=4.0, from_day=date(2026, 11, 1)),
    )
    settings = Settings(prices=PriceSettings(rates=rates))
    recorded = (10_000 * 1 + 1_000 * 4) / 1e6
    cause = only_cause(compared([call("a/c", recorded, model_served="ours")], settings))
    assert (cause.kind, cause.said) == ("price_changed", "the price until 2026-11-01, when it changed")


def test_a_key_that_nobody_read_and_that_speaks_of_a_cache_is_a_cache_key() -> None:
    saved = 777 * 1.25e-6  # no block of OpenAI's; only the key tells
    assert only_cause(compared([call("a/c", GPT_USD - saved)])).kind == "none"
    unread = call("a/c", GPT_USD - saved, unread_usage=["usage.prompt_cache_hit"])
    cause = only_cause(compared([unread]))
    assert (cause.kind, "777" in cause.said) == ("cache_key", True)


def test_amounts_that_are_no_amounts_are_left_out_and_counted() -> None:
    found = compared([call("a/c", GPT_USD), call("b/c", -1.0, 5), call("c/c", float("nan"), 9)])
    assert found.named_calls == 1
    assert "2 amounts are negative or not numbers, and are excluded." in found.notes


def test_every_agreeing_amount_of_a_call_with_a_cache_agrees() -> None:
    assert compared([CLAUDE.span(1, float(standard(CLAUDE)))]).agreeing_calls == 1


OPUS = {"provider": "anthropic", "model_served": "claude-opus-4-6"}  # 5 and 25 USD per million tokens


def test_a_source_that_leaves_out_what_we_charge_for_a_region_or_for_searches_is_told_so() -> None:
    plain_usd = (10_000 * 5 + 1_000 * 25) / 1e6
    region = only_cause(compared([call("a/c", plain_usd, inference_geo="us", **OPUS)]))
    assert (region.kind, region.said) == ("residency", "the price without the factor for its region")
    searches = only_cause(compared([call("a/c", plain_usd, web_searches=9, **OPUS)]))
    assert (searches.kind, searches.said) == (
        "web_searches",
        "the source leaves out the fee for web searches",
    )
    assert searches.difference_usd == pytest.approx(0.09)
    both = compared([call("a/c", plain_usd * 1.1 + 0.09, web_searches=9, inference_geo="us", **OPUS)])
    assert both.agreeing_calls == 1
