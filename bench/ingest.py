"""How fast do OTLP/JSON and OTLP/protobuf get into DuckDB, beside what one would do instead?

Run from the checkout: `python -m bench.ingest`. The same file goes to several programs in turn, several
rounds, each in a process of its own, whose start and imports are left out of the time and whose peak memory
is read at its end. Of JSON:

- costctl ingest: blocks, a vectorised reader, canonical columns, ledger, duplicates, quarantine;
- a loop over orjson.loads that fills lists of the main columns, which go to DuckDB as Arrow tables;
- DuckDB alone: read_json with an explicit schema, unnest, the main columns by list functions;
- pyarrow.json alone: the file is parsed with the explicit schema and thrown away.

Of protobuf, each message after its length: costctl, and a loop over the protobuf classes that fills the same
lists. All but
the parse know a span by its trace and span id, so that loading a file again adds nothing: costctl by its own
search for duplicates, the others by a primary key and INSERT OR IGNORE. They keep ten columns and no
quarantine. Prints megabytes per second, peak memory, and ratios paired by round; and what the prompts of calls
that are bought add to an ingest, which are hashed and not kept.
"""

from __future__ import annotations

import argparse
import importlib
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec

from bench.protobuf_loop import rows_of_messages
from costctl.synth.shop.presets import shop
from costctl.synth.shop.provider import usage_of
from costctl.synth.shop.spans import otlp_lines
from costctl.synth.shop.traffic import traffic_of
from tests.ingest.otlp_corpus import write_otlp_lines, write_otlp_messages

MEGABYTES, ROUNDS = 300, 3
KEYS = {
    "gen_ai.operation.name": "operation",
    "gen_ai.provider.name": "provider",
    "gen_ai.request.model": "model_requested",
    "gen_ai.response.model": "model_served",
    "gen_ai.usage.input_tokens": "input_tokens",
    "gen_ai.usage.output_tokens": "output_tokens",
    "gen_ai.usage.cache_read.input_tokens": "cached_input_tokens",
    "gen_ai.request.max_tokens": "max_tokens",
    "gen_ai.response.time_to_first_chunk": "ttft_s",
    "tenant.id": "tenant",
}
TYPES = dict.fromkeys(KEYS.values(), "VARCHAR") | {
    "input_tokens": "BIGINT", "output_tokens": "BIGINT", "cached_input_tokens": "BIGINT", "max_tokens": "BIGINT",
    "ttft_s": "DOUBLE",
}  # fmt: skip
PROMPTS = frozenset({"gen_ai.input.messages", "gen_ai.system_instructions"})
SPAN_COLUMNS = ("trace_id", "span_id", "parent_span_id", "name", "kind", "start_ns", "end_ns", "service")


def run_costctl(source: Path, folder: Path) -> None:
    from costctl.ingest.loader import ingest
    from costctl.store.database import open_store

    with open_store(folder / "s.duckdb") as connection:
        ingest(connection, [str(source)])


def run_orjson(source: Path, folder: Path) -> None:
    import orjson

    def rows() -> Iterator[dict[str, Any]]:
        with source.open("rb") as file:
            for line in file:
                for group in orjson.loads(line)["resourceSpans"]:
                    emitter = {
                        each["key"]: _scalar(each["value"]) for each in group["resource"]["attributes"]
                    }
                    for scope in group["scopeSpans"]:
                        for span in scope["spans"]:
                            yield _row(span, emitter)

    insert_rows(rows(), folder)


def run_protobuf_loop(source: Path, folder: Path) -> None:
    insert_rows(rows_of_messages(source, KEYS), folder)


def insert_rows(rows: Iterator[dict[str, Any]], folder: Path) -> None:
    """The rows into a table with a primary key, fifty thousand at once."""
    import duckdb
    import pyarrow as pa

    names = (*SPAN_COLUMNS, *KEYS.values())
    types = {"kind": pa.int64(), "start_ns": pa.int64(), "end_ns": pa.int64()} | {
        name: {"VARCHAR": pa.string(), "BIGINT": pa.int64(), "DOUBLE": pa.float64()}[kind]
        for name, kind in TYPES.items()
    }
    schema = pa.schema(
        [(name, types.get(name, pa.string())) for name in names]
        + [("attributes", pa.map_(pa.string(), pa.string()))]
    )
    connection = duckdb.connect(str(folder / "s.duckdb"))
    connection.execute(_table())
    while batch := list(islice(rows, 50_000)):
        connection.register("batch", pa.Table.from_pylist(batch, schema=schema))
        connection.execute("INSERT OR IGNORE INTO spans SELECT * FROM batch")


def _table() -> str:
    kinds = {"kind": "BIGINT", "start_ns": "BIGINT", "end_ns": "BIGINT"} | TYPES
    columns = ", ".join(f"{name} {kinds.get(name, 'VARCHAR')}" for name in (*SPAN_COLUMNS, *KEYS.values()))
    return (
        f"CREATE TABLE spans ({columns}, attributes MAP(VARCHAR, VARCHAR), PRIMARY KEY (trace_id, span_id))"
    )


def _row(span: dict[str, Any], emitter: dict[str, Any]) -> dict[str, Any]:
    row = {
        "trace_id": span["traceId"],
        "span_id": span["spanId"],
        "parent_span_id": span.get("parentSpanId"),
        "name": span["name"],
        "kind": span["kind"],
        "start_ns": int(span["startTimeUnixNano"]),
        "end_ns": int(span["endTimeUnixNano"]),
        "service": emitter.get("service.name"),
    }
    others = []
    for each in span["attributes"]:
        value, column = _scalar(each["value"]), KEYS.get(each["key"])
        if column is None:
            others.append((each["key"], str(value)))
        else:
            row[column] = value
    row["attributes"] = others
    return row


def _scalar(value: dict[str, Any]) -> Any:
    ((kind, scalar),) = value.items()
    if kind == "intValue":
        return int(scalar)
    return json.dumps(scalar) if isinstance(scalar, dict) else scalar


def run_duckdb(source: Path, folder: Path) -> None:
    import duckdb

    scalar = "STRUCT(stringValue VARCHAR, intValue VARCHAR, doubleValue DOUBLE, boolValue BOOLEAN, arrayValue JSON)"
    pairs = f"STRUCT(key VARCHAR, value {scalar})[]"
    span = (
        "STRUCT(traceId VARCHAR, spanId VARCHAR, parentSpanId VARCHAR, name VARCHAR, kind BIGINT, "
        f"startTimeUnixNano BIGINT, endTimeUnixNano BIGINT, attributes {pairs})"
    )
    whole = f"STRUCT(resource STRUCT(attributes {pairs}), scopeSpans STRUCT(spans {span}[])[])[]"
    text = (
        "COALESCE(v.stringValue, v.intValue, CAST(v.doubleValue AS VARCHAR), CAST(v.boolValue AS VARCHAR), "
        "CAST(v.arrayValue AS VARCHAR))"
    )
    as_map = f"MAP_FROM_ENTRIES(LIST_TRANSFORM({{}}, lambda p: ROW(p.key, {text.replace('v.', 'p.value.')})))"
    columns = ", ".join(f"CAST(a['{key}'] AS {TYPES[column]}) AS {column}" for key, column in KEYS.items())
    connection = duckdb.connect(str(folder / "s.duckdb"))
    connection.execute(_table())
    connection.execute(
        f"""
        INSERT OR IGNORE INTO spans
        WITH groups AS (
            SELECT UNNEST(resourceSpans) AS g
            FROM read_json('{source}', format = 'newline_delimited', columns = {{'resourceSpans': '{whole}'}},
                maximum_object_size = 100000000)
        ), scopes AS (
            SELECT {as_map.format("g.resource.attributes")}['service.name'] AS service, UNNEST(g.scopeSpans)
            AS s FROM groups ), flat AS (SELECT service, UNNEST(s.spans) AS sp FROM scopes), mapped AS (SELECT
            service, sp, {as_map.format("sp.attributes")} AS a FROM flat) SELECT sp.traceId AS trace_id,
            sp.spanId AS span_id, sp.parentSpanId AS parent_span_id, sp.name AS name, sp.kind AS kind,
            sp.startTimeUnixNano AS start_ns, sp.endTimeUnixNano AS end_ns, service, {columns}, a AS
            attributes FROM mapped
        """
    )


def run_parse(source: Path, _folder: Path) -> None:
    import pyarrow as pa
    import pyarrow.json as paj

    from costctl.ingest.formats.otlp_schema import otlp_json_schema

    schema = otlp_json_schema(pa.string(), pa.string(), pa.int64())
    options = paj.ParseOptions(explicit_schema=schema, unexpected_field_behavior="ignore")
    for _ in paj.open_json(source, paj.ReadOptions(block_size=16 << 20), options):
        pass


RUNS = {
    "costctl": run_costctl,
    "orjson loop": run_orjson,
    "DuckDB read_json": run_duckdb,
    "pyarrow parse": run_parse,
    "protobuf loop": run_protobuf_loop,
}


def one_run(name: str, source: Path) -> tuple[float, float]:
    """Seconds and peak megabytes of a run in a process of its own."""
    with tempfile.TemporaryDirectory(dir=source.parent) as folder:
        done = subprocess.run(
            [
                sys.executable,
                "-m",
                "bench.ingest",
                "--run",
                name,
                "--source",
                str(source),
                "--folder",
                folder,
            ],
            capture_output=True,
            text=True,
            check=True,
        )
    seconds, peak = done.stdout.split()
    return float(seconds), float(peak)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--megabytes", type=int, default=MEGABYTES)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    for hidden in ("--run", "--source", "--folder"):
        parser.add_argument(hidden, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.run:
        for module in ("costctl.ingest.loader", "costctl.ingest.formats.otlp_scan", "orjson", "pyarrow.json"):
            importlib.import_module(module)
        begin = time.perf_counter()
        RUNS[asked.run](Path(asked.source), Path(asked.folder))
        seconds = time.perf_counter() - begin
        print(seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
        return
    with tempfile.TemporaryDirectory() as folder:
        lines = Path(folder) / "spans.jsonl"
        spans = write_otlp_lines(lines, asked.megabytes)
        of_json = ("costctl", "orjson loop", "DuckDB read_json", "pyarrow parse")
        contest("OTLP/JSON", lines, spans, of_json, asked.rounds)
        messages = Path(folder) / "spans.pb"
        write_otlp_messages(lines, messages)
        contest("OTLP/protobuf", messages, spans, ("costctl", "protobuf loop"), asked.rounds)
        cost_of_prompts(Path(folder), asked.rounds)


def cost_of_prompts(folder: Path, rounds: int) -> None:
    """Prints what it takes to read and hash the messages of calls, beside the same calls without them."""
    world = replace(shop(), characters_per_token=2.0)
    traffic = traffic_of(world)
    told, untold = folder / "prompts.jsonl", folder / "no_prompts.jsonl"
    with told.open("wb") as with_prompts, untold.open("wb") as without:
        for line in otlp_lines(world, traffic, usage_of(world, traffic)):
            with_prompts.write(line)
            without.write(_without_prompts(line))
    pairs = [(one_run("costctl", told)[0], one_run("costctl", untold)[0]) for _ in range(rounds)]
    ratios = [ours / theirs for ours, theirs in pairs]
    more = (told.stat().st_size - untold.stat().st_size) / 1e6
    speed = statistics.median(more / max(ours - theirs, 1e-9) for ours, theirs in pairs)
    print(
        f"{len(traffic):,} calls with {more:,.0f} MB of prompts, which are hashed, take "
        f"{statistics.median(ratios):.2f} times ({min(ratios):.2f}-{max(ratios):.2f}) as long as without them: "
        f"{speed:,.0f} MB/s of prompts"
    )


def _without_prompts(line: bytes) -> bytes:
    request = msgspec.json.decode(line)
    for group in request["resourceSpans"]:
        for scope in group["scopeSpans"]:
            for span in scope["spans"]:
                span["attributes"] = [each for each in span["attributes"] if each["key"] not in PROMPTS]
    return msgspec.json.encode(request) + b"\n"


def contest(what: str, source: Path, spans: int, names: tuple[str, ...], rounds: int) -> None:
    """Prints how fast each program is on one file, and how many times as fast costctl is."""
    size = source.stat().st_size / 1e6
    print(f"{what} into DuckDB: {spans:,} spans, {size:,.0f} MB, {rounds} rounds; ratios paired by round")
    results: dict[str, list[tuple[float, float]]] = {name: [] for name in names}
    for _ in range(rounds):
        for name in names:
            results[name].append(one_run(name, source))
    ours = [seconds for seconds, _ in results["costctl"]]
    print(f"{'':18}{'MB/s':>8}{'peak MB':>10}   costctl is as fast, times")
    for name, found in results.items():
        speed = statistics.median(size / seconds for seconds, _ in found)
        peak = max(megabytes for _, megabytes in found)
        ratios = [theirs / mine for (theirs, _), mine in zip(found, ours, strict=True)]
        ratio = f"{statistics.median(ratios):.2f} ({min(ratios):.2f}-{max(ratios):.2f})"
        print(f"{name:18}{speed:8.0f}{peak:10,.0f}   {ratio if name != 'costctl' else ''}")


if __name__ == "__main__":
    main()
