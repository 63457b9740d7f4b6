"""What is not billed makes no line, tools and processor time make theirs, and the file still ties out to the bill."""

from __future__ import annotations

import csv
import io
from decimal import Decimal

import pytest

from costctl.cost.analysis import METHODS, build_analysis
from costctl.documents.billing_settings import Tool
from costctl.documents.provenance import Provenance
from costctl.documents.settings import Settings
from costctl.finance.export import focus_export
from costctl.render import exported
from costctl.service_model.pool_fit import fit_pools
from tests.relations.span_rows import chat, engine_of, frames_of, span

DAY_S = 1_795_478_400.0  # 2026-11-24T00:00:00Z
TOOL = Tool(usd_per_1k_calls=10.0, usd_per_cpu_hour=3.6, match={"operation": "execute_tool"})


def test_the_lines_of_a_refused_call_a_realtime_call_and_a_tool_tie_out_to_the_bill() -> None:
    settings = Settings(tools={"browser": TOOL})
    refused = {"provider": "openai", "model_served": "no-such-model", "error_type": "RateLimitError"}
    spoken = {"provider": "openai", "model_served": "gpt-realtime", "input_tokens": 900, "output_tokens": 200}
    engine = engine_of(
        [
            span("a/root", DAY_S, DAY_S + 20),
            chat("a/refused/root", DAY_S + 1, DAY_S + 2, **refused),
            chat(
                "a/call/root", DAY_S + 3, DAY_S + 5, **spoken, input_audio_tokens=700, output_audio_tokens=150
            ),
            span("a/tool/root", DAY_S + 6, DAY_S + 11, operation="execute_tool", name="browse"),
        ],
        settings,
    )
    frames = frames_of(engine, settings)
    analysis = build_analysis(
        frames, settings, fit_pools(frames, settings), Provenance("0", (), None, "book 1", METHODS, 0), 0
    )
    export = focus_export(
        frames,
        engine.fetch("usage_day"),
        engine.fetch("class_day"),
        settings,
        analysis,
        "plain",
        is_idle_spread=False,
    )
    rows = list(csv.DictReader(io.StringIO(exported.focus_csv(export, "1.4"))))

    tokens = (200 * 4.0 + 700 * 32.0 + 50 * 16.0 + 150 * 64.0) / 1e6
    assert analysis.totals.billed_usd == pytest.approx(tokens + 0.01 + 0.005)
    total = sum(Decimal(row["BilledCost"]) for row in rows)
    assert float(total) == pytest.approx(analysis.totals.billed_usd, abs=0.005)
    usage = [row for row in rows if row["ChargeCategory"] == "Usage"]
    meters = {row["SkuMeter"] for row in usage}
    assert {"Input Tokens", "Input Audio Tokens", "Output Tokens", "Output Audio Tokens"} <= meters
    assert not any("no-such-model" in row["SkuId"] for row in rows)
    for row in usage:
        assert Decimal(row["ListUnitPrice"]) * Decimal(row["PricingQuantity"]) == Decimal(row["ListCost"])
