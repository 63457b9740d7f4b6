"""A store in memory with the spans that a test names, and an engine over it."""

from __future__ import annotations

from typing import Any

import duckdb
import pyarrow as pa

from costctl.documents.settings import Settings
from costctl.engine.duckdb import DuckDBEngine
from costctl.engine.small_tables import load_prices, load_settings
from costctl.frames.cost import Frames
from costctl.segment.rules import default_rules
from costctl.store.database import create_tables
from costctl.store.spans import MODEL_OPERATIONS, RESOURCES, STORED_SPANS
from costctl.verbs.analyze import frames_in


def span(key: str, start_s: float, end_s: float | None, **facts: Any) -> dict[str, Any]:
    """One span. key: "trace/span" or "trace/span/parent"; times in seconds from the epoch."""
    trace_id, span_id, *parent = key.split("/")
    return {
        "trace_id": trace_id,
        "span_id": span_id,
        "parent_span_id": parent[0] if parent else None,
        "start_ns": round(start_s * 1e9),
        "end_ns": None if end_s is None else round(end_s * 1e9),
        "is_model_call": facts.get("operation") in MODEL_OPERATIONS,
        **facts,
    }


def chat(key: str, start_s: float, end_s: float | None, **facts: Any) -> dict[str, Any]:
    """A model call that generates."""
    return span(key, start_s, end_s, operation="chat", **facts)


def engine_of(
    spans: list[dict[str, Any]],
    settings: Settings | None = None,
    since_ns: int | None = None,
    until_ns: int | None = None,
    resources: dict[str, dict[str, str]] | None = None,
) -> DuckDBEngine:
    """An engine over these spans with the default rules. Their keys are their places here, where they have no other."""
    connection = duckdb.connect()
    create_tables(connection)
    keyed = [{"store_key": number, **each} for number, each in enumerate(spans)]
    rows = pa.Table.from_pylist(keyed, schema=STORED_SPANS)
    emitters = pa.Table.from_pylist(
        [{"resource_id": key, "attributes": list(value.items())} for key, value in (resources or {}).items()],
        schema=RESOURCES,
    )
    connection.register("rows", rows)
    connection.register("emitters", emitters)
    connection.execute("CREATE OR REPLACE TABLE spans AS SELECT * FROM rows")
    connection.execute("CREATE OR REPLACE TABLE resources AS SELECT * FROM emitters")
    engine = DuckDBEngine(connection)
    load_settings(engine, settings or Settings(), default_rules(), since_ns, until_ns)
    load_prices(engine, settings or Settings())
    return engine


def frames_of(engine: DuckDBEngine, settings: Settings | None = None) -> Frames:
    """What costs rest on, as the verbs read it."""
    return frames_in(engine, settings or Settings(), 0, lambda _step, _fraction, _detail="": None)
