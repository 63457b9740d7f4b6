"""How might a log be read whose columns no mapping knows?

In: the path of a CSV, JSON or Parquet log. Out: a mapping as TOML, drafted from the names of its columns and from
what its first rows hold; what was not understood stands in it as a comment, for a person to settle.
"""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import pyarrow.parquet as pq

from costctl.errors import InputError
from costctl.ingest.attribute_text import ns_from_instant, parsed_json
from costctl.ingest.formats.json_documents import json_values
from costctl.ingest.formats.logs import csv_header, csv_table, rows_of_value
from costctl.ingest.source import local_source
from costctl.ingest.stream import SourceStream

_HEAD_BYTES: Final = 4 * 2**20
_ROWS: Final = 200
_DEEPEST: Final = 4

# What columns are called, the likeliest first; matched against the name without case and punctuation.
_NAMES: Final[tuple[tuple[str, tuple[str, ...]], ...]] = (
    ("start_ns", ("startns", "starttime", "startedat", "start", "timestamp", "createdat", "created", "time", "ts",
                  "requesttime", "arrivaltime", "arrival", "date", "t")),
    ("end_ns", ("endns", "endtime", "endedat", "finishedat", "completedat", "end")),
    ("duration_s", ("durations", "durationms", "duration", "dur", "latencyms", "latency", "elapsed", "elapsedms",
                    "responsetime", "requestdurationms", "totaltime", "e2elatency", "totalchunktime")),
    ("ttft_s", ("ttft", "ttftms", "ttfts", "timetofirsttoken", "firsttokenlatency", "firstchunktime",
                "timetofirsttokenms")),
    ("queue_s", ("queues", "queuetime", "queuems", "timeinqueue", "queuewait")),
    ("operation", ("operation", "operationname", "calltype", "op", "endpoint", "path", "route")),
    ("provider", ("provider", "providername", "customllmprovider", "vendor", "backend")),
    ("model_requested", ("modelrequested", "requestmodel", "requestedmodel", "model", "modelname", "deployment")),
    ("model_served", ("modelserved", "responsemodel", "servedmodel")),
    ("input_tokens", ("inputtokens", "prompttokens", "tokensin", "contexttokens", "inputlength", "requesttokens",
                      "promptlen", "inlen", "numinputtokens", "pt")),
    ("cached_input_tokens", ("cachedinputtokens", "cachedtokens", "cachereadtokens", "cachereadinputtokens", "cached")),
    ("cache_write_tokens", ("cachewritetokens", "cachecreationtokens", "cachecreationinputtokens")),
    ("output_tokens", ("outputtokens", "completiontokens", "tokensout", "generatedtokens", "outputlength",
                       "responsetokens", "outlen", "numoutputtokens", "ct")),
    ("reasoning_tokens", ("reasoningtokens", "reasoningoutputtokens", "reason", "thinkingtokens")),
    ("max_tokens", ("maxtokens", "maxcompletiontokens", "maxoutputtokens")),
    ("is_stream", ("isstream", "stream", "streaming", "isstreaming")),
    ("finish_reason", ("finishreason", "stopreason", "fr")),
    ("http_status", ("httpstatus", "statuscode", "responsecode", "httpstatuscode", "status")),
    ("status", ("outcome", "state", "status", "result")),
    ("error_type", ("errortype", "errorclass", "exceptiontype", "errorcode")),
    ("batch_size", ("batchsize", "numsequences")),
    ("replica_id", ("replicaid", "replica", "podname", "pod", "instance", "hostname", "host", "upstreamhost")),
    ("pool", ("pool", "cluster", "deploymentgroup")),
    ("service", ("service", "servicename")),
    ("region", ("region",)),
    ("tenant", ("tenant", "tenantid", "teamid", "team", "organizationid", "customer", "apikeyalias")),
    ("session_id", ("sessionid", "conversationid", "chatid", "threadid", "session")),
    ("trace_id", ("traceid",)),
    ("response_id", ("responseid", "completionid")),
    ("workload", ("workload", "requestclass", "usecase", "shape")),
    ("recorded_usd", ("costusd", "cost", "spend", "responsecost", "totalcost", "usd")),
    ("prefix_keys", ("prefixkeys", "hashids", "blockhashes")),
)  # fmt: skip
_TIMES: Final = ("start_ns", "end_ns")
_LENGTHS: Final = ("duration_s", "ttft_s", "queue_s")
_WHOLE: Final = ("tokens", "batch_size", "http_status")
_TEXTS: Final = ("operation", "provider", "model_requested", "model_served", "status", "error_type")
# The year 2001 in seconds, ms, us and ns: an instant tells its unit by its size.
_INSTANT_UNITS: Final = ((10**17, "ns"), (10**14, "us"), (10**11, "ms"), (0, "s"))
_SLOWEST_S: Final = 2000.0


def proposed_mapping(path: str) -> str:
    """The draft. Raises InputError where the file holds no rows, or nothing that could be a time."""
    rows = _first_rows(path)
    cells = _cells(rows)
    chosen = _chosen(cells)
    if "start_ns" not in chosen and not ("end_ns" in chosen and "duration_s" in chosen):
        raise InputError(
            f"No mapping can be drafted for {path}.",
            why=f"None of its columns holds a time of day: {', '.join(list(cells)[:20])}.",
            next_step="A log needs the time at which each request started; add it, or load traces instead.",
        )
    return _as_toml(path, chosen, cells, len(rows))


def _first_rows(path: str) -> list[dict[str, Any]]:
    source = local_source(path)
    with SourceStream(source.opened(), path) as stream:
        head = io.BufferedReader(stream).read(_HEAD_BYTES)
    if head.startswith(b"PAR1"):
        batch = next(pq.ParquetFile(path).iter_batches(_ROWS), None)
        rows = [] if batch is None else batch.to_pylist()
    elif head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith((b"{", b"[")):
        rows = _json_rows(head)
    else:
        lines = head.splitlines()[: _ROWS + 1]
        names = csv_header(lines[0]) if lines else []
        rows = csv_table(
            names, [line for line in lines[1:] if line.count(b",") + 1 == len(names)]
        ).to_pylist()
    found = [row for row in rows if isinstance(row, dict)][:_ROWS]
    if not found:
        raise InputError(
            f"{path} holds no rows that could be read.",
            why="Neither JSON objects, nor a CSV with a header, nor Parquet was found in it.",
            next_step="Check that it is a log with one request a row.",
        )
    return found


def _json_rows(head: bytes) -> list[Any]:
    text = head.decode("utf-8", "replace")
    try:
        return [row for value in json_values(text) for row in rows_of_value(value)]
    except ValueError:
        pass
    rows: list[Any] = []
    for line in text.splitlines()[:_ROWS]:
        try:
            rows.extend(row for value in json_values(line.rstrip(",")) for row in rows_of_value(value))
        except ValueError:
            continue
    return rows


def _cells(rows: Sequence[dict[str, Any]]) -> dict[str, list[Any]]:
    """What the rows say under each name, nested ones with dots between; nothing where a row says nothing."""
    cells: dict[str, list[Any]] = {}

    def visit(value: Any, path: str, depth: int) -> None:
        inner = parsed_json(value) if isinstance(value, str) and value[:1] == "{" else value
        if isinstance(inner, dict) and depth < _DEEPEST:
            for key, each in inner.items():
                visit(each, f"{path}.{key}" if path else str(key), depth + 1)
        elif path and value not in (None, ""):
            cells.setdefault(path, []).append(value)
        elif path:
            cells.setdefault(path, [])

    for row in rows:
        visit(row, "", 0)
    return cells


def _chosen(cells: dict[str, list[Any]]) -> dict[str, tuple[str, str | None]]:
    """Our column → theirs, and the unit of a time; each of theirs is used once, the likeliest name first."""
    chosen: dict[str, tuple[str, str | None]] = {}
    used: set[str] = set()
    for target, names in _NAMES:
        for name in names:
            fitting = [
                path
                for path, values in cells.items()
                if path not in used and _plain(path) == name and _fits(target, values)
            ]
            if fitting and target not in chosen:
                path = min(fitting, key=len)
                chosen[target] = (path, _unit(target, path, cells[path]))
                used.add(path)
    return chosen


def _plain(path: str) -> str:
    return re.sub(r"[^a-z0-9]", "", path.rpartition(".")[2].lower())


def _fits(target: str, values: list[Any]) -> bool:
    """Whether the values could be what the column means."""
    if not values:
        return False
    numbers = [_number(value) for value in values]
    if target in _TIMES:
        are_iso = all(isinstance(value, str) and ns_from_instant(value) is not None for value in values)
        return are_iso or all(number is not None and number >= 0 for number in numbers)
    if target in _LENGTHS or target.endswith(_WHOLE) or target == "recorded_usd":
        is_whole = all(number is not None and number == int(number) for number in numbers)
        is_number = all(number is not None and number >= 0 for number in numbers)
        return is_number and (is_whole or not target.endswith(_WHOLE))
    if target in _TEXTS:
        return all(isinstance(value, str) for value in values) and any(map(_is_no_number, values))
    return True


def _is_no_number(value: Any) -> bool:
    return _number(value) is None


def _number(value: Any) -> float | None:
    if isinstance(value, bool):
        return None
    try:
        return float(value)
    except (TypeError, ValueError):
        return None


def _unit(target: str, path: str, values: list[Any]) -> str | None:
    if target in _TIMES:
        number = _number(values[0])
        if number is None:
            return "iso"
        return next(unit for floor, unit in _INSTANT_UNITS if number >= floor)
    if target in _LENGTHS:
        is_ms = _plain(path).endswith("ms") or max(_number(value) or 0.0 for value in values) > _SLOWEST_S
        return "ms" if is_ms else "s"
    return None


def _as_toml(
    path: str, chosen: dict[str, tuple[str, str | None]], cells: dict[str, list[Any]], rows: int
) -> str:
    lines = [
        f"# Drafted from the first {rows} rows of {Path(path).name}. Check it, above all the units, then run",
        f"#   costctl ingest {path} --mapping THIS_FILE.toml",
        f"marks = [{', '.join(map(_quoted, _marks(chosen, cells, rows)))}]",
        "",
        "[columns]",
    ]
    for ours, (theirs, unit) in chosen.items():
        source = f"{ours} = {{ from = {_quoted(theirs)}" + (f', unit = "{unit}"' if unit else "") + " }"
        lines.append(f"{source:70} # {_kind(cells[theirs])}")
    if "operation" not in chosen:
        lines += ["", "[constants]", 'operation = "chat"']
    used = {theirs for theirs, _ in chosen.values()}
    rest = [name for name in cells if name not in used]
    if rest:
        lines += ["", "# Not used; give one of our columns the name if it says something that costs money:"]
        lines += [f"#   {_quoted(name)}: {_kind(cells[name])}" for name in rest]
    return "\n".join(lines) + "\n"


def _marks(chosen: dict[str, tuple[str, str | None]], cells: dict[str, list[Any]], rows: int) -> list[str]:
    """Some names that every row has, by which such a log is known."""
    always = [theirs.split(".", 1)[0] for theirs, _ in chosen.values() if len(cells[theirs]) == rows]
    return list(dict.fromkeys(always))[:4]


def _quoted(name: str) -> str:
    escaped = name.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\r", "\\r")
    return f'"{escaped}"'


def _kind(values: list[Any]) -> str:
    """What the values are like, never a text that someone may have said."""
    if not values:
        return "always empty"
    numbers = [number for value in values if (number := _number(value)) is not None]
    if len(numbers) == len(values):
        return f"numbers from {min(numbers):.12g} to {max(numbers):.12g}"
    if all(isinstance(value, bool) for value in values):
        return "true or false"
    if all(isinstance(value, str) and ns_from_instant(value) is not None for value in values):
        return "times"
    return (
        f"{len({str(value) for value in values})} different texts" if isinstance(values[0], str) else "nested"
    )
