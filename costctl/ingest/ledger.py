"""What does the store remember of each source that it took, and what is told of it?

In: a connection inside the source's transaction, and what landed. Out: a row of ``sources``, and a
``SourceReport``.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Final

import duckdb
import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from costctl import __version__
from costctl.documents.ingestion import SourceReport
from costctl.documents.reject_codes import HARMLESS, missing_beside, rejects_in_words
from costctl.documents.usage_gaps import OddOperation, UnreadKey, UsageConflict, UsageGaps
from costctl.ingest.batch import Batch
from costctl.ingest.source import Source
from costctl.store.spans import MODEL_OPERATIONS, OTHER_OPERATIONS
from costctl.units import iso_utc

_READ_BYTES: Final = 2**20

_RECORD: Final = """
INSERT INTO sources (
    source_id, uri, format, dialects, bytes, sha256, spans, records, rejected, duplicates, outside, since_ns,
    until_ns, first_ns, last_ns, started_at, finished_at, costctl_version, readings, state ) VALUES (?, ?, ?, ?, ?, ?,
    ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'complete')
"""
# What of the source's spans a reader of the report wants to know, by dialect.
_FACTS: Final = """
WITH described AS (
    SELECT
        COALESCE(dialect, '') AS dialect,
        COALESCE(is_model_call, FALSE) AS is_model,
        COALESCE(status = 'error', FALSE) OR error_type IS NOT NULL OR COALESCE(http_status >= 400, FALSE) AS is_failed,
        input_tokens IS NULL AND output_tokens IS NULL AS is_tokenless
    FROM spans
    WHERE source_id = ?
)

SELECT
    dialect,
    COUNT(*),
    COUNT(*) FILTER (is_model),
    COUNT(*) FILTER (is_model AND is_failed),
    COUNT(*) FILTER (is_model AND NOT is_failed AND is_tokenless)
FROM described
GROUP BY dialect
ORDER BY dialect
"""


# What of the usage was not read, or not believed, or belongs to an operation that nobody knows.
_UNREAD: Final = """
SELECT key, COALESCE(dialect, 'unnamed') AS dialect, COUNT(*) AS records, COUNT(*) FILTER (is_model_call) AS calls
FROM (SELECT UNNEST(unread_usage) AS key, dialect, is_model_call FROM spans WHERE source_id = ?)
GROUP BY ALL
ORDER BY calls DESC, records DESC, key, dialect
"""
_CONFLICTS: Final = """
SELECT usage_conflict, COALESCE(dialect, 'unnamed') AS dialect, COUNT(*) AS calls
FROM spans
WHERE source_id = ? AND usage_conflict IS NOT NULL AND is_model_call
GROUP BY ALL
ORDER BY calls DESC, usage_conflict, dialect
"""
_ODD: Final = f"""
SELECT operation, COUNT(*) AS calls
FROM spans
WHERE source_id = ? AND is_model_call AND operation NOT IN {(*MODEL_OPERATIONS, *OTHER_OPERATIONS)}
GROUP BY operation
ORDER BY calls DESC, operation
"""
# Why the records of a source were rejected: the count of each code, and what was said of one of them.
_REASONS: Final = """
SELECT code, COUNT(*), ARG_MIN(message, position)
FROM quarantine
WHERE source_id = ?
GROUP BY code
ORDER BY code
"""


@dataclass(frozen=True, slots=True)
class Window:
    """The instants that are wanted, ns UTC: from since on, before until; None for no bound."""

    since_ns: int | None = None
    until_ns: int | None = None

    def inside(self, batch: Batch) -> Batch:
        """The batch without the spans that start, and the readings that were taken, outside the window."""
        readings = batch.readings
        return replace(
            batch,
            spans=self._within(batch.spans, batch.spans["start_ns"]),
            readings=self._within(readings, _known_ns(readings, self.since_ns)),
        )

    def _within(self, rows: pa.Table, at_ns: pa.ChunkedArray) -> pa.Table:
        mask = pa.chunked_array([pa.array(np.ones(rows.num_rows, np.bool_))])
        if self.since_ns is not None:
            mask = pc.and_(mask, pc.greater_equal(at_ns, self.since_ns))
        if self.until_ns is not None:
            mask = pc.and_(mask, pc.less(at_ns, self.until_ns))
        return rows.filter(mask)


def _known_ns(readings: pa.Table, inside_ns: int | None) -> pa.ChunkedArray:
    """When readings were taken; those of no known time count as within any window."""
    is_unknown = pc.or_kleene(pc.is_null(readings["at_ns"]), pc.fill_null(readings["is_since_start"], False))
    return pc.if_else(is_unknown, inside_ns or 0, readings["at_ns"])


@dataclass(slots=True)
class Landing:
    """What one source has given so far. spans: in the window, with those that the store already holds.  readings: of
    engines, in the window.  reasons: by
    code, what was said of the first record that was rejected for it.
    """

    started_at: datetime
    spans: int = 0
    readings: int = 0
    outside: int = 0
    first_ns: int | None = None
    last_ns: int | None = None
    codes: Counter[str] = field(default_factory=Counter)
    reasons: dict[str, str] = field(default_factory=dict)
    doubts: Counter[str] = field(default_factory=Counter)

    @property
    def rejected(self) -> int:
        """Records that were refused."""
        return self.codes.total()

    @property
    def records(self) -> int:
        """Records that the source held."""
        return self.spans + self.readings + self.outside + self.rejected

    def add(self, batch: Batch, outside: int) -> None:
        """Counts a batch. outside: records of it that were left out of it before."""
        self.spans += batch.spans.num_rows
        self.readings += batch.readings.num_rows
        self.outside += outside
        for reject in batch.rejects:
            self.codes[reject.code] += reject.records
            self.reasons.setdefault(reject.code, reject.message)
        self.doubts.update(batch.doubts)
        if batch.spans.num_rows:
            first = pc.min(batch.spans["start_ns"]).as_py()
            last = pc.max(pc.coalesce(batch.spans["end_ns"], batch.spans["start_ns"])).as_py()
            self._reach(first, last)
        if batch.readings.num_rows:
            self._reach(pc.min(batch.readings["at_ns"]).as_py(), pc.max(batch.readings["at_ns"]).as_py())

    def _reach(self, first: int | None, last: int | None) -> None:
        self.first_ns = min((at for at in (first, self.first_ns) if at is not None), default=None)
        self.last_ns = max((at for at in (last, self.last_ns) if at is not None), default=None)


def next_source_id(connection: duckdb.DuckDBPyConnection) -> int:
    """An id that no source has."""
    ((found,),) = connection.execute("SELECT COALESCE(MAX(source_id), 0) + 1 FROM sources").fetchall()
    return int(found)


def already_loaded(
    connection: duckdb.DuckDBPyConnection, source: Source, window: Window
) -> SourceReport | None:
    """The report of a source whose bytes are in the store already, under whatever name, for all of the
    window. Where an older version of the store did not note which spans it shares with others, it is read again.
    """
    if source.size is None:
        return None
    same_size = connection.execute(
        "SELECT sha256, format, source_id, spans + duplicates + outside + readings AS kept, records, rejected "
        "FROM sources WHERE bytes = ? AND sha256 IS NOT NULL "
        "AND (since_ns IS NULL OR since_ns <= ?) AND (until_ns IS NULL OR until_ns >= ?) "
        "AND duplicates = (SELECT COUNT(*) FROM shared_spans WHERE shared_spans.source_id = sources.source_id)",
        [source.size, window.since_ns, window.until_ns],
    ).fetchall()
    if not same_size:
        return None
    digest = digest_of(source)
    for sha256, form, source_id, kept, records, rejected in same_size:
        if sha256 == digest:
            report = SourceReport(
                uri=source.uri, source_id=source_id, format=form, bytes=source.size, state="already loaded"
            )
            return report if kept else _without_spans(connection, source_id, report, records, rejected)
    return None


def _without_spans(
    connection: duckdb.DuckDBPyConnection, source_id: int, report: SourceReport, records: int, rejected: int
) -> SourceReport:
    """The report of a source that was read before and of which nothing could be used: it says so again."""
    found = connection.execute(_REASONS, [source_id]).fetchall()
    again = msgspec.structs.replace(
        report, records=records, rejected=rejected, rejected_by_code={code: count for code, count, _ in found}
    )
    return judged(again, {code: message for code, _, message in found})


def judged(report: SourceReport, reasons: Mapping[str, str]) -> SourceReport:
    """The report, as that of a refused source where every record was rejected for what is wrong with the source.

    reasons: by code, what was said of a record.
    """
    if (
        report.spans
        or report.readings
        or report.duplicates
        or report.outside
        or HARMLESS.issuperset(report.rejected_by_code)
    ):
        return report
    return msgspec.structs.replace(report, state="refused", why=unusable(report, reasons))


def unusable(report: SourceReport, reasons: Mapping[str, str]) -> str:
    """Why nothing of a source could be used, and in a second line what to do."""
    commonest = max(report.rejected_by_code.items(), key=lambda item: item[1], default=("", 0))[0]
    example = f" ({reasons[commonest].rstrip('.')})" if reasons.get(commonest) else ""
    beside = missing_beside(report.rejected_by_code)
    said = rejects_in_words(report.rejected_by_code)
    if beside:
        return f"None of the records of {report.uri} could be used: {said}.\n{beside}"
    return (
        f"None of the records of {report.uri} could be used: {said}{example}.\n"
        "Fix it or export it again; after `costctl ingest`, `costctl sql 'SELECT * FROM quarantine'` shows each record "
        "with its reason."
    )


def digest_of(source: Source) -> str:
    """SHA-256 of the source's stored bytes."""
    digest = hashlib.sha256()
    with source.opened() as stream:
        while data := stream.read(_READ_BYTES):
            digest.update(data)
    return digest.hexdigest()


def record(
    connection: duckdb.DuckDBPyConnection,
    source_id: int,
    source: Source,
    form: str,
    landing: Landing,
    window: Window,
    *,
    stored_bytes: int,
    sha256: str | None,
    duplicates: int,
) -> SourceReport:
    """Write the source's row, and say what it gave."""
    facts = connection.execute(_FACTS, [source_id]).fetchall()
    dialects = {name: count for name, count, *_ in facts if name}
    spans = landing.spans - duplicates
    connection.execute(
        _RECORD,
        [
            source_id, source.uri, form, sorted(dialects), stored_bytes, sha256, spans, landing.records,
            landing.rejected, duplicates, landing.outside, window.since_ns, window.until_ns, landing.first_ns,
            landing.last_ns, landing.started_at, now_utc(), __version__, landing.readings,
        ],
    )  # fmt: skip
    report = SourceReport(
        uri=source.uri,
        source_id=source_id,
        format=form,
        dialects=dialects,
        bytes=stored_bytes,
        spans=spans,
        readings=landing.readings,
        records=landing.records,
        rejected=landing.rejected,
        rejected_by_code=dict(sorted(landing.codes.items())),
        doubts=dict(sorted(landing.doubts.items())),
        duplicates=duplicates,
        outside=landing.outside,
        model_spans=sum(row[2] for row in facts),
        failed_model_spans=sum(row[3] for row in facts),
        tokenless_model_spans=sum(row[4] for row in facts),
        usage=UsageGaps(
            unread=tuple(UnreadKey(*row) for row in connection.execute(_UNREAD, [source_id]).fetchall()),
            conflicts=tuple(
                UsageConflict(*row) for row in connection.execute(_CONFLICTS, [source_id]).fetchall()
            ),
            operations=tuple(OddOperation(*row) for row in connection.execute(_ODD, [source_id]).fetchall()),
        ),
        first=None if landing.first_ns is None else iso_utc(landing.first_ns),
        last=None if landing.last_ns is None else iso_utc(landing.last_ns),
    )
    return judged(report, landing.reasons)


def now_utc() -> datetime:
    """The wall clock, as the ledger keeps it."""
    return datetime.now(UTC).replace(tzinfo=None)
