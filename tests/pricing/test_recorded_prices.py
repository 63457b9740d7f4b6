"""[prices] unpriced = "recorded": a call without a price costs what its record says, and everything says so."""

from __future__ import annotations

import csv
import io
from typing import Any

import msgspec
import pytest

from costctl.cost.analysis import METHODS, build_analysis
from costctl.documents.analysis import Analysis
from costctl.documents.price_settings import PriceSettings
from costctl.documents.provenance import Provenance
from costctl.documents.settings import Pool, Settings
from costctl.finance.export import FocusExport, focus_export
from costctl.render import exported
from costctl.render.analysis import sections
from costctl.render.sections import Notes
from costctl.service_model.pool_fit import fit_pools
from costctl.verbs.witness import witness_of
from tests.relations.span_rows import chat, engine_of, frames_of

RECORDED = Settings(prices=PriceSettings(unpriced="recorded"))
START_S = 1_795_168_800  # 2026-11-20T10:00:00Z


def call(key: str, model: str, recorded_usd: float | None, **facts: Any) -> dict[str, Any]:
    said = {"provider": "openai", "input_tokens": 1_000, "output_tokens": 100, "dialect": "gateway", **facts}
    start_s = START_S + 10 * ord(key[0])
    return chat(key, start_s, start_s + 2, model_served=model, recorded_usd=recorded_usd, **said)


CALLS = [
    call("a/c", "gpt-4o", 0.5),
    call("b/c", "in-house-7", 0.0125),
    call("c/c", "in-house-7", 0.0025, tenant="acme"),
    call("d/c", "in-house-7", 0.0),
    call("e/c", "in-house-7", None),
    call("f/c", "gpt-4o", 0.04, cache_write_tokens=500, cache_write_1h_tokens=500),
]


def charges(settings: Settings, spans: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    sql = "SELECT call_id, resource, unit, quantity, usd, is_recorded, note FROM charge ORDER BY ALL"
    return engine_of(spans, settings).query(sql).rows()


def analysed(settings: Settings) -> tuple[Analysis, FocusExport]:
    engine = engine_of(CALLS, settings)
    frames = frames_of(engine, settings)
    provenance = Provenance("0", (), None, "book 1", METHODS, 0)
    document = build_analysis(frames, settings, fit_pools(frames, settings), provenance, 0)
    return document, focus_export(
        frames,
        engine.fetch("usage_day"),
        engine.fetch("class_day"),
        settings,
        document,
        "plain",
        is_idle_spread=False,
    )


def test_by_default_what_has_no_price_has_none_whatever_its_record_says() -> None:
    assert PriceSettings().unpriced == "unknown"
    rows = charges(Settings(), CALLS)
    assert not any(is_recorded for *_, is_recorded, _ in rows)
    assert {usd for call_id, *_, usd, _, _ in rows if call_id in (1, 2, 3, 4)} == {None}
    assert analysed(Settings())[0].coverage.recorded_usd is None


def test_a_call_without_a_price_costs_what_its_record_says_and_no_more() -> None:
    rows = charges(RECORDED, CALLS)
    taken = [row for row in rows if row[5]]
    assert taken == [
        (1, "openai/in-house-7/as recorded", "USD", 0.0125, 0.0125, True, None),
        (2, "openai/in-house-7/as recorded", "USD", 0.0025, 0.0025, True, None),
        (5, "openai/gpt-4o/as recorded", "USD", 0.04, 0.04, True, None),
    ]
    assert {row[0] for row in rows if not row[5]} == {0, 3, 4}, "nothing is charged beside a recorded amount"


def test_a_price_that_is_known_goes_before_what_a_record_says() -> None:
    usd = {row[0]: row[4] for row in charges(RECORDED, CALLS) if row[1] == "openai/gpt-4o/input"}
    assert usd == {0: pytest.approx(0.0025)}


def test_a_record_that_says_0_or_nothing_leaves_the_price_unknown() -> None:
    notes = {row[0] for row in charges(RECORDED, CALLS) if row[6] is not None}
    assert notes == {3, 4}


def test_time_of_ones_own_replicas_without_a_price_is_not_what_a_record_says() -> None:
    settings = Settings(
        pools={"gpu": Pool(match={"service": "llm"})}, prices=PriceSettings(unpriced="recorded")
    )
    rows = charges(settings, [call("a/c", "in-house-7", 0.5, service="llm", replica_id="r")])
    assert [(row[4], row[5]) for row in rows] == [(None, False)]


def test_the_analysis_says_how_much_is_the_sources_own() -> None:
    document, _ = analysed(RECORDED)
    assert document.coverage.recorded_usd == pytest.approx(0.055)
    assert document.coverage.recorded_token_ratio == pytest.approx(3 / 6)
    components = {each.resource: each for report in document.classes for each in report.cost.components}
    assert components["openai/in-house-7/as recorded"].usd == pytest.approx(0.015)
    (window,) = (each for each in sections(document) if isinstance(each, Notes) and each.title == "Window")
    assert any(
        "50.0% of the tokens are priced by the sources' own amounts, $0.0550" in line for line in window.lines
    )


def test_the_focus_file_has_a_column_that_says_whose_the_amount_is_and_ties_out() -> None:
    document, focus = analysed(RECORDED)
    for version in ("1.2", "1.4"):
        rows = list(csv.DictReader(io.StringIO(exported.focus_csv(focus, version))))
        whose = {(row["SkuId"], row["x_AmountSource"]) for row in rows}
        assert ("api_tokens/openai/in-house-7/as recorded", "recorded") in whose
        assert ("api_tokens/openai/gpt-4o/input", "price") in whose
        recorded = [row for row in rows if row["x_AmountSource"] == "recorded"]
        assert sum(float(row["BilledCost"]) for row in recorded) == pytest.approx(0.055)
        assert not any("book" in row["SkuPriceId"] for row in recorded)
        assert sum(float(row["BilledCost"]) for row in rows) == pytest.approx(document.totals.billed_usd)
    assert any("0.055000 USD are amounts recorded by the sources" in note for note in focus.notes)


def test_an_amount_that_is_charged_is_no_witness_of_itself() -> None:
    found = witness_of(engine_of(CALLS, RECORDED), RECORDED.prices)
    assert found is not None
    assert (found.named_calls, found.unknown_calls, found.agreeing_calls) == (5, 4, 0)
    else_found = witness_of(engine_of(CALLS), PriceSettings())
    assert else_found is not None
    assert [group.causes for group in found.groups] == [group.causes for group in else_found.groups]
    assert (found.ratio, found.recorded_usd) == (else_found.ratio, else_found.recorded_usd)


def test_a_setting_that_is_none_of_the_two_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"unpriced": "source"}, PriceSettings)
