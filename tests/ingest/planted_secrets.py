"""Damaged inputs of every format, each with a secret planted wherever people and models speak.

Shape in: a seed.  Shape out: the bytes of one file, what it is called, and the secret. The secret stands in prompts and
answers, in bodies of logs, in fields and attributes that nobody knows, in keys of what was said, and in cells where a
number or a time is due. The same seed gives the same file.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from costctl.ingest.mapping import Mapping, built_in_mappings
from costctl.store.spans import SPANS as COLUMNS
from tests.ingest.one_trace import (
    SPANS,
    Span,
    as_jaeger,
    as_jaeger_documents,
    as_langfuse,
    as_logs,
    as_otlp,
    as_phoenix_rows,
    as_sdk,
    as_zipkin,
    logs_message,
)
from tests.ingest.otlp_exports import as_message

_LETTERS: Final = "qzxjvkw"  # no word of a message has six of them in a row
MARK_LETTERS: Final = 12
_START_S: Final = 1_795_478_400
_COUNTS: Final = {
    "input_tokens": 300,
    "output_tokens": 30,
    "cached_input_tokens": 20,
    "cache_write_tokens": 10,
}
_UNIT_S: Final = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9, "any": 10**3}


@dataclass(frozen=True)
class Planted:
    """One file. name: its format.  secret: the mark that no output may hold, nor any part of it."""

    name: str
    ending: str
    data: bytes
    mark: str


def planted(seed: int) -> Planted:
    """The file of a seed, damaged in up to three ways; one of eight is whole."""
    dice = random.Random(seed)
    mark = "".join(dice.choice(_LETTERS) for _ in range(MARK_LETTERS))
    name = dice.choice(sorted(WRITERS))
    ending, write = WRITERS[name]
    data = write(dice, mark)
    for _ in range(dice.choice((0, 1, 1, 1, 1, 2, 2, 3))):
        data = dice.choice(DAMAGES)(dice, data, mark)
    return Planted(name, ending, data, mark)


def _said(dice: random.Random, mark: str) -> str:
    """Something that someone may have said."""
    return dice.choice(
        (
            mark,
            f"my name is {mark}",
            f'she said: "{mark}", and left {{[',
            f"{mark},{mark},12,{mark}",
            f"one line\nand {mark} on another",
            f'{{"content": "{mark}", "{mark}": 1}}',
            f"2026-11-20 10:00:00 {mark}",
        )
    )


def _content(dice: random.Random, mark: str) -> Any:
    """What an instrumentation keeps of it: messages, with keys that are content too."""
    said = _said(dice, mark)
    return dice.choice(
        (
            said,
            [{"role": "user", "content": said}],
            {"arguments": {mark: {said: said}}},
            {"messages": [{mark: [said]}]},
        )
    )


def _spans(dice: random.Random, mark: str) -> tuple[Span, ...]:
    """The trace of the tests, in which every span says something; sometimes where a number is due."""
    spans = []
    for span in SPANS:
        said: dict[str, Any] = dict(span.said)
        for key in (
            "gen_ai.input.messages",
            "gen_ai.completion.0.content",
            "input.value",
            "app.note",
            "llm.prompts",
        ):
            if dice.random() < 0.6:
                said[key] = json.dumps(_content(dice, mark))
        if dice.random() < 0.3:
            said[dice.choice([key for key in said if "usage" in key] or ["http.response.status_code"])] = mark
        spans.append(replace(span, said=said))
    return tuple(spans)


def _with_unknown_fields(dice: random.Random, value: Any, mark: str) -> Any:
    """The document, in which some objects have a field more that no format knows; those of usage have names of counts
    only, which are told of.
    """
    if isinstance(value, list):
        return [_with_unknown_fields(dice, each, mark) for each in value]
    if not isinstance(value, dict):
        return value
    fields = {
        key: each if "usage" in key else _with_unknown_fields(dice, each, mark) for key, each in value.items()
    }
    if dice.random() < 0.15:
        fields["debugNote"] = _content(dice, mark)
    return fields


def _json_of(make: Callable[[tuple[Span, ...]], Any]) -> Callable[[random.Random, str], bytes]:
    """Exports as lines, as one document, or printed over several lines."""

    def write(dice: random.Random, mark: str) -> bytes:
        exports = [
            _with_unknown_fields(dice, make(_spans(dice, mark)), mark) for _ in range(dice.choice((1, 2, 4)))
        ]
        indent = dice.choice((None, None, 2))
        between = "\n" if indent is None else dice.choice(("\n", " "))
        return between.join(json.dumps(each, indent=indent) for each in exports).encode() + b"\n"

    return write


def _framed(message: bytes, dice: random.Random) -> bytes:
    return dice.choice((message, len(message).to_bytes(4, "big") + message))


def _otlp_protobuf(dice: random.Random, mark: str) -> bytes:
    return _framed(as_message(as_otlp(_spans(dice, mark))), dice)


def _logs_protobuf(dice: random.Random, mark: str) -> bytes:
    return _framed(logs_message(as_logs(_spans(dice, mark))), dice)


def _logs_with_bodies(spans: tuple[Span, ...]) -> Any:
    document = as_logs(spans)
    for record in document["resourceLogs"][0]["scopeLogs"][0]["logRecords"]:
        record["body"] = {"stringValue": str(record["attributes"])}
    return document


def _langfuse(spans: tuple[Span, ...]) -> Any:
    document = as_langfuse(spans)
    for observation, span in zip(document["observations"], spans, strict=True):
        observation |= {
            "input": span.said.get("gen_ai.input.messages"),
            "output": span.said.get("input.value"),
        }
    return document


def _put(row: dict[str, Any], path: str, value: Any) -> None:
    """Sets a value at a dotted path, unless it leads through a list."""
    *outer, last = path.split(".")
    if any(part.isdecimal() or "=" in part for part in (*outer, last)):
        return
    for part in outer:
        row = row.setdefault(part, {})
        if not isinstance(row, dict):
            return
    row[last] = value


def _cell(target: str, unit: str | None, at_s: int) -> Any:
    if target in ("start_ns", "end_ns") or unit in ("iso",):
        second = at_s + (target != "start_ns")
        return (
            f"2026-11-24 00:00:{second % 60:02d}"
            if unit == "iso"
            else (_START_S + second) * _UNIT_S[unit or "ns"]
        )
    kind = str(COLUMNS.field(target).type) if target in COLUMNS.names else "double"
    if kind == "bool":
        return True
    if kind in ("int32", "int64", "double"):
        return _COUNTS.get(target, 1)
    return ["k1"] if kind.startswith("list") else "chat" if target == "operation" else f"t{at_s}"


def _is_number_or_time(target: str) -> bool:
    """Whether a column of ours holds a number or a time: any other text in its place is what someone said."""
    return target not in COLUMNS.names or str(COLUMNS.field(target).type) in ("int32", "int64", "double")


def _row(dice: random.Random, mapping: Mapping, mark: str, number: int) -> dict[str, Any]:
    """A row that the mapping reads, with what was said beside it and sometimes in place of a number."""
    row: dict[str, Any] = {}
    for target, source in mapping.columns.items():
        _put(row, source.paths[0], _cell(target, source.instant or source.unit, number))
    for name in mapping.mark_sets[0] if mapping.mark_sets else ():
        if name not in row:
            _put(row, name, "x")
    if mapping.requests is not None:
        _put(row, mapping.requests.column, mapping.requests.equals)
    for name in ("messages", "response", "prompt"):
        row.setdefault(name, _content(dice, mark))
    due = [target for target in sorted(mapping.columns) if _is_number_or_time(target)]
    if due and dice.random() < 0.25:
        _put(row, mapping.columns[dice.choice(due)].paths[0], mark)
    return row


def _flat(row: dict[str, Any]) -> dict[str, str]:
    return {key: each if isinstance(each, str) else json.dumps(each) for key, each in row.items()}


def _log(mapping: Mapping, form: str) -> Callable[[random.Random, str], bytes]:
    def write(dice: random.Random, mark: str) -> bytes:
        rows = [_row(dice, mapping, mark, number) for number in range(dice.choice((1, 3, 8)))]
        if form == "jsonl":
            return "".join(json.dumps(row) + "\n" for row in rows).encode()
        if form == "json":
            return json.dumps(rows, indent=dice.choice((None, 1))).encode()
        names = list(dict.fromkeys(key for row in rows for key in row))
        flat = [_flat(row) for row in rows]
        if form == "csv":
            text = io.StringIO()
            writer = csv.DictWriter(text, names)
            writer.writeheader()
            writer.writerows(flat)
            return text.getvalue().encode()
        sink = pa.BufferOutputStream()
        pq.write_table(pa.table({name: [row.get(name) for row in flat] for name in names}), sink)
        return bytes(sink.getvalue().to_pybytes())

    return write


def _unknown_log(dice: random.Random, mark: str) -> bytes:
    """A log that no mapping fits, or whose first line is no header."""
    rows = [[_said(dice, mark), str(number), mark] for number in range(4)]
    header = dice.choice((["When", "Who"], ["id", f"my name is {mark}"], [mark, f"{mark}, she said"]))
    if dice.random() < 0.5:
        return "".join(
            json.dumps(dict(zip((*header, "n"), row, strict=False))) + "\n" for row in rows
        ).encode()
    text = io.StringIO()
    csv.writer(text).writerows([[*header, "n"], *rows] if dice.random() < 0.5 else rows)
    return text.getvalue().encode()


Writer = Callable[[random.Random, str], bytes]
WRITERS: Final[dict[str, tuple[str, Writer]]] = {
    "otlp": ("json", _json_of(as_otlp)),
    "otlp_protobuf": ("pb", _otlp_protobuf),
    "logs": ("json", _json_of(_logs_with_bodies)),
    "logs_protobuf": ("pb", _logs_protobuf),
    "jaeger": ("json", _json_of(as_jaeger)),
    "jaeger_documents": ("json", _json_of(lambda spans: as_jaeger_documents(spans)[2])),
    "zipkin": ("json", _json_of(as_zipkin)),
    "sdk": ("json", _json_of(as_sdk)),
    "phoenix": ("json", _json_of(lambda spans: as_phoenix_rows(spans)[2])),
    "langfuse": ("json", _json_of(_langfuse)),
    "langfuse_observations": ("json", _json_of(lambda spans: _langfuse(spans)["observations"][2])),
    "unknown": ("log", _unknown_log),
    **{
        f"{name} {form}": (form, _log(mapping, form))
        for name, mapping in built_in_mappings().items()
        for form in ("jsonl", "json", "csv", "parquet")
    },
}


def _place(dice: random.Random, data: bytes) -> int:
    return dice.randint(0, len(data))


def _cut_end(dice: random.Random, data: bytes, _mark: str) -> bytes:
    return data[: _place(dice, data)]


def _cut_beginning(dice: random.Random, data: bytes, _mark: str) -> bytes:
    return data[_place(dice, data) :]


def _flip(dice: random.Random, data: bytes, _mark: str) -> bytes:
    flipped = bytearray(data)
    for _ in range(dice.randint(1, 6) if data else 0):
        flipped[dice.randrange(len(data))] ^= 1 << dice.randrange(8)
    return bytes(flipped)


def _nuls(dice: random.Random, data: bytes, _mark: str) -> bytes:
    at = dice.choice((0, _place(dice, data)))
    return data[:at] + b"\0" * dice.choice((1, 16, 4096)) + data[at + dice.choice((0, 40)) :]


def _swap_lines(dice: random.Random, data: bytes, _mark: str) -> bytes:
    lines = data.split(b"\n")
    dice.shuffle(lines)
    return b"\n".join(lines)


def _double_a_part(dice: random.Random, data: bytes, _mark: str) -> bytes:
    begin, end = sorted((_place(dice, data), _place(dice, data)))
    return data[:end] + data[begin:]


def _double_all(_dice: random.Random, data: bytes, _mark: str) -> bytes:
    return data + data


def _encode(dice: random.Random, data: bytes, _mark: str) -> bytes:
    text = data.decode("latin-1")
    return dice.choice(
        (
            text.encode("utf-8"),
            b"\xef\xbb\xbf" + data,
            text.encode("utf-16"),
            text.encode("cp1252", "replace"),
        )
    )


def _insert(dice: random.Random, data: bytes, mark: str) -> bytes:
    at = _place(dice, data)
    noise = bytes(dice.randrange(256) for _ in range(dice.randint(1, 30)))
    garbage = dice.choice(
        (noise, f"\n{mark}\n".encode(), f'"{mark}"'.encode(), b"\n", b'"', b"}]", f"{mark},".encode())
    )
    return data[:at] + garbage + data[at:]


def _remove(dice: random.Random, data: bytes, _mark: str) -> bytes:
    at = _place(dice, data)
    return data[:at] + data[at + dice.randint(1, 80) :]


def _pack(dice: random.Random, data: bytes, _mark: str) -> bytes:
    packed = gzip.compress(data, mtime=0)
    return packed[: dice.choice((len(packed), len(packed), dice.randint(1, len(packed))))]


Damage = Callable[[random.Random, bytes, str], bytes]
DAMAGES: Final[tuple[Damage, ...]] = (
    _cut_end,
    _cut_beginning,
    _flip,
    _nuls,
    _swap_lines,
    _double_a_part,
    _double_all,
    _encode,
    _insert,
    _remove,
    _pack,
)
