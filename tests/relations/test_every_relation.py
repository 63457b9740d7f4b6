"""Every relation builds, keeps to its header, and every check passes, on a small mixed trace."""

from __future__ import annotations

import pytest

from costctl.documents.settings import Pool, Settings, Storage
from costctl.relations import by_name, load_relations
from tests.relations.span_rows import chat, engine_of, span

RELATIONS = load_relations("duckdb")
SETTINGS = Settings(
    pools={"gpu": Pool(usd_per_replica_hour=3.6, match={"service": "llm"})},
    storage={"hot": Storage(usd_per_1k_reads=1.0, match={"db.namespace": "hot-*"})},
)
SPANS = [
    span("a/root", 0, 10, service="gateway", egress_bytes=100, tenant="t1"),
    span(
        "a/find/root",
        1,
        2,
        operation="retrieval",
        documents=3,
        storage_reads=4,
        attributes=[("db.namespace", "hot-1")],
    ),
    chat(
        "a/call/root",
        2,
        8,
        service="llm",
        replica_id="r1",
        queue_s=1.0,
        ttft_s=2.0,
        input_tokens=900,
        output_tokens=5,
    ),
    span("b/root", 4, 9, service="gateway", status="error"),
    chat(
        "b/call/root",
        4,
        9,
        service="llm",
        replica_id="r1",
        error_type="timeout",
        input_tokens=10,
        output_tokens=2,
    ),
    chat(
        "c/only", 3, None, provider="openai", model_served="gpt-4o-mini", input_tokens=1000, output_tokens=10
    ),
    span("d/lost/missing", 5, 6),
    span("e/x/y", 1, 2),
    span("e/y/x", 1, 3),
]


@pytest.mark.parametrize("name", sorted(RELATIONS))
def test_a_relation_has_the_columns_and_types_that_its_header_promises(name: str) -> None:
    engine = engine_of(SPANS, SETTINGS)
    engine.build(name)
    described = engine.query(
        f"SELECT column_name, data_type FROM duckdb_columns() WHERE table_name = '{name}' ORDER BY column_index"
    )
    promised = [(column.name, column.type) for column in RELATIONS[name].columns]
    assert described.rows() == promised


@pytest.mark.parametrize("name", sorted(n for n, r in RELATIONS.items() if r.layer == "checks"))
def test_no_check_finds_anything(name: str) -> None:
    assert engine_of(SPANS, SETTINGS).check(name).rows() == []


def test_two_relations_of_one_name_are_refused() -> None:
    calls, requests = RELATIONS["calls"], RELATIONS["requests"]
    assert by_name([calls, requests]) == {"calls": calls, "requests": requests}
    with pytest.raises(ValueError, match="two relations are named calls"):
        by_name([calls, requests, calls])
