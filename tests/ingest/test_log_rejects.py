"""Rows of logs that cannot be read are kept with their reason, and never with what people said."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from costctl.ingest import loader
from costctl.store.database import open_store

SECRET = "my password is swordfish"
HEADER = "start_ns,input_tokens,cached_input_tokens,output_tokens,operation,prompt\n"
START = 1_795_478_400_000_000_000


def rejects_of(path: Path, store: Path) -> list[tuple[str, str]]:
    with open_store(store) as connection:
        (report,) = loader.ingest(connection, [str(path)])
        rows = connection.execute("SELECT code, excerpt FROM quarantine ORDER BY position").fetchall()
    assert report.rejected == len(rows)
    assert report.spans == 1
    return rows


def test_a_csv_row_is_shown_by_the_columns_that_are_read(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text(
        HEADER
        + f"{START},10,2,3,chat,{SECRET}\n"
        + f",5,0,3,chat,{SECRET}\n"
        + f"{START},many,0,3,chat,{SECRET}\n"
        + f"{START},5,0,3,chat,{SECRET},{SECRET}\n"
    )
    found = rejects_of(path, tmp_path / "s.duckdb")
    assert {code for code, _ in found} == {"no_start", "bad_value", "bad_columns"}
    assert not any("swordfish" in excerpt for _, excerpt in found)
    assert any("input_tokens=5" in excerpt for _, excerpt in found)


def test_a_json_line_that_does_not_parse_is_shown_by_its_shape(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_text(
        f'{{"start_ns": {START}, "input_tokens": 4, "operation": "chat", "prompt": "{SECRET}"}}\n'
        f'{{"start_ns": {START}, "input_tokens": 4, "operation": "chat", "prompt": "{SECRET}\n'
    )
    ((code, excerpt),) = rejects_of(path, tmp_path / "s.duckdb")
    assert code == "bad_json"
    assert "swordfish" not in excerpt


def test_texts_of_parquet_that_are_no_utf8_are_read_as_far_as_they_go(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    table = pa.table(
        {"start_ns": [START, START], "input_tokens": [3, 4], "model_requested": ["gpt-4o", "gpt-4o-mini"]}
    )
    pq.write_table(table, path, compression="none", use_dictionary=False)
    path.write_bytes(path.read_bytes().replace(b"gpt-4o-mini", b"gpt-4o-m\xff\xfei"))
    with open_store(tmp_path / "s.duckdb") as connection:
        (report,) = loader.ingest(connection, [str(path)])
        found = connection.execute("SELECT model_requested FROM spans ORDER BY input_tokens").fetchall()
    assert (report.spans, report.rejected) == (2, 0)
    assert found == [("gpt-4o",), ("gpt-4o-m\ufffd\ufffdi",)]
