"""Where traces may lie, how they may be packed, and which part of them is wanted: the spans are the same."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest
import zstandard
from moto.server import ThreadedMotoServer
from pyarrow import fs

from costctl.errors import InputError
from costctl.ingest import loader
from costctl.ingest.discover import discover, looks_readable
from costctl.ingest.follow import follow_files
from costctl.ingest.ledger import Window
from costctl.ingest.stream import SourceStream
from costctl.store.database import open_store
from tests.ingest.one_trace import SPANS, START_US, as_otlp
from tests.ingest.otlp_exports import export

ROOT = Path(__file__).resolve().parents[2]
LINE = json.dumps(as_otlp()).encode() + b"\n"
PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "zstd": zstandard.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
}


def quiet(_what: str, _ratio: float | None, _detail: str = "") -> None:
    """Progress that nobody watches."""


def stored(store: Path, *arguments: str, reader: loader.Reader | None = None) -> tuple[int, int]:
    """Ingest; spans and duplicates of all sources."""
    with open_store(store) as connection:
        reports = loader.ingest(connection, arguments, reader, progress=quiet)
    loader.require_usable(reports)
    return sum(each.spans for each in reports), sum(each.duplicates for each in reports)


@pytest.mark.parametrize("packing", PACKERS)
def test_what_is_packed_is_known_by_its_bytes_and_not_by_its_name(tmp_path: Path, packing: str) -> None:
    path = tmp_path / "plain.jsonl"
    path.write_bytes(PACKERS[packing](LINE))
    assert stored(tmp_path / "s.duckdb", str(path)) == (len(SPANS), 0)


@pytest.mark.parametrize("packing", PACKERS)
def test_packed_members_one_after_another_are_one_stream(packing: str) -> None:
    data = os.urandom(300_000) + b"a" * 5_000_000
    stream = io.BufferedReader(SourceStream(io.BytesIO(PACKERS[packing](data) + PACKERS[packing](data)), "x"))
    assert stream.read() == data + data


@pytest.mark.parametrize("packing", PACKERS)
def test_packed_data_that_end_too_early_are_refused(packing: str) -> None:
    stream = SourceStream(io.BytesIO(PACKERS[packing](LINE)[:-3]), "cut")
    with pytest.raises(InputError, match="truncated"):
        io.BufferedReader(stream).read()


@pytest.mark.parametrize("packing", ["gzip", "zstd", "xz"])
def test_a_few_bytes_that_unpack_to_gigabytes_are_refused_before_they_fill_the_memory(packing: str) -> None:
    member = PACKERS[packing](b" " * 200_000_000)
    stream = SourceStream(io.BytesIO(member * 8), "bomb")
    with pytest.raises(InputError, match="far more data than traces would"):
        while stream.read(2**20):
            pass
    assert stream.bytes_unpacked < 1.4 * 2**30


OWN = {
    "costctl.toml": "",
    "rules.toml": "[[rules]]\n",
    "traces.duckdb": "",
    "traces.duckdb.kept/0d76250b": "{}",
    "litellm.yaml.coverage.json": "{}",
    "policy.json": '{\n  "policy_id": "p",\n  "schema_version": "costctl.policy/v2"\n}\n',
    "truth.json": '{\n  "classes": {},\n  "schema_version": "costctl.truth/v1"\n}\n',
    "litellm.yaml": "# LiteLLM's proxy, written by costctl 0.1.0.\nmodel_list: []\n",
    "grades.csv": "class,model,score,n\nchat,gpt-4.1,0.9,100\n",
    "focus.csv": "AllocatedTags,BilledCost,ChargeCategory\n,1.0,Usage\n",
}


def test_files_of_costctl_itself_beside_the_traces_are_not_told_of_and_those_of_others_are(
    tmp_path: Path,
) -> None:
    saying = b'{"prompt": "\\n  \\"schema_version\\": \\"costctl.policy/v2\\""}\n'
    (tmp_path / "traces.duckdb.kept").mkdir()
    for name, text in OWN.items():
        (tmp_path / name).write_text(text)
    others = {
        "a.jsonl": LINE,
        "talks-of-it.json": saying,
        "model.csv": b"class,model,n,cost\n",
        "deploy.yaml": b"# ours",
    }
    for name, data in others.items():
        (tmp_path / name).write_bytes(data)
    for found in (discover([str(tmp_path)]), discover([str(tmp_path / "**"), str(tmp_path / "deploy.yaml")])):
        told = {Path(each.uri).name for each in (*found.sources, *found.passed_over)}
        assert told == {*others}


def test_rotated_and_hidden_files_of_a_folder(tmp_path: Path) -> None:
    readable = (
        "a.jsonl",
        "a.jsonl.1",
        "a.jsonl.2.gz",
        "data-2026-09-14T05-02-14.173.json",
        "b.csv-20261124",
        "c.pb.xz",
    )
    other = ("README.md", "a.jsonl.bak", ".hidden.json", "notes.txt", "1")
    for name in (*readable, *other):
        (tmp_path / name).write_bytes(LINE)
    found = discover([str(tmp_path)])
    assert sorted(Path(each.uri).name for each in found.sources) == sorted(readable)
    assert {Path(each.uri).name for each in found.passed_over} == {*other} - {".hidden.json"}
    assert not looks_readable("archive.tar.gz")


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[fs.FileSystem, str]]:
    """A bucket of an S3-compatible server on loopback, and the options that name the server."""
    for name, value in (
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
        ("AWS_EC2_METADATA_DISABLED", "true"),
    ):
        monkeypatch.setenv(name, value)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    options = f"endpoint_override={host}:{port}&scheme=http&region=us-east-1&allow_bucket_creation=true"
    filesystem, _ = fs.FileSystem.from_uri(f"s3://traces?{options}")
    filesystem.create_dir("traces")
    yield filesystem, options
    server.stop()


def put(filesystem: fs.FileSystem, key: str, data: bytes) -> None:
    with filesystem.open_output_stream(key, compression=None) as stream:
        stream.write(data)


def test_objects_of_a_store_are_read_by_prefix_glob_and_name(
    tmp_path: Path, bucket: tuple[fs.FileSystem, str]
) -> None:
    filesystem, options = bucket
    for number in range(3):
        data = (json.dumps(export(number, 20)) + "\n").encode()
        put(filesystem, f"traces/day/{number}.jsonl.gz", gzip.compress(data))
        (tmp_path / f"{number}.jsonl").write_bytes(data)
    put(filesystem, "traces/day/notes.txt", b"nothing")
    expected = stored(tmp_path / "local.duckdb", str(tmp_path))
    assert stored(tmp_path / "prefix.duckdb", f"s3://traces/day?{options}") == expected
    assert stored(tmp_path / "glob.duckdb", f"s3://traces/da*/*.jsonl.gz?{options}") == expected
    one = stored(tmp_path / "one.duckdb", f"s3://traces/day/1.jsonl.gz?{options}")
    assert one == stored(tmp_path / "same.duckdb", str(tmp_path / "1.jsonl"))


def test_an_object_that_was_loaded_is_known_again(tmp_path: Path, bucket: tuple[fs.FileSystem, str]) -> None:
    filesystem, options = bucket
    put(filesystem, "traces/a.jsonl", LINE)
    uri = f"s3://traces/a.jsonl?{options}"
    assert stored(tmp_path / "s.duckdb", uri) == (len(SPANS), 0)
    with open_store(tmp_path / "s.duckdb") as connection:
        (report,) = loader.ingest(connection, [uri])
    assert report.state == "already loaded"


def test_parquet_is_read_from_a_store_as_from_a_disk(
    tmp_path: Path, bucket: tuple[fs.FileSystem, str]
) -> None:
    filesystem, options = bucket
    log = pa.table({"start_ns": [START_US * 1000], "input_tokens": [7], "operation": ["chat"]})
    pq.write_table(log, "traces/log.parquet", filesystem=filesystem)
    assert stored(tmp_path / "s.duckdb", f"s3://traces/log.parquet?{options}") == (1, 0)


def test_a_bucket_that_is_not_there_is_explained(tmp_path: Path, bucket: tuple[fs.FileSystem, str]) -> None:
    with pytest.raises(InputError) as raised, open_store(tmp_path / "s.duckdb") as connection:
        loader.ingest(connection, [f"s3://nowhere/at/all?{bucket[1]}"])
    assert "nowhere" in raised.value.what


def test_a_window_keeps_what_starts_in_it_and_counts_the_rest(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(LINE)
    window = Window((START_US + 50_000) * 1000, (START_US + 700_000) * 1000)
    with open_store(tmp_path / "s.duckdb") as connection:
        (report,) = loader.ingest(connection, [str(path)], loader.reader_for(window=window))
        assert (report.spans, report.outside, report.records) == (1, 3, 4)
        (again,) = loader.ingest(connection, [str(path)], loader.reader_for(window=window))
        assert again.state == "already loaded"
        (whole,) = loader.ingest(connection, [str(path)])
        assert (whole.spans, whole.duplicates) == (3, 1), "a wider window is not known yet"


CSV = "start_ns,input_tokens,operation\n"


@pytest.mark.parametrize(
    ("name", "first", "rows"),
    [
        ("log.csv", CSV, [f"{START_US * 1000 + number},{number},chat\n" for number in range(6)]),
        ("log.jsonl", "", [json.dumps({"start_ns": START_US * 1000, "input_tokens": 5}) + "\n"] * 6),
        ("spans.jsonl", "", [json.dumps(export(number, 3)) + "\n" for number in range(6)]),
    ],
)
def test_a_growing_file_is_followed_and_gives_what_it_would_give_whole(
    tmp_path: Path, name: str, first: str, rows: list[str]
) -> None:
    path = tmp_path / name
    path.write_text(first + rows[0] + rows[1][:9])  # the second row is not finished yet
    steps = iter([rows[1][9:] + rows[2], "", rows[3] + rows[4], rows[5]])

    def is_stopped() -> bool:
        more = next(steps, None)
        if more is not None:
            with path.open("a") as file:
                file.write(more)
        return more is None

    with open_store(tmp_path / "followed.duckdb") as connection:
        (report,) = follow_files(
            connection, [str(path)], loader.reader_for(), progress=quiet, is_stopped=is_stopped
        )
        found = connection.execute(f"SELECT {IDS} FROM spans ORDER BY ALL").fetchall()
    with open_store(tmp_path / "whole.duckdb") as connection:
        (whole,) = loader.ingest(connection, [str(path)])
        assert connection.execute(f"SELECT {IDS} FROM spans ORDER BY ALL").fetchall() == found
    assert (report.spans, report.rejected) == (whole.spans, whole.rejected)


IDS = "trace_id, span_id, start_ns, input_tokens, source_position"


def test_a_rotated_file_is_followed_from_its_beginning(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(json.dumps(export(1, 3)) + "\n")
    turns = iter([False, False, True])

    def is_stopped() -> bool:
        is_last = next(turns)
        if not is_last and not (tmp_path / "a.jsonl.1").exists():
            path.rename(tmp_path / "a.jsonl.1")
            path.write_text(json.dumps(export(2, 3)) + "\n")
        return is_last

    with open_store(tmp_path / "s.duckdb") as connection:
        follow_files(connection, [str(path)], loader.reader_for(), progress=quiet, is_stopped=is_stopped)
        found = connection.execute("SELECT COUNT(*) FROM spans").fetchone()
    assert found == (stored(tmp_path / "whole.duckdb", str(path))[0],), (
        "the first look already saw the new file"
    )


def test_packed_files_are_not_followed(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(gzip.compress(LINE * 1000) + b"\n")
    with (
        pytest.raises(InputError, match="cannot be followed"),
        open_store(tmp_path / "s.duckdb") as connection,
    ):
        follow_files(connection, [str(path)], loader.reader_for(), progress=quiet, is_stopped=lambda: True)


def test_interrupting_a_follower_ends_it_in_good_order(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(LINE)
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "costctl",
            "ingest",
            "--follow",
            str(path),
            "--store",
            str(tmp_path / "s.duckdb"),
        ],
        env={"PYTHONPATH": str(ROOT), "PATH": os.environ["PATH"], "HOME": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    while "Following" not in process.stderr.readline():
        continue
    process.terminate()
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert "4 spans loaded" in out


def test_a_locked_store_says_who_holds_it_and_waits_if_asked(tmp_path: Path) -> None:
    path, store = tmp_path / "a.jsonl", tmp_path / "s.duckdb"
    path.write_bytes(LINE)
    command = [sys.executable, "-m", "costctl", "ingest", str(path), "--store", str(store)]
    environment = {"PYTHONPATH": str(ROOT), "PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    holder = open_store(store)
    refused = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert refused.returncode == 6
    assert f"process {os.getpid()}" in refused.stderr
    with subprocess.Popen(
        [*command, "--wait", "60s"],
        env=environment,
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    ) as waiting:
        assert waiting.stderr is not None
        assert any("Waiting for" in line for line in waiting.stderr)
        holder.close()
        waiting.stderr.read()
    assert waiting.returncode == 0


def test_csv_and_parquet_and_json_of_one_log_give_the_same_rows(tmp_path: Path) -> None:
    rows = [
        {"start_time": "2026-11-24T00:00:00.5Z", "duration": "1250", "response_code": "200",
         "upstream_host": "10.0.0.7:80",
         "gen_ai.request.model": "m", "gen_ai.usage.input_tokens": "9", "gen_ai.usage.output_tokens": "-",
         "request.path": "/v1/embeddings"},
        {"start_time": "2026-11-24T00:00:01Z", "duration": "3", "response_code": "503", "upstream_host": "-",
         "gen_ai.request.model": "m", "gen_ai.usage.input_tokens": "-", "gen_ai.usage.output_tokens": "-",
         "request.path": "/v1/chat/completions"},
    ]  # fmt: skip
    table = pa.Table.from_pylist(rows)
    pa_csv.write_csv(table, tmp_path / "log.csv")
    pq.write_table(table, tmp_path / "log.parquet")
    (tmp_path / "log.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (tmp_path / "log.json").write_text(json.dumps(rows, indent=1))
    found = set()
    for name in ("log.csv", "log.parquet", "log.jsonl", "log.json"):
        with open_store(tmp_path / f"{name}.duckdb") as connection:
            (report,) = loader.ingest(connection, [str(tmp_path / name)])
            assert (report.rejected, report.dialects) == (0, {"envoy": 2})
            query = (
                "SELECT start_ns, end_ns, operation, model_requested, input_tokens, output_tokens, http_status, "
                "replica_id "
                "FROM spans ORDER BY start_ns"
            )
            found.add(tuple(connection.execute(query).fetchall()))
    (one,) = found
    assert one == (
        (1795478400500000000, 1795478401750000000, "embeddings", "m", 9, None, 200, "10.0.0.7:80"),
        (1795478401000000000, 1795478401003000000, "chat", "m", None, None, 503, None),
    )
