"""Which records a CSV holds: quoted cells over lines, other delimiters, damaged quotes."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from costctl.documents.ingestion import SourceReport
from costctl.ingest import loader
from costctl.ingest.follow import follow_files
from costctl.ingest.formats import csv_records
from costctl.ingest.formats.csv_records import csv_blocks, csv_form
from costctl.ingest.formats.csv_table import csv_table
from costctl.store.database import open_store
from tests.thoroughness import how_many

EXAMPLES = how_many(20, thorough=100)
START = 1_795_478_400_000_000_000
HEADER = "start_ns,model_requested,input_tokens,output_tokens,operation,prompt\n"


def read(data: bytes) -> tuple[list[dict[str, str]], list[int], list[tuple[int, str]]]:
    """Rows, the line of each, and the line and code of each reject."""
    form = csv_form(data)
    assert form is not None
    rows: list[dict[str, str]] = []
    lines: list[int] = []
    rejects: list[tuple[int, str]] = []
    stream = io.BytesIO(data)
    for block in csv_blocks(stream, stream.read(7), form):
        rows += csv_table(block, form).to_pylist()
        lines += block.positions
        rejects += [(reject.position, reject.code) for reject in block.rejects]
    return rows, lines, rejects


cells = st.text(st.characters(codec="utf-8", exclude_characters="\r\0"), max_size=12)


@settings(max_examples=EXAMPLES, deadline=None)
@given(
    rows=st.lists(st.lists(cells, min_size=3, max_size=3), min_size=1, max_size=8),
    delimiter=st.sampled_from(",;\t|"),
    end=st.sampled_from(("\n", "\r\n")),
    all_quoted=st.booleans(),
    has_bom=st.booleans(),
)
def test_what_a_csv_writer_writes_is_read_with_the_line_of_each_record(
    rows: list[list[str]], delimiter: str, end: str, all_quoted: bool, has_bom: bool
) -> None:
    text = io.StringIO(newline="")
    quoting = csv.QUOTE_ALL if all_quoted else csv.QUOTE_MINIMAL
    writer = csv.writer(text, delimiter=delimiter, lineterminator=end, quoting=quoting)
    writer.writerow(["time", "model", "said"])
    begins = []
    for row in rows:
        begins.append(text.getvalue().count("\n") + 1)
        writer.writerow([f"a{row[0]}", *row[1:]])
    data = text.getvalue().encode()
    found, lines, rejects = read(b"\xef\xbb\xbf" + data if has_bom else data)
    assert not rejects
    assert lines == begins
    assert [tuple(row.values()) for row in found] == [(f"a{row[0]}", row[1], row[2]) for row in rows]


@pytest.mark.parametrize(
    ("damage", "refused"),
    [
        ('2,m,"never closed\n', [(3, "bad_quotes")]),
        ('2,"m,cut in the middle of a cell\n', [(3, "bad_quotes")]),
        ('2,m,"closed" and more\n', [(3, "bad_quotes")]),
        ('2,m,"one\n3,m,"two\n4,m,"three\n', [(3, "bad_quotes"), (4, "bad_quotes"), (5, "bad_quotes")]),
        ('2,m\n', [(3, "bad_columns")]),
        ('2,m,a,b\n', [(3, "bad_columns")]),
        ('2,m,"over\ntwo lines",and too many\n', [(3, "bad_quotes"), (4, "bad_columns")]),
    ],
)  # fmt: skip
@pytest.mark.parametrize("later", ["", 'x,m,"a ""quoted"", cell"\n', 'x,m,"over\ntwo lines"\n'])
def test_a_damaged_quote_costs_its_own_line(damage: str, refused: list[tuple[int, str]], later: str) -> None:
    plain = "".join(f"{number},m,plain\n" for number in range(10, 60))
    found, _, rejects = read(f"time,model,said\n1,m,ok\n{damage}{plain}{later}".encode())
    assert rejects == refused
    assert len(found) == 51 + bool(later)
    assert found[0] == {"time": "1", "model": "m", "said": "ok"}


def test_quotes_that_were_never_doubled_are_read_where_the_cells_are_plain() -> None:
    found, lines, rejects = read(b'time,model,said\n1,m,"he said "hi" to me"\n2,m,5" disk\n3,m,x\n')
    assert (lines, rejects) == ([2, 3, 4], [])
    assert [row["said"] for row in found] == ['he said "hi" to me', '5" disk', "x"]


def test_quotes_behind_a_backslash_are_read() -> None:
    found, _, rejects = read(
        b'time,model,said\n1,m,"{\\"a\\": 1, \\"b\\": 2}"\n2,m,"two\nlines, \\"both\\""\n'
    )
    assert not rejects
    assert [row["said"] for row in found] == ['{"a": 1, "b": 2}', 'two\nlines, "both"']


def test_a_record_over_the_ends_of_blocks_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_records, "BLOCK_BYTES", 50)
    rows = "".join(f'{number},m,"first {number}\nsecond, ""{number}"""\n' for number in range(40))
    found, lines, rejects = read(f"time,model,said\n{rows}".encode())
    assert not rejects
    assert lines == [2 + 2 * number for number in range(40)]
    assert [row["said"] for row in found] == [f'first {number}\nsecond, "{number}"' for number in range(40)]


def test_an_open_quote_is_given_up_when_it_holds_more_than_any_record(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(csv_records, "BLOCK_BYTES", 400)
    monkeypatch.setattr(csv_records, "LONGEST_LINE_BYTES", 1000)
    plain = "".join(f"{number},m,plain\n" for number in range(500))
    found, _, rejects = read(f'time,model,said\n0,m,"open\n{plain}'.encode())
    assert rejects == [(2, "bad_quotes")]
    assert len(found) == 500


def loaded(path: Path, store: Path) -> tuple[SourceReport, list[tuple[object, ...]]]:
    with open_store(store) as connection:
        (report,) = loader.ingest(connection, [str(path)])
        rows = connection.execute(
            "SELECT source_position, input_tokens, output_tokens FROM spans ORDER BY source_position"
        ).fetchall()
    return report, rows


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_prompts_over_lines_are_skipped_and_tokens_read(tmp_path: Path, delimiter: str) -> None:
    path = tmp_path / "log.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file, delimiter=delimiter)
        writer.writerow(HEADER.strip().split(","))
        for number in range(3):
            said = f'line, one\n{START},m,999,999,chat,"no row"\n; tab\t{number}'
            writer.writerow([START + number, "m", 10 + number, number, "chat", said])
    report, rows = loaded(path, tmp_path / "s.duckdb")
    assert (report.format, report.spans, report.rejected) == ("csv", 3, 0)
    assert rows == [(2, 10, 0), (5, 11, 1), (8, 12, 2)]


def test_no_reject_shows_what_stands_behind_a_quote(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text(HEADER + f'{START},m,1,1,chat,"my pin is,5550199,ok\n{START},m,1,1,chat,fine\n')
    with open_store(tmp_path / "s.duckdb") as connection:
        loader.ingest(connection, [str(path)])
        ((code, message, excerpt),) = connection.execute(
            "SELECT code, message, excerpt FROM quarantine"
        ).fetchall()
    assert code == "bad_quotes"
    assert "5550199" not in message + excerpt
    assert "pin" not in message + excerpt


def test_a_record_that_is_still_being_written_is_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    parts = [
        HEADER + f'{START},m,1,1,chat,"first\n',
        f'half"\n{START + 1},m,2,2,chat,"second\n',
        f'half"\n{START + 2},m,3,3,chat,"never closed\n',
    ]
    path.write_text("")
    looks = iter([False, False, False, False, True])

    def is_stopped() -> bool:
        if parts:
            with path.open("a") as file:
                file.write(parts.pop(0))
        return next(looks)

    with open_store(tmp_path / "s.duckdb") as connection:
        reader = loader.reader_for()
        (report,) = follow_files(
            connection, [str(path)], reader, progress=lambda *_: None, is_stopped=is_stopped
        )
        rows = connection.execute("SELECT source_position, input_tokens FROM spans ORDER BY 1").fetchall()
    assert rows == [(2, 1), (4, 2)]
    assert report.rejected_by_code == {"bad_quotes": 1}
