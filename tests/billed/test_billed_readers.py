"""Each reader makes the same rows of what its provider documents, and counts what it cannot read."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from costctl.billed.files import read_bills
from costctl.billed.kinds import kind_of, tier_of, unit_size, without_kind
from costctl.billed.row import BilledRow, Read
from costctl.errors import InputError
from tests.billed.pages import (
    LITELLM,
    anthropic_page,
    azure_row,
    bucket,
    cost,
    costs_page,
    cur_row,
    focus_row,
    page,
    table,
    usage,
)


def read(folder: Path, text: str | bytes) -> Read:
    """What is read of a file that has this in it, under a name that says nothing."""
    path = folder / "export"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    (file,) = read_bills([str(path)])
    (part,) = file.parts
    return part


def quantities(found: Read) -> dict[str | None, Fraction | None]:
    return {row.kind: row.quantity for row in found.rows}


def only(found: Read) -> BilledRow:
    (row,) = found.rows
    return row


def test_openai_counts_cached_and_audio_tokens_within_the_input(tmp_path: Path) -> None:
    found = read(tmp_path, page(bucket([usage(
        "gpt-4o-2024-08-06", input_tokens=1000, input_cached_tokens=200, input_audio_tokens=300, output_tokens=50,
        output_audio_tokens=10, num_model_requests=7, api_key_id="key_1",
    )])))  # fmt: skip
    assert found.format == "openai_usage"
    assert quantities(found) == {
        "input_audio": 300, "input": 500, "cached_input": 200, "output_audio": 10, "output": 40
    }  # fmt: skip
    assert sum(row.calls or 0 for row in found.rows) == 7
    assert {row.key for row in found.rows} == {"key_1"}


def test_openai_counts_embeddings_apart_from_completions(tmp_path: Path) -> None:
    result = {"object": "organization.usage.embeddings.result", "input_tokens": 16, "num_model_requests": 2,
              "model": "text-embedding-3-small"}  # fmt: skip
    row = only(read(tmp_path, page(bucket([result]))))
    assert (row.kind, row.quantity, row.part) == ("input", 16, "organization.usage.embeddings.result")


def test_openai_names_model_and_kind_of_a_cost_in_one_line_item(tmp_path: Path) -> None:
    rows = read(tmp_path, page(bucket([
        cost("gpt-4o-2024-08-06, cached input", 0.06), cost("Vector store storage", 1), cost(None, 0.5),
        cost("web search tool calls", 0.1),
    ]))).rows  # fmt: skip
    assert [(row.model, row.kind, row.item) for row in rows] == [
        ("gpt-4o-2024-08-06", "cached_input", None),
        (None, None, "Vector store storage"),
        (None, None, None),
        (None, "web_searches", None),
    ]
    assert rows[0].amount == Fraction(6, 100)


def test_openai_exports_have_the_names_of_the_api(tmp_path: Path) -> None:
    day = {"start_time": 1795132800, "end_time": 1795219200}
    costs = read(
        tmp_path,
        table({**day, "amount_value": "0.5", "amount_currency": "usd", "line_item": "gpt-4o, output"}),
    )
    used = read(tmp_path, table({**day, "model": "gpt-4o", "num_model_requests": 3, "input_tokens": 10,
                                 "input_cached_tokens": 4, "output_tokens": 5, "batch": "true"}))  # fmt: skip
    assert (costs.format, only(costs).kind) == ("openai_costs", "output")
    assert quantities(used) == {"input": 6, "cached_input": 4, "output": 5}
    assert {row.service_tier for row in used.rows} == {"batch"}


def test_anthropic_amounts_are_in_cents_and_counts_do_not_overlap(tmp_path: Path) -> None:
    row = only(read(tmp_path, anthropic_page({
        "amount": "123.78912", "currency": "USD", "cost_type": "tokens", "model": "claude-sonnet-4-5-20250929",
        "token_type": "cache_creation.ephemeral_1h_input_tokens", "description": "Claude Sonnet 4.5 Usage",
        "workspace_id": "wrkspc_1", "service_tier": "batch",
    })))  # fmt: skip
    assert (row.kind, row.amount, row.project) == ("cache_write_1h", Fraction("1.2378912"), "wrkspc_1")
    found = read(tmp_path, anthropic_page({
        "uncached_input_tokens": 1500, "cache_read_input_tokens": 200, "output_tokens": 500,
        "cache_creation": {"ephemeral_1h_input_tokens": 1000, "ephemeral_5m_input_tokens": 5},
        "server_tool_use": {"web_search_requests": 10}, "model": "claude-sonnet-4-5", "api_key_id": "apikey_1",
    }))  # fmt: skip
    assert quantities(found) == {
        "input": 1500, "cached_input": 200, "output": 500, "cache_write": 5, "cache_write_1h": 1000, "web_searches": 10
    }  # fmt: skip


def test_a_cost_and_usage_report_names_the_model_in_the_usage_type(tmp_path: Path) -> None:
    row = only(read(tmp_path, table(cur_row())))
    assert (row.described[0], row.kind, row.quantity) == ("Nova Lite", "input", 1_000_000)
    market = only(read(tmp_path, table(cur_row(
        line_item_usage_type="USE1-MP:USE1_CacheReadInputTokenCount-Units", line_item_usage_amount="2",
        product_product_name="Claude Sonnet 4.5 (Amazon Bedrock Edition)", pricing_unit="Units",
        line_item_line_item_description="AWS Marketplace software usage|us-east-1|Million Cache Read Input Tokens",
    ))))  # fmt: skip
    assert (market.kind, market.quantity) == ("cached_input", 2_000_000)
    assert "Claude Sonnet 4.5" in market.described


@pytest.mark.parametrize(
    ("said", "charge"),
    [("Usage", "usage"), ("Credit", "credit"), ("EdpDiscount", "discount"), ("Tax", "tax")],
)
def test_lines_of_a_cost_and_usage_report_say_what_they_charge_for(
    said: str, charge: str, tmp_path: Path
) -> None:
    assert only(read(tmp_path, table(cur_row(line_item_line_item_type=said)))).charge == charge


def test_the_older_cost_and_usage_report_is_read_too(tmp_path: Path) -> None:
    older = {"".join(["lineItem/", *(part.title() for part in name.removeprefix("line_item_").split("_"))])
             if name.startswith("line_item_") else name: value for name, value in cur_row().items()}  # fmt: skip
    assert read(tmp_path, table(older)).format == "aws_cur"


@pytest.mark.parametrize("provider", ["ServiceProviderName", "ProviderName"])
def test_focus_of_every_version_is_read(provider: str, tmp_path: Path) -> None:
    row_of = focus_row()
    row_of[provider] = row_of.pop("ServiceProviderName")
    row = only(read(tmp_path, table(row_of)))
    assert (row.provider, row.kind, row.quantity, row.amount) == (
        "OpenAI",
        "input",
        1_000_000,
        Fraction("2.5"),
    )


def test_a_parquet_file_is_read_as_a_csv_is(tmp_path: Path) -> None:
    stored = io.BytesIO()
    pq.write_table(
        pa.Table.from_pylist([focus_row(), focus_row(BilledCost="-1", ChargeCategory="Credit")]), stored
    )
    assert read(tmp_path, stored.getvalue()).rows == read(
        tmp_path, table(focus_row(), focus_row(BilledCost="-1", ChargeCategory="Credit"))
    ).rows  # fmt: skip


def test_a_line_of_another_service_is_left_out_and_counted(tmp_path: Path) -> None:
    found = read(tmp_path, table(focus_row(), focus_row(ServiceCategory="Compute", BilledCost="40")))
    assert len(found.rows) == 1
    assert (found.left_out.rows, found.left_out.amount) == (1, {"USD": 40})


def test_an_azure_meter_names_model_and_kind(tmp_path: Path) -> None:
    row = only(read(tmp_path, table(azure_row())))
    assert (row.described[0], row.kind, row.quantity, row.project) == (
        "gpt 4o 0806",
        "input",
        1_000_000,
        "rg-search",
    )


@pytest.mark.parametrize("form", sorted(LITELLM))
def test_litellm_says_an_amount_of_a_model(form: str, tmp_path: Path) -> None:
    found = read(tmp_path, json.dumps(LITELLM[form]))
    assert found.format == "litellm"
    assert [(row.model, row.amount) for row in found.rows if row.amount is not None] == [
        ("gpt-4o", Fraction("0.5"))
    ]


def test_litellm_counts_cached_tokens_within_the_prompt(tmp_path: Path) -> None:
    assert quantities(read(tmp_path, json.dumps(LITELLM["activity"]))) == {
        None: None, "input": 60, "cached_input": 40, "output": 10
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (page(bucket([cost("gpt-4o, input", 1), cost("gpt-4o, input", "secret")])), "number"),
        (page(bucket([cost("gpt-4o, input", 1), cost("gpt-4o, input", None)])), "number"),
        (page(bucket([usage("o3", input_tokens=5), usage("o3", input_cached_tokens=6)])), "contradiction"),
        (page(bucket([cost("gpt-4o, input", 1), "secret"])), "shape"),
        (page(bucket([cost("gpt-4o, input", 1)]), {**bucket([cost("x", 1)]), "start_time": "secret"}), "time"),
        (costs_page({"gpt-4o, input": 1}) + "\nsecret", "shape"),
        (table(focus_row(), focus_row(ChargePeriodStart="secret")), "time"),
        (table(focus_row(), focus_row(BilledCost="1e999999")), "number"),
        (table(focus_row()) + "one,cell\n", "shape"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_counted_and_the_rest_is_kept(text: str, fault: str, tmp_path: Path) -> None:
    found = read(tmp_path, text)
    assert found.rows
    assert found.faults == {fault: 1}


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", "a,b\n1,2\n", '{"data": [1]}', "\x00\x01", "PAR1", '{"id": 1}']
)
def test_a_file_that_is_no_bill_is_refused_without_a_word_of_it(text: str, tmp_path: Path) -> None:
    path = tmp_path / "export"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match="is no bill") as refused:
        read_bills([str(path)])
    assert "OpenAI" in refused.value.why


def test_days_without_usage_are_days_of_the_bill(tmp_path: Path) -> None:
    found = read(tmp_path, page(bucket([]), bucket([cost("gpt-4o, input", 1)], 1), bucket([], 2)))
    assert len(found.covered) == 3


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("Inp glbl Tokens", "input"), ("cached Inp glbl", "cached_input"), ("Outp-glbl", "output"),
        ("USE1-Claude3Sonnet-output-tokens", "output"), ("CacheWriteInputTokenCount", "cache_write"),
        ("cache_creation 1h", "cache_write_1h"), ("Cache Read Audio Tokens", "cached_audio"),
        ("Reasoning Tokens", "reasoning"), ("web search tool calls", "web_searches"), ("Storage", None), (None, None),
    ],
)  # fmt: skip
def test_kinds_are_told_by_the_words_of_the_line(said: str | None, kind: str | None) -> None:
    assert kind_of(said) == kind


@pytest.mark.parametrize(
    ("meter", "kind", "tier", "model"),
    [
        # Azure abbreviates each word in several ways, and names models after what they are made for.
        ("gpt-4o-0806-Inp-glbl Tokens", "input", None, "gpt 4o 0806"),
        ("gpt 4o 0806 Inp Data Zone Tokens", "input", None, "gpt 4o 0806"),
        ("gpt 4o mini0718 BatchOutp DataZone Tokens", "output", "batch", "gpt 4o mini0718"),
        ("GPT 5.1 inp Rg 1M Tokens", "input", None, "GPT 5.1"),
        ("5.4 mini cd Inp Gl 1M Tokens", "cached_input", None, "5.4 mini"),
        ("5.6 sol ShortCo Cd Wr Std Gl 1M Tokens", "cache_write", None, "5.6 sol"),
        ("gpt-5-codex-ccchd-inp-glbl Tokens", "cached_input", None, "gpt 5 codex"),
        ("V4 Flash cached DZ Tokens", "cached_input", None, "V4 Flash"),
        ("gpt-4o-aud-0603 Inp glbl Tokens", "input_audio", None, "gpt 4o 0603"),
        ("gpt-4o-aud-0603-txt Inp glbl Tokens", "input", None, "gpt 4o aud 0603"),
        ("gpt-image-1-inp-img-glbl Tokens", "input_image", None, "gpt image 1"),
        ("gpt-image-1-inp-cached-txt-glbl Tokens", "cached_input", None, "gpt image 1"),
        ("Image 2 Text Input glbl Tokens", "input", None, "Image 2"),
        ("text embedding 3 large glbl Tokens", "input", None, "text embedding 3 large"),
        ("gpt-4o-0806-FT-Trng-glbl tkn Tokens", None, None, "gpt 4o 0806 FT Trng"),
        ("gpt-4o-0806-FT-Hstng-glbl Unit", None, None, "gpt 4o 0806 FT Hstng"),
        # Bedrock writes tier and reach behind the kind.
        ("Llama4-Maverick-17B-input-tokens-batch", "input", "batch", "Llama4 Maverick 17B"),
        ("Mistral-Large-3-675b-Instruct-output-tokens-flex", "output", "flex", "Mistral Large 3 675b Instruct"),
        ("Nova2.0Lite-input-tokens-cross-region-global-batch", "input", "batch", "Nova2.0Lite"),
        ("Claude3-5Haiku-input-tokens-latency-optimized", "input", None, "Claude3 5Haiku"),
        ("NovaSonic-speech-input-tokens", "input_audio", None, "Nova Sonic"),
        ("NovaSonic-text-input-tokens", "input", None, "Nova Sonic"),
        ("cohere.rerank-english-v3-search-units", None, None, "cohere.rerank english v3 search"),
    ],
)  # fmt: skip
def test_a_cloud_s_meter_says_kind_tier_and_model(
    meter: str, kind: str | None, tier: str | None, model: str
) -> None:
    assert (kind_of(meter), tier_of(meter), without_kind(meter)) == (kind, tier, model)


@pytest.mark.parametrize(
    ("usage_type", "model"),
    [
        ("USE1-Claude4.5Sonnet-input-tokens-cross-region-global", "Claude Sonnet 4.5"),
        ("EUC1-Claude3Sonnet-input-tokens", "Claude3Sonnet"),
        ("USW2-MP:USW2_InputTokenCount-Units", "Claude Opus 4"),
    ],
)
def test_a_usage_type_without_its_region_names_the_model_or_leaves_it_to_the_product(
    usage_type: str, model: str, tmp_path: Path
) -> None:
    row = only(read(tmp_path, table(cur_row(
        line_item_usage_type=usage_type, product_product_name="Claude Opus 4 (Amazon Bedrock Edition)",
    ))))  # fmt: skip
    assert model in row.described
    assert not any(re.search(r"US[EW]\d|EUC1", said) for said in row.described)


def test_a_report_of_a_batch_says_so(tmp_path: Path) -> None:
    batch = only(read(tmp_path, table(cur_row(line_item_usage_type="USE1-NovaLite-input-tokens-batch"))))
    assert (batch.kind, batch.service_tier) == ("input", "batch")
    assert (
        only(read(tmp_path, table(azure_row(meterName="gpt 4o 0806 BatchInp glbl Tokens")))).service_tier
        == "batch"
    )
    assert only(read(tmp_path, table(focus_row(SkuMeter="Batch Input Tokens")))).service_tier == "batch"


def test_a_report_with_few_columns_is_read(tmp_path: Path) -> None:
    """Without an end, a day is a day; the service is named by its code alone."""
    row = only(read(tmp_path, table({
        "line_item_usage_account_id": "1", "product_servicecode": "AmazonBedrock", "line_item_line_item_type": "Usage",
        "line_item_usage_start_date": "2026-07-01T00:00:00Z", "line_item_unblended_cost": "6.00",
        "line_item_currency_code": "USD", "line_item_usage_type": "USE1-Claude3Sonnet-input-tokens",
        "line_item_usage_amount": "2000", "pricing_unit": "1K tokens",
    })))  # fmt: skip
    assert (row.kind, row.quantity, row.amount) == ("input", 2_000_000, 6)
    assert row.end_ns - row.start_ns == 86_400 * 10**9


def test_every_kind_is_told_by_the_meter_that_our_own_export_writes() -> None:
    from costctl.finance.usage_lines import _METERS

    mistaken: Mapping[str, str | None] = {
        kind: kind_of(meter) for kind, meter in _METERS.items() if kind_of(meter) != kind
    }
    assert mistaken == {
        "requests": None,
        "input_audio_s": "input_audio",
        "output_audio_s": "output_audio",
        "as recorded": None,
    }


def test_units_and_names_are_taken_apart() -> None:
    assert [unit_size(unit) for unit in ("1K tokens", "1000000 Tokens", "1M", "Tokens", None)] == [
        1000,
        10**6,
        10**6,
        1,
        1,
    ]
    assert without_kind("gpt-4o-mini-0718-Outp-glbl") == "gpt 4o mini 0718"
