"""What do the log lines of an inference server say of its engine?

Shape in: a stream of text, as vLLM or SGLang write it, also with a time that docker, Kubernetes or journald put before
each line, or a line as docker's JSON file holds it.  Shape out: ``Batch`` after ``Batch`` of readings. Read are vLLM's
"Avg prompt throughput: …" (every ten seconds), SGLang's "Decode batch" and "Prefill batch" (every forty steps, every
prompt), and what both say of their limits when they start; every other line is passed over, and nothing of it kept.

vLLM writes no year, and both write the time of their own clock, which is taken for UTC.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, BinaryIO, Final, NamedTuple

from costctl.ingest.attribute_text import ns_from_instant
from costctl.ingest.batch import Batch, Reject
from costctl.ingest.formats.engine_rows import ROWS_AT_A_TIME, Reading, number_in, readings_batch
from costctl.units import NS_PER_S

NAME: Final = "engine_log"
_BUFFER_BYTES: Final = 2**20
_LONGEST_LINE_BYTES: Final = 2**16
_GLANCE_LINES: Final = 2_000
_FEWEST_LINES: Final = 3  # of a server's log without statistics, which may follow further down
_HOURS_AHEAD_NS: Final = 14 * 3600 * NS_PER_S  # a clock may be that far east of UTC

_Fields = tuple[tuple[str, re.Pattern[str], float], ...]


def _fields(*given: tuple[str, str, float]) -> _Fields:
    """A pattern a value, none for a whole line: versions add values between the others. @: a number."""
    return tuple(
        (column, re.compile(pattern.replace("@", r"([\d.,]*\d)")), factor)
        for column, pattern, factor in given
    )


class _Statistics(NamedTuple):
    """A line of statistics: what it is known by, its engine, its values, and those without which it is damaged."""

    mark: str
    engine: str
    fields: _Fields
    needed: frozenset[str]


_STATISTICS: Final = (
    _Statistics(
        "Avg prompt throughput:",
        "vllm",
        _fields(
            ("prompt_per_s", r"Avg prompt throughput: @ tokens/s", 1.0),
            ("decoded_per_s", r"Avg generation throughput: @ tokens/s", 1.0),
            ("running", r"Running: @ reqs", 1.0),
            ("waiting", r"(?:Waiting|Pending): @ reqs", 1.0),
            ("kv_usage_ratio", r"KV cache usage: @%", 0.01),
        ),
        frozenset({"prompt_per_s", "decoded_per_s", "running", "waiting"}),
    ),
    _Statistics(
        "Decode batch",
        "sglang",
        _fields(
            ("running", r"#running-req: @", 1.0),
            ("waiting", r"#queue-req: @", 1.0),
            ("kv_used_tokens", r"#(?:full )?token: @", 1.0),
            ("kv_usage_ratio", r"(?<!swa )token usage: @", 1.0),
            ("decoded_per_s", r"gen throughput \(token/s\): @", 1.0),
        ),
        frozenset({"running", "decoded_per_s"}),
    ),
    _Statistics(
        "Prefill batch",
        "sglang",
        _fields(("new_tokens", r"#new-token: @", 1.0), ("prefix_hit_tokens", r"#cached-token: @", 1.0)),
        frozenset({"new_tokens"}),
    ),
)
_LIMITS: Final = _fields(
    ("kv_tokens", r"GPU KV cache size: @ tokens", 1.0),
    ("kv_tokens", r"max_total_num_tokens=@", 1.0),
    ("max_num_seqs", r"'?max_num_seqs'?[=:] ?@", 1.0),
    ("max_num_seqs", r"max_running_requests=@", 1.0),
    ("max_batched_tokens", r"'?max_num_batched_tokens'?[=:] ?@", 1.0),
)
_LIMIT_MARKS: Final = (
    "GPU KV cache size:",
    "max_total_num_tokens=",
    "max_num_batched_tokens",
    "max_num_seqs",
)
_OF_VLLM: Final = re.compile(r"(?:INFO|WARNING|ERROR|DEBUG) (\d\d)-(\d\d) (\d\d:\d\d:\d\d(?:[.,]\d+)?) ")
_OF_SGLANG: Final = re.compile(r"\[(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:[.,]\d+)?)((?: [A-Z]+\d+)*)\] ")
_BEFORE: Final = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?)\s")
_OF_DOCKER: Final = re.compile(r'"(?:time|timestamp|ts|@timestamp)"\s*:\s*"([^"]{10,40})"')
_DOCKER_LINE: Final = re.compile(r'\{"(?:log|message|msg|line)"\s*:\s*"')
_ENGINE_RANK: Final = re.compile(r"Engine 0*(\d+):")
_SGLANG_RANK: Final = re.compile(r"([A-Z]+)(\d+)")
_START: Final = 200  # characters of a line in which its time stands
_BAD_LINE: Final = "A line of engine statistics of which a value is missing or is no number."


def is_engine_log(head: bytes) -> bool:
    """Whether the first bytes are a server's log. Lines are asked for how they begin, so that nothing that somebody
    quoted looks like one.
    """
    lines = [line.decode("utf-8", "replace") for line in head.split(b"\n", _GLANCE_LINES)[:_GLANCE_LINES]]
    written = [line for line in lines if _is_of_server(line)]
    return len(written) >= _FEWEST_LINES or any(_statistics_of(line) is not None for line in written)


def _is_of_server(line: str) -> bool:
    if line.startswith("{"):
        return _DOCKER_LINE.match(line) is not None and _statistics_of(line) is not None
    start = line[:_START]
    return _OF_VLLM.search(start) is not None or _OF_SGLANG.search(start) is not None


def _statistics_of(line: str) -> _Statistics | None:
    return next((each for each in _STATISTICS if each.mark in line), None)


def read_engine_log(stream: BinaryIO, written_ns: int) -> Iterator[Batch]:
    """Batches of readings; positions are lines. written_ns: when the file was last written, for logs without years."""
    reader = _Log(written_ns)
    lines: io.BufferedReader[Any] = io.BufferedReader(stream, _BUFFER_BYTES)
    number = 0
    while line := lines.readline(_LONGEST_LINE_BYTES):
        number += 1
        reader.take(line.decode("utf-8", "replace"), number)
        while not line.endswith(b"\n") and (line := lines.readline(_LONGEST_LINE_BYTES)):
            continue
        if len(reader.rows) >= ROWS_AT_A_TIME:
            yield reader.batch()
    yield reader.batch()


class _Log:
    """The readings so far."""

    def __init__(self, written_ns: int) -> None:
        self.rows: list[Reading] = []
        self._rejects: list[Reject] = []
        self._without_year = 0
        self._written_ns = written_ns

    def batch(self) -> Batch:
        """What was read since the last batch."""
        doubts = {"year_assumed": self._without_year} if self._without_year else {}
        found = readings_batch(self.rows, self._rejects, doubts)
        self.rows, self._rejects, self._without_year = [], [], 0
        return found

    def take(self, line: str, number: int) -> None:
        """One line."""
        statistics = _statistics_of(line) if _is_of_server(line) else None
        if statistics is None:
            self._take_limits(line, number)
            return
        values = _values(statistics.fields, line)
        at_ns = self._at_ns(line)
        if not statistics.needed.issubset(values):
            self._rejects.append(Reject(number, "bad_value", _BAD_LINE, ""))
        elif _is_first_rank(line):
            self._add(_with_all_of_the_prompt(values), statistics.engine, at_ns, line, number)

    def _take_limits(self, line: str, number: int) -> None:
        """What the engine says of its limits when it starts."""
        if any(mark in line for mark in _LIMIT_MARKS) and _is_of_server(line) and _is_first_rank(line):
            values = _values(_LIMITS, line)
            engine = "sglang" if _OF_SGLANG.search(line[:_START]) else "vllm"
            if values:
                self._add(values, engine, None, line, number)

    def _add(self, values: Reading, engine: str, at_ns: int | None, line: str, number: int) -> None:
        row = {**values, "engine": engine, "rank": _rank(line), "at_ns": at_ns, "source_position": number}
        self.rows.append(row)

    def _at_ns(self, line: str) -> int | None:
        """The time of a line: what was put before it, which names its zone, or the server's own."""
        before = _BEFORE.match(line) or (_OF_DOCKER.search(line) if line.startswith("{") else None)
        own = before or _OF_SGLANG.search(line[:_START])
        if own is not None:
            return ns_from_instant(own[1].replace(",", "."))
        dated = _OF_VLLM.search(line[:_START])
        if dated is None:
            return None
        self._without_year += 1
        year = datetime.fromtimestamp(self._written_ns / NS_PER_S, UTC).year
        at_ns = ns_from_instant(f"{year}-{dated[1]}-{dated[2]} {dated[3]}")
        if at_ns is None or at_ns > self._written_ns + _HOURS_AHEAD_NS:
            return ns_from_instant(f"{year - 1}-{dated[1]}-{dated[2]} {dated[3]}")
        return at_ns


def _values(fields: _Fields, line: str) -> Reading:
    """The values of a line; of several patterns of one value the first that is there."""
    found: Reading = {}
    for column, pattern, factor in fields:
        matched = pattern.search(line)
        value = None if matched is None else number_in(matched[1].replace(",", ""))
        if value is not None:
            found.setdefault(column, value * factor)
    return found


def _with_all_of_the_prompt(values: Reading) -> Reading:
    """SGLang counts what it read of a prompt and what the cache gave apart; prompt_tokens are both."""
    if "new_tokens" not in values:
        return values
    read = values.pop("new_tokens")
    return {**values, "prompt_tokens": read + values.get("prefix_hit_tokens", 0.0)}


def _ranks(line: str) -> dict[str, str]:
    matched = _OF_SGLANG.search(line[:_START])
    return {} if matched is None else dict(_SGLANG_RANK.findall(matched[2]))


def _is_first_rank(line: str) -> bool:
    """Whether no other rank of the same engine tells the same."""
    ranks = _ranks(line)
    return all(ranks.get(kind, "0") == "0" for kind in ("TP", "PP"))


def _rank(line: str) -> str | None:
    matched = _ENGINE_RANK.search(line)
    rank = _ranks(line).get("DP", "0") if matched is None else matched[1]
    return None if rank == "0" else rank
