"""Times that cannot be quite right: what a call counted is kept, and what is in doubt is counted in the report."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from costctl.errors import UsageError
from costctl.ingest import loader
from costctl.ingest.mapping import named_mapping
from costctl.store.database import open_store
from tests.ingest.otlp_exports import pair

START = 1_795_478_400_000_000_000
CALL = [
    pair("gen_ai.operation.name", "chat"),
    pair("gen_ai.request.model", "gpt-4o"),
    pair("gen_ai.usage.input_tokens", 9),
]


def loaded(folder: Path, text: str, mapping: str | None = None) -> tuple[Any, list[dict[str, Any]]]:
    path = folder / "a.log"
    path.write_text(text)
    with open_store(folder / "s.duckdb") as connection:
        (report,) = loader.ingest(connection, [str(path)], loader.reader_for(mapping=mapping))
        rows = connection.sql("SELECT * FROM spans ORDER BY source_position").to_arrow_table().to_pylist()
    return report, rows


def span(number: int, length_ns: int, attributes: list[Any]) -> str:
    written = {
        "traceId": f"{number + 1:032x}",
        "spanId": f"{number + 1:016x}",
        "name": "a",
        "startTimeUnixNano": str(START),
        "endTimeUnixNano": str(START + length_ns),
        "attributes": attributes,
    }
    return json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [written]}]}]}) + "\n"


@pytest.mark.parametrize("gap_ns", [1, 337_000, 10**9, 10**9 + 1, 3600 * 10**9])
def test_a_call_that_ends_before_it_starts_keeps_its_tokens_and_other_spans_only_within_noise(
    tmp_path: Path, gap_ns: int
) -> None:
    report, rows = loaded(tmp_path, span(0, -gap_ns, CALL) + span(1, -gap_ns, []) + span(2, 5, []))
    is_noise = gap_ns <= 10**9
    assert [row["end_ns"] for row in rows] == [None, *([None] if is_noise else []), START + 5]
    assert (rows[0]["input_tokens"], rows[0]["is_model_call"]) == (9, True)
    assert report.doubts == {"ends_before_start": 2 if is_noise else 1}
    assert report.rejected_by_code == ({} if is_noise else {"ends_before_start": 1})


def test_a_row_that_ends_before_it_starts_is_a_call_of_unknown_length(tmp_path: Path) -> None:
    header = "start_ns,end_ns,input_tokens,operation,model_requested\n"
    report, rows = loaded(
        tmp_path, header + f"{START},{START - 337_000},9,chat,gpt-4o\n{START},{START + 7},9,chat,gpt-4o\n"
    )
    assert [(row["start_ns"], row["end_ns"], row["input_tokens"]) for row in rows] == [
        (START, None, 9),
        (START, START + 7, 9),
    ]
    assert report.doubts == {"ends_before_start": 1}


def in_zone(folder: Path, zone: str) -> str:
    path = folder / "own.toml"
    path.write_text(
        f'zone = "{zone}"\n[columns]\nstart_ns = {{ from = "at", unit = "iso" }}\n'
        'input_tokens = { from = "tokens" }\nmodel_requested = { from = "model" }\n[constants]\noperation = "chat"\n'
    )
    return str(path)


def test_a_mappings_zone_is_the_clock_of_times_that_name_none(tmp_path: Path) -> None:
    times = (
        "2026-07-01 12:00:00",  # BST
        "2026-07-01 12:00:00Z",  # says its own zone
        "2026-03-29 01:30:00",  # the clock went from 01:00 to 02:00
        "2026-10-25 01:30:00",  # the clock showed this twice
        "2026-12-01 12:00:00",  # GMT
    )
    report, rows = loaded(
        tmp_path,
        "at,tokens,model\n" + "".join(f"{at},9,gpt-4o\n" for at in times),
        in_zone(tmp_path, "Europe/London"),
    )
    seconds = [row["start_ns"] // 10**9 for row in rows]
    assert seconds == [1_782_903_600, 1_782_907_200, 1_774_747_800, 1_792_888_200, 1_796_126_400]
    assert report.doubts == {"clock_repeated": 1, "clock_skipped": 1}
    assert report.rejected == 0


def test_a_zone_that_does_not_exist_is_named_with_one_that_does(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="Europe/London"):
        named_mapping(in_zone(tmp_path, "Europe/Londn"))
