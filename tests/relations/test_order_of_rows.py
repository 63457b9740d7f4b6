"""Rows come in the order of their keys, however many there are and however many threads made them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from costctl.documents.settings import Settings
from costctl.engine.duckdb import DuckDBEngine
from costctl.engine.small_tables import load_prices, load_settings
from costctl.segment.rules import default_rules
from costctl.store.database import open_store

ROW_GROUPS = 3  # of DuckDB, which gives each thread one at a time
SPANS = ROW_GROUPS * 122_880


def test_equal_stores_give_frames_in_one_order(tmp_path: Path) -> None:
    with open_store(tmp_path / "s.duckdb") as connection:
        connection.execute(
            "INSERT INTO spans (store_key, trace_id, span_id, operation, is_model_call, start_ns, end_ns, "
            "input_tokens) "
            "SELECT i, PRINTF('%032x', i), PRINTF('%016x', i), 'chat', TRUE, i * 1000 + HASH(i) % 1000000000, "
            f"i * 1000 + 3000000000, 10 FROM RANGE({SPANS}) AS of_spans(i)"
        )
        connection.execute("SET threads = 4")
        engine = DuckDBEngine(connection)
        load_settings(engine, Settings(), default_rules(), None, None)
        load_prices(engine, Settings())
        for relation, key in (("calls", "call_id"), ("requests", "request_id")):
            ids = engine.fetch(relation)[key].to_numpy()
            assert np.array_equal(ids, np.arange(SPANS))
