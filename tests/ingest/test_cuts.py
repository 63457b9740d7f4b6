"""Files that begin or end inside a record, hold NULs, or had a line cut: one record is set apart, the rest is read."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from costctl import verbs
from costctl.documents.ingestion import SourceReport
from costctl.errors import InputError
from costctl.ingest import loader
from costctl.ingest.follow import follow_files
from costctl.store.database import open_store
from tests.ingest.otlp_exports import pair

START = 1_795_478_400_000_000_000
SECRET = "my card ends in, say, 4242, and my name is Jo"
COLUMNS = ("request_id", "call_type", "spend", "startTime", "endTime", "model", "prompt_tokens", "messages")


def silent(step: str, fraction: float | None, detail: str = "") -> None:
    """Progress that nobody follows."""


def otlp_record(number: int) -> str:
    """One export of one call, as a collector writes it on a line."""
    attributes = [
        pair("gen_ai.operation.name", "chat"),
        pair("gen_ai.request.model", "gpt-4o"),
        pair("gen_ai.usage.input_tokens", 1000),
        pair("gen_ai.input.messages", json.dumps([{"role": "user", "content": SECRET}])),
    ]
    span = {
        "traceId": f"{number + 1:032x}",
        "spanId": f"{number + 1:016x}",
        "name": "chat",
        "startTimeUnixNano": str(START + number),
        "endTimeUnixNano": str(START + number + 10**9),
        "attributes": attributes,
    }
    return json.dumps({"resourceSpans": [{"resource": {}, "scopeSpans": [{"scope": {}, "spans": [span]}]}]})


def log_row(number: int) -> dict[str, Any]:
    return {
        "request_id": f"r{number}",
        "call_type": "acompletion",
        "spend": 0.0025,
        "startTime": f"2026-11-20 10:00:{number:02d}",
        "endTime": f"2026-11-20 10:01:{number:02d}",
        "model": "gpt-4o",
        "prompt_tokens": 1000,
        "messages": f"{SECRET}\nand a second line",
    }


def log_record(number: int) -> str:
    return json.dumps(log_row(number))


RECORDS: dict[str, Callable[[int], str]] = {"otlp": otlp_record, "log": log_record}


def csv_text(rows: list[dict[str, Any]]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def loaded(folder: Path, *contents: str | bytes, name: str = "a.json") -> list[SourceReport]:
    """The reports of files that hold these; none of their texts is in the store."""
    for number, content in enumerate(contents):
        data = content.encode() if isinstance(content, str) else content
        (folder / f"{number}{name}").write_bytes(data)
    with open_store(folder / "s.duckdb") as connection:
        reports = list(loader.ingest(connection, [str(folder)]))
        rows = connection.execute("SELECT code, message, excerpt FROM quarantine").fetchall()
    said = repr((reports, rows))
    assert not any(word in said for word in ("card", "4242", "Jo", "second line"))
    for report in reports:
        assert report.records == report.spans + report.rejected + report.duplicates
    return reports


@pytest.mark.parametrize("record", RECORDS.values(), ids=RECORDS)
@pytest.mark.parametrize("share", [0.02, 0.3, 0.55, 0.75, 0.97])
def test_a_line_that_rotation_cuts_in_two_is_one_reject_in_each_file(
    tmp_path: Path, record: Callable[[int], str], share: float
) -> None:
    lines = [record(number) for number in range(7)]
    cut = int(share * len(lines[2]))
    first = "\n".join([*lines[:2], lines[2][:cut]])
    second = "\n".join([lines[2][cut:], *lines[3:], ""])
    reports = loaded(tmp_path, first, second)
    assert [(each.spans, each.rejected, each.state) for each in reports] == [
        (2, 1, "complete"),
        (4, 1, "complete"),
    ]


@pytest.mark.parametrize("record", RECORDS.values(), ids=RECORDS)
@pytest.mark.parametrize("pretty", [None, 2])
def test_every_place_to_cut_the_beginning_off_costs_one_record(
    tmp_path: Path, record: Callable[[int], str], pretty: int | None
) -> None:
    texts = [json.dumps(json.loads(record(number)), indent=pretty) for number in range(4)]
    for step, cut in enumerate(range(1, len(texts[0]), len(texts[0]) // 12)):
        folder = tmp_path / str(step)
        folder.mkdir()
        (report,) = loaded(folder, "\n".join([texts[0][cut:], *texts[1:]]))
        assert report.spans == 3 or (
            pretty and report.spans == 4
        )  # of a record printed over lines, the call may be left
        assert report.rejected == 1 or (pretty and report.rejected >= 1)


@pytest.mark.parametrize("record", RECORDS.values(), ids=RECORDS)
@pytest.mark.parametrize("nuls", [1, 4, 1023, 3_000_000])
def test_nuls_at_the_start_are_one_record_and_the_rest_is_read(
    tmp_path: Path, record: Callable[[int], str], nuls: int
) -> None:
    text = "\n".join(record(number) for number in range(6)).encode()
    (report,) = loaded(tmp_path, b"\0" * nuls + text)
    assert (report.spans, report.rejected_by_code) == (6, {"nul_bytes": 1})


@pytest.mark.parametrize("record", RECORDS.values(), ids=RECORDS)
@pytest.mark.parametrize(
    "between", [b"\0" * 512, b"", b"\0" * 40 + b"\n"], ids=["nuls", "nothing", "nuls and a line end"]
)
def test_a_record_that_a_crash_cut_costs_no_other(
    tmp_path: Path, record: Callable[[int], str], between: bytes
) -> None:
    """The writer dies inside a record and goes on after it: with the NULs of a page that was lost, or right there."""
    lines = [record(number).encode() for number in range(6)]
    broken = lines[2][: len(lines[2]) // 3]
    data = b"\n".join([lines[0], lines[1], broken + between + lines[3], lines[4], lines[5], b""])
    (report,) = loaded(tmp_path, data)
    assert (report.spans, report.rejected) == (5, 1)


@pytest.mark.parametrize("record", RECORDS.values(), ids=RECORDS)
def test_the_end_of_a_record_of_megabytes_hides_no_format(
    tmp_path: Path, record: Callable[[int], str]
) -> None:
    fragment = 'and, he said, \\"{[' + "so on, " * 400_000 + '"}}]}]}]}'
    (report,) = loaded(tmp_path, "\n".join([fragment, *(record(number) for number in range(3))]))
    assert (report.spans, report.rejected_by_code) == (3, {"begins_cut": 1})


def test_a_document_of_many_spans_that_is_cut_keeps_those_that_are_whole(tmp_path: Path) -> None:
    document = json.loads(otlp_record(0))
    spans = [
        json.loads(otlp_record(number))["resourceSpans"][0]["scopeSpans"][0]["spans"][0]
        for number in range(5)
    ]
    document["resourceSpans"][0]["scopeSpans"][0]["spans"] = spans
    text = json.dumps(document, indent=1)
    (report,) = loaded(tmp_path, text[: text.index(spans[4]["spanId"])])
    assert (report.spans, report.rejected_by_code) == (4, {"truncated": 1})


def test_a_list_of_rows_with_one_that_is_cut_keeps_the_others(tmp_path: Path) -> None:
    rows = [log_record(number) for number in range(5)]
    rows[2] = rows[2][:150]
    (report,) = loaded(tmp_path, "[\n" + ",\n".join(rows) + "\n]\n")
    assert (report.spans, report.rejected) == (4, 1)


@pytest.mark.parametrize("space", ["\f", "\v", "\f\n", "\f \n"])
def test_white_space_of_any_kind_between_documents_is_nothing(tmp_path: Path, space: str) -> None:
    text = space.join(json.dumps(json.loads(log_record(number)), indent=1) + "\n" for number in range(3))
    (report,) = loaded(tmp_path, text)
    assert (report.spans, report.rejected) == (3, 0)


def test_cells_with_line_ends_are_one_record_and_a_lost_quote_costs_one(tmp_path: Path) -> None:
    text = csv_text([log_row(number) for number in range(6)])
    (report,) = loaded(tmp_path, text, name="a.csv")
    assert (report.spans, report.rejected) == (6, 0)
    records = text.split("\nr")
    assert len(records) == 7
    records[3] = records[3].replace('"', "", 1)
    (tmp_path / "lost").mkdir()
    (report,) = loaded(tmp_path / "lost", "\nr".join(records), name="a.csv")
    assert report.spans == 5


@pytest.mark.parametrize("nuls", [0, 7, 2_000_000])
def test_bad_lines_of_a_csv_are_set_apart(tmp_path: Path, nuls: int) -> None:
    rows = [log_row(number) | {"messages": "x"} for number in range(6)]
    lines = csv_text(rows).rstrip("\n").split("\n")
    lines[2] = lines[2][:20]
    lines[4] = lines[4][:10] + "\0\0" + lines[4]
    lines[5] = f'{SECRET},"{SECRET}'
    (report,) = loaded(tmp_path, b"\0" * nuls + "\n".join(lines).encode()[:-30], name="a.csv")
    assert report.spans == 3
    assert report.rejected_by_code == {"bad_columns": 3, "bad_quotes": 1} | ({"nul_bytes": 1} if nuls else {})


def test_a_csv_whose_first_line_is_a_row_is_said_to_have_no_header(tmp_path: Path) -> None:
    text = csv_text([log_row(number) for number in range(4)])
    for step, cut in enumerate((text.index("\n") + 30, text.index("\n") + 80, text.index("\nr2") + 1)):
        folder = tmp_path / str(step)
        folder.mkdir()
        (report,) = loaded(folder, text[cut:], name="a.csv")
        assert report.state == "refused"
        assert "has no header" in str(report.why)


NOTHING_USABLE = {
    "a cut record": (otlp_record(0)[:-100], "truncated while being written"),
    "the end of a record": (otlp_record(0)[-100:], "that begins in another file"),
    "metrics": ('{"resourceMetrics":[{"scopeMetrics":[]}]}', "export traces or logs instead"),
    "times that nobody can read": (
        csv_text([log_row(1) | {"startTime": "20/11/2026 10:00"}]),
        "startTime is not a time: it is written like 99/99/9999 99:99",
    ),
    "nothing but NULs": ("\0" * 5000, "bytes are NUL"),
}


@pytest.mark.parametrize(("text", "reason"), NOTHING_USABLE.values(), ids=NOTHING_USABLE)
def test_where_nothing_can_be_loaded_every_verb_says_why(tmp_path: Path, text: str, reason: str) -> None:
    """Twice into one store, and into none: the same reason each time."""
    from costctl.observation import Question, observed

    path = tmp_path / "a.log"
    path.write_text(text)
    request = verbs.IngestRequest(paths=(str(path),), store=tmp_path / "s.duckdb")
    for _ in range(2):
        report = verbs.ingest(request, silent)
        with pytest.raises(InputError, match=reason):
            verbs.refuse_unusable(report)
    with pytest.raises(InputError, match=reason), observed(Question(paths=(str(path),)), silent):
        pass
    with pytest.raises(InputError), observed(Question(store=tmp_path / "s.duckdb"), silent):
        pass


def test_metrics_beside_traces_are_named_and_do_no_harm(tmp_path: Path) -> None:
    reports = loaded(tmp_path, otlp_record(0), '{"resourceMetrics":[]}')
    loader.require_usable(reports)
    assert [(each.spans, each.rejected_by_code) for each in reports] == [(1, {}), (0, {"not_traces": 1})]


@pytest.mark.parametrize("record", RECORDS.values(), ids=RECORDS)
def test_a_followed_file_may_begin_cut_and_break_in_between(
    tmp_path: Path, record: Callable[[int], str]
) -> None:
    """Line by line as it grows: the end of a record, records, a broken line alone, NULs alone, records."""
    path = tmp_path / "a.jsonl"
    parts = [
        record(0)[len(record(0)) // 2 :] + "\n",
        record(1) + "\n",
        f"{SECRET}\n",
        "\n",
        record(2)[:90] + "\0" * 20 + "\n",
        record(3) + "\n" + record(4) + "\n",
    ]
    path.write_text("")
    waiting = iter(parts)

    def is_stopped() -> bool:
        part = next(waiting, None)
        if part is not None:
            with path.open("a") as file:
                file.write(part)
        return part is None

    with open_store(tmp_path / "s.duckdb") as connection:
        (report,) = follow_files(
            connection, [str(path)], loader.reader_for(), progress=silent, is_stopped=is_stopped
        )
        positions = connection.execute("SELECT source_position FROM spans ORDER BY ALL").fetchall()
    assert (report.spans, report.rejected, report.state) == (3, 3, "complete")
    assert positions == [(2,), (6,), (7,)]
