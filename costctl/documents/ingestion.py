"""costctl.ingest/v1: what was loaded, and what was not."""

from __future__ import annotations

from typing import Final

import msgspec

from costctl.documents.provenance import Provenance

SCHEMA_VERSION: Final = "costctl.ingest/v1"


class SourceReport(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One file or stream. bytes: as stored on disk.  spans: rows added.  first, last: RFC 3339, or null
    when unseen.
    """

    uri: str
    format: str
    dialects: tuple[str, ...]
    bytes: int
    spans: int
    records: int
    rejected: int
    duplicates: int
    first: str | None
    last: str | None
    state: str


class IngestTotals(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Sums over the sources. seconds: wall-clock time, null where output must be the same byte for byte."""

    spans: int
    rejected: int
    duplicates: int
    seconds: float | None


class IngestReport(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The document that ``costctl ingest --format json`` prints."""

    schema_version: str
    provenance: Provenance
    sources: tuple[SourceReport, ...]
    totals: IngestTotals
