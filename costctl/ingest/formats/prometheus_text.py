"""What do scrapes of an inference server's /metrics say of its engines?

Shape in: a stream of Prometheus' text format, or OpenMetrics', of one scrape or of many, one after another.  Shape
out: ``Batch`` after ``Batch`` of readings. The time of a scrape stands behind its values (milliseconds since 1970,
in OpenMetrics seconds), or in a comment before it that holds nothing but an instant, with words before it or not:
``# 2026-11-30T08:00:00Z``, ``# scraped at 1796025600.25``. Metrics of anything else are passed over.
https://prometheus.io/docs/instrumenting/exposition_formats/
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import Any, BinaryIO, Final

from costctl.ingest.attribute_text import ns_from_instant
from costctl.ingest.batch import Batch, Reject
from costctl.ingest.formats.engine_metrics import ENGINE_PREFIXES, Scrape, is_engine_metric
from costctl.ingest.formats.engine_rows import BAD_VALUE, ROWS_AT_A_TIME, Reading, number_in, readings_batch
from costctl.units import NS_PER_S

NAME: Final = "prometheus_text"
_BUFFER_BYTES: Final = 2**20
_LONGEST_LINE_BYTES: Final = 2**16
_METRIC: Final = re.compile(r"([A-Za-z_:][\w:.]*)(?:\{(.*)\})?\s+(\S+)(?:\s+(-?[\d.eE+]+))?(?:\s+#.*)?\s*")
_LABEL: Final = re.compile(r'\s*([A-Za-z_][\w.]*)="((?:[^"\\]|\\.)*)"\s*,?')
_INSTANT: Final = re.compile(
    r"#\s*(?:[A-Za-z_ ]*[:=]?\s)?\s*(\d{4}-\d\d-\d\dT[0-9:.,]+(?:Z|[+-]\d\d:?\d\d)?|\d{9,11}(?:\.\d+)?)\s*"
)
_COMMENTS: Final = (b"# HELP ", b"# TYPE ", b"# UNIT ")
_PREFIXES: Final = tuple(prefix.encode() for prefix in ENGINE_PREFIXES)
_MILLISECONDS: Final = 1e11  # beyond this a time is no number of seconds: it would be the year 5138
_GLANCE_LINES: Final = 4_000
_MOST_SCRAPES: Final = (
    1_000  # that are gathered at once; parts of one that is cut are joined by the relations
)
_BAD_LINE: Final = "A line of engine metrics that is not a name, labels and a value."


def is_prometheus_text(head: bytes) -> bool:
    """Whether the first bytes are of scrapes that tell of an engine."""
    lines = head.split(b"\n", _GLANCE_LINES)[:_GLANCE_LINES]
    told = [line.decode("utf-8", "replace") for line in lines if line.startswith(_PREFIXES)]
    return is_engine_metric(matched[1] for line in told if (matched := _METRIC.fullmatch(line)) is not None)


def read_prometheus_text(stream: BinaryIO) -> Iterator[Batch]:
    """Batches of readings; positions are lines."""
    reader = _Scrapes()
    lines: io.BufferedReader[Any] = io.BufferedReader(stream, _BUFFER_BYTES)
    number = 0
    while line := lines.readline(_LONGEST_LINE_BYTES):
        number += 1
        reader.take(line, number)
        while not line.endswith(b"\n") and (line := lines.readline(_LONGEST_LINE_BYTES)):
            continue
        if len(reader.rows) >= ROWS_AT_A_TIME:
            yield reader.batch()
    reader.flush()
    yield reader.batch()


class _Scrapes:
    """The readings so far, and the scrape that is being read."""

    def __init__(self) -> None:
        self.rows: list[Reading] = []
        self._rejects: list[Reject] = []
        self._at_ns: int | None = None  # of the comment before the scrape
        self._scrapes: dict[int | None, Scrape] = {}

    def take(self, line: bytes, number: int) -> None:
        """One line."""
        if line.startswith(b"#"):
            self._comment(line)
        elif line.startswith(_PREFIXES):
            self._metric(line.decode("utf-8", "replace").strip(), number)

    def batch(self) -> Batch:
        """What was read since the last batch."""
        found = readings_batch(self.rows, self._rejects)
        self.rows, self._rejects = [], []
        return found

    def flush(self) -> None:
        """The scrape has ended."""
        self._release()
        self._at_ns = None

    def _release(self) -> None:
        self.rows.extend(row for scrape in self._scrapes.values() for row in scrape.rows())
        self._scrapes = {}

    def _comment(self, line: bytes) -> None:
        if line.startswith(_COMMENTS):
            return
        if line.strip() == b"# EOF":
            self.flush()
        elif (matched := _INSTANT.fullmatch(line.decode("utf-8", "replace").strip())) is not None:
            self.flush()
            self._at_ns = _instant_ns(matched[1])

    def _metric(self, line: str, number: int) -> None:
        matched = _METRIC.fullmatch(line)
        labels = None if matched is None else _labels(matched[2] or "")
        if matched is None or labels is None:
            self._rejects.append(Reject(number, "bad_value", _BAD_LINE, ""))
            return
        if len(self._scrapes) >= _MOST_SCRAPES:
            self._release()
        at_ns = self._at_ns if matched[4] is None else _stamp_ns(matched[4])
        scrape = self._scrapes.setdefault(at_ns, Scrape(number, at_ns))
        if matched[4] is None and scrape.has(matched[1], labels):
            self.flush()
            scrape = self._scrapes.setdefault(None, Scrape(number, None))
        if scrape.add(matched[1], labels, matched[3]) is None:
            self._rejects.append(Reject(number, "bad_value", BAD_VALUE, ""))


def unfinished_scrape_bytes(data: bytes) -> int:
    """Bytes at the end of whole lines that belong to a scrape whose end is not yet seen: from the last instant on;
    none where times stand behind the values.
    """
    at = len(data)
    while at > 0:
        begin = data.rfind(b"\n#", 0, at) + 1
        end = data.find(b"\n", begin) + 1 or len(data)
        line = data[begin:end].decode("utf-8", "replace").strip()
        if line == "# EOF":
            return len(data) - end
        if line.startswith("#") and _INSTANT.fullmatch(line):
            return len(data) - begin
        at = begin - 1
    return 0


def _labels(written: str) -> dict[str, str] | None:
    """The labels; None where they are not written as such."""
    found, at = {}, 0
    while at < len(written):
        matched = _LABEL.match(written, at)
        if matched is None:
            return None
        found[matched[1]] = matched[2].replace('\\"', '"').replace("\\n", "\n").replace("\\\\", "\\")
        at = matched.end()
    return found


def _instant_ns(written: str) -> int | None:
    seconds = number_in(written)
    return ns_from_instant(written) if seconds is None else round(seconds * NS_PER_S)


def _stamp_ns(written: str) -> int | None:
    value = number_in(written)
    if value is None:
        return None
    return round(value * NS_PER_S) if abs(value) < _MILLISECONDS else round(value) * (NS_PER_S // 1000)
