"""What two times are compared by is all that was charged, by class, tenant and model, and every call once."""

from __future__ import annotations

import pytest

from costctl.documents.settings import Pool, Settings
from costctl.engine.duckdb import DuckDBEngine
from tests.relations.span_rows import chat, engine_of, span

DAY_S = 1_795_132_800  # 2026-11-20T00:00:00Z
SETTINGS = Settings(
    pools={"gpu": Pool(usd_per_replica_hour=3.6, match={"service": "llm"})}, internet_usd_per_gb_egress=90.0
)


def bought(key: str, at_s: float, model: str, **facts: object) -> dict[str, object]:
    said = {"provider": "openai", "model_served": model, "input_tokens": 1_000, "output_tokens": 10}
    return chat(key, DAY_S + at_s, DAY_S + at_s + 2, **said, **facts)


@pytest.fixture(scope="module")
def engine() -> DuckDBEngine:
    return engine_of(
        [
            span("a/root", DAY_S, DAY_S + 60, tenant="acme", egress_bytes=1_000_000),
            bought("a/1/root", 1, "gpt-4o", error_type="timeout", status="error"),
            bought("a/2/root", 9, "gpt-4o"),
            bought("a/3/root", 20, "gpt-4o-mini"),
            bought("b/4", 400, "gpt-4o", tenant="birch"),
            chat("c/5", DAY_S + 500, DAY_S + 510, service="llm", input_tokens=10, output_tokens=5),
            span("d/root", DAY_S + 700, DAY_S + 800),
            bought("d/6/root", 701, "gpt-4o", tenant="acme"),
            bought("d/7/root", 710, "gpt-4o", tenant="birch"),
        ],
        SETTINGS,
    )


def test_the_cells_add_up_to_all_charges(engine: DuckDBEngine) -> None:
    whole = engine.fetch("charge")
    cells = engine.fetch("cell_charge")
    assert cells["usd"].sum() == pytest.approx(whole["usd"].sum(), rel=1e-12)
    assert cells["quantity"].sum() == pytest.approx(whole["quantity"].sum(), rel=1e-12)
    assert cells["unpriced_charges"].sum() == whole["usd"].null_count()


def test_every_request_is_in_one_cell(engine: DuckDBEngine) -> None:
    rows = engine.query(
        "SELECT tenant, SUM(requests), SUM(first_calls) FROM cell_request GROUP BY ALL ORDER BY 1"
    )
    # of d each call is another tenant's; a was made again once
    assert rows.rows() == [("acme", 1, 2), ("birch", 1, 1), (None, 2, 3)]


def test_the_time_in_stages_adds_up_to_the_time_of_requests(engine: DuckDBEngine) -> None:
    whole_s = engine.fetch("requests")["duration_s"].sum()
    assert engine.fetch("cell_stage")["self_ns"].sum() / 1e9 == pytest.approx(whole_s)


def test_calls_that_are_charged_are_counted_by_model(engine: DuckDBEngine) -> None:
    rows = engine.query("SELECT model, SUM(charged_calls) FROM cell_call GROUP BY ALL ORDER BY 1 NULLS LAST")
    billed = engine.query(
        "SELECT COUNT(DISTINCT call_id) FROM charge WHERE usd > 0 AND call_id IS NOT NULL"
    ).item()
    assert dict(rows.rows()) == {"gpt-4o": billed - 2, "gpt-4o-mini": 1, None: 1}
