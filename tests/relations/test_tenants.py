"""Whose a call is: its own span's tenant, else the nearest span's around it, else its request's, else nobody's."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from costctl.documents.settings import Pool, Settings
from costctl.frames.cut_sums import CutSums
from costctl.stats.exact_sums import sum_of_parts
from tests.relations.span_rows import chat, engine_of, span
from tests.thoroughness import how_many

POOL = Settings(
    pools={"gpu": Pool(usd_per_replica_hour=3.6, match={"service": "llm"})}, internet_usd_per_gb_egress=90.0
)
BOUGHT = {"provider": "openai", "model_served": "gpt-4o", "output_tokens": 100}
START_S = 1_795_168_800  # 2026-11-20T10:00:00Z


def spent(rows: list[dict[str, Any]], settings: Settings | None = None) -> dict[str | None, float]:
    found = engine_of(rows, settings).query("SELECT tenant, SUM(usd) FROM charge GROUP BY tenant")
    return dict(found.iter_rows())


def bought(key: str, at_s: int, input_tokens: int, tenant: str | None = None, **facts: Any) -> dict[str, Any]:
    start_s = START_S + at_s
    return chat(key, start_s, start_s + 2, input_tokens=input_tokens, tenant=tenant, **BOUGHT, **facts)


def test_two_tenants_of_one_trace_pay_for_their_own_calls_and_nobody_for_the_rest() -> None:
    rows = [
        span("a/root", START_S, START_S + 60),
        bought("a/1/root", 1, 1_000, "acme"),
        bought("a/2/root", 10, 100_000, "globex"),
        bought("a/3/root", 20, 10_000),
        bought("b/4", 30, 1_000, "acme"),
    ]
    rows[2]["output_tokens"] = 1_000
    assert spent(rows) == pytest.approx({"acme": 0.007, "globex": 0.26, None: 0.026})


def test_the_rest_of_a_request_is_its_entrys() -> None:
    rows = [
        span("a/root", START_S, START_S + 60, tenant="acme", egress_bytes=1_000_000),
        bought("a/1/root", 1, 1_000, "globex"),
        bought("a/2/root", 10, 3_000),
    ]
    assert spent(rows, POOL) == pytest.approx({"globex": 0.0035, "acme": 0.0085 + 0.09})


def test_what_no_call_caused_is_nobodys_where_the_entry_names_none() -> None:
    rows = [
        span("a/root", START_S, START_S + 60, egress_bytes=1_000_000),
        bought("a/1/root", 1, 1_000, "acme"),
    ]
    assert spent(rows, POOL) == pytest.approx({"acme": 0.0035, None: 0.09})


def test_an_agent_that_works_for_a_tenant_encloses_that_tenants_calls() -> None:
    rows = [
        span("a/root", START_S, START_S + 60, tenant="acme"),
        span("a/agent/root", START_S, START_S + 50, operation="invoke_agent", tenant="globex"),
        span("a/step/agent", START_S, START_S + 40),
        bought("a/1/step", 1, 1_000),
        bought("a/2/step", 4, 3_000, "initech"),
        bought("a/3/root", 52, 5_000),
        span("a/beside/root", START_S, START_S + 1, tenant="hooli"),
    ]
    assert spent(rows) == pytest.approx({"globex": 0.0035, "initech": 0.0085, "acme": 0.0135})


def test_what_the_outer_record_of_a_call_says_is_the_calls() -> None:
    outer = bought("a/outer/root", 1, 1_000, "acme", dialect="framework")
    rows = [span("a/root", START_S, START_S + 60, tenant="globex"), outer, bought("a/inner/outer", 1, 1_000)]
    assert spent(rows) == pytest.approx({"acme": 0.0035})


def test_where_the_entry_was_lost_the_first_of_its_parts_decides_or_all_that_say_one() -> None:
    lost = [span("a/x/gone", START_S, START_S + 9), span("a/y/gone", START_S + 1, START_S + 9, tenant="acme")]
    assert spent([*lost, bought("a/1/x", 2, 1_000)]) == pytest.approx({"acme": 0.0035})
    torn = [*lost, span("a/z/gone", START_S + 2, START_S + 9, tenant="globex")]
    assert spent([*torn, bought("a/1/x", 2, 1_000)]) == pytest.approx({None: 0.0035})
    torn[0]["tenant"] = "initech"
    assert spent([*torn, bought("a/1/x", 2, 1_000)]) == pytest.approx({"initech": 0.0035})


def test_shared_time_goes_with_the_call_and_not_with_its_request() -> None:
    llm = {"service": "llm", "replica_id": "r1"}
    rows = [
        span("a/root", 0, 60, tenant="acme"),
        chat("a/1/root", 0, 20, tenant="globex", **llm),
        chat("a/2/root", 10, 30, **llm),
    ]
    assert spent(rows, POOL) == pytest.approx({"globex": 0.015, "acme": 0.015})


TENANTS = st.sampled_from([None, None, "acme", "globex", "initech"])


@st.composite
def forests(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Spans of two traces, each below another, below one that was lost, or an entry; some are calls."""
    rows: list[dict[str, Any]] = []
    for number in range(1, 1 + draw(st.integers(1, 14))):
        trace = draw(st.sampled_from("ab"))
        above = [row["span_id"] for row in rows if row["trace_id"] == trace]
        parent = draw(st.sampled_from([None, "gone", *above, *above]))
        key = f"{trace}/{number}" if parent is None else f"{trace}/{number}/{parent}"
        tenant, at_s = draw(TENANTS), draw(st.integers(0, 40))
        if draw(st.booleans()):
            rows.append(bought(key, at_s, draw(st.integers(1, 9_000)), tenant))
        else:
            rows.append(
                span(
                    key,
                    START_S + at_s,
                    START_S + at_s + 9,
                    tenant=tenant,
                    egress_bytes=draw(st.integers(0, 9)),
                )
            )
    return rows


def walked(rows: list[dict[str, Any]], ids: list[dict[str, Any]], calls: set[int]) -> dict[int, str | None]:
    """The slow twin: from each call up, a step at a time. ids: rows of staged_spans with their span_id."""
    of = {(row["trace_id"], row["span_id"]): row for row in rows}
    found: dict[int, str | None] = {}
    for each in ids:
        if each["span_key"] not in calls:
            continue
        at = of[each["trace_id"], each["span_id"]]
        while at["tenant"] is None and (at["trace_id"], at["parent_span_id"]) in of:
            at = of[at["trace_id"], at["parent_span_id"]]
        entries = [
            other for other in ids if other["request_id"] == each["request_id"] and other["depth"] == 0
        ]
        first = next(other["tenant"] for other in entries if other["is_first"])
        named = {other["tenant"] for other in entries if other["tenant"] is not None}
        found[each["span_key"]] = at["tenant"] or first or (named.pop() if len(named) == 1 else None)
    return found


@settings(max_examples=how_many(6, thorough=25), deadline=None, suppress_health_check=list(HealthCheck))
@given(rows=forests())
def test_each_call_is_whose_a_walk_up_its_tree_says_and_nothing_is_lost(rows: list[dict[str, Any]]) -> None:
    engine = engine_of(rows, POOL)
    calls = engine.fetch("calls")
    of_calls = dict(calls.select("call_id", "tenant").iter_rows())
    ids = engine.query(
        "SELECT s.span_key, s.request_id, s.depth, s.is_first, s.tenant, i.trace_id, i.span_id FROM staged_spans AS s "
        "INNER JOIN span_ids AS i ON s.span_key = i.span_key"
    ).to_dicts()
    assert of_calls == walked(rows, ids, set(of_calls))
    used, charge = CutSums.read(engine.fetch).named("tenant"), engine.fetch("charge")
    assert (sum_of_parts(used, "usd") or 0.0) == pytest.approx(charge["usd"].drop_nulls().sum())
    assert used["calls"].sum() == calls.height
    assert used["unpriced_charges"].sum() == charge["usd"].null_count()
    assert {*used["value"].drop_nulls()} == {
        *calls["tenant"].drop_nulls(), *engine.fetch("requests")["tenant"].drop_nulls()
    }  # fmt: skip
