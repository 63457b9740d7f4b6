"""costctl.ingest/v2: what was loaded, and what was not."""

from __future__ import annotations

from typing import Final

import msgspec

from costctl.documents.provenance import Provenance
from costctl.documents.usage_gaps import UsageGaps

SCHEMA_VERSION: Final = "costctl.ingest/v2"


class SourceReport(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One file or stream.

    records = spans + readings + rejected + duplicates + outside.  source_id: its number in the store, null where
    nothing of it is there.  format: null where none was recognised.  dialects: spans by
    dialect; those of none are omitted.  bytes: as stored on disk.  spans: rows added.  readings: what engines said of
    themselves, a moment each.  rejected_by_code: why records were rejected.  doubts: spans that were kept
    although something about them is in doubt, by code: ends_before_start
    (their end is left out), clock_skipped and clock_repeated (times of a mapping's zone).  duplicates: spans that the
    store held already.  outside: records before since or after until.
    model_spans: spans of model calls, wrappers included; failed_model_spans, tokenless_model_spans: those that failed,
    and those that succeeded and report no tokens.  usage: what looks like usage and was not read, contradicts itself,
    or belongs to an operation that costctl does not know.  first, last: RFC 3339, or null when unseen.  state:
    complete, already loaded, refused (it could not be used), or skipped (it lay among the others, and is none of the
    exports and logs that costctl reads).  why: it was refused or skipped, and on a second line what to do.
    """

    uri: str
    source_id: int | None = None
    format: str | None = None
    dialects: dict[str, int] = {}
    bytes: int = 0
    spans: int = 0
    readings: int = 0
    records: int = 0
    rejected: int = 0
    rejected_by_code: dict[str, int] = {}
    doubts: dict[str, int] = {}
    duplicates: int = 0
    outside: int = 0
    model_spans: int = 0
    failed_model_spans: int = 0
    tokenless_model_spans: int = 0
    usage: UsageGaps = UsageGaps()
    first: str | None = None
    last: str | None = None
    state: str = "complete"
    why: str | None = None


class IngestTotals(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Sums over the sources. readings: of engines.  skipped_sources: files that are no telemetry.  seconds:
    wall-clock time, null where output must be the same byte for byte.
    """

    spans: int
    rejected: int
    duplicates: int
    outside: int
    refused_sources: int
    seconds: float | None
    skipped_sources: int = 0
    readings: int = 0


class IngestReport(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The document that ``costctl ingest --format json`` prints."""

    schema_version: str
    provenance: Provenance
    sources: tuple[SourceReport, ...]
    totals: IngestTotals

    @property
    def model_spans(self) -> int:
        """Spans of model calls, of all sources."""
        return sum(each.model_spans for each in self.sources)
