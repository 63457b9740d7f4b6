"""costctl.store/v2: what a store holds."""

from __future__ import annotations

from typing import Final

import msgspec

SCHEMA_VERSION: Final = "costctl.store/v2"
WORTH_COMPACTING_RATIO: Final = 0.25  # of the file, free: a smaller part is soon filled again


class StoredSource(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A source in the ledger. spans: that it added; stored_spans: of them, how many are still there."""

    uri: str
    format: str
    dialects: tuple[str, ...]
    bytes: int
    spans: int
    stored_spans: int
    rejected: int
    first: str | None
    last: str | None
    finished: str


class StoreInfo(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The document that ``costctl store info --format json`` prints.

    store_version: of the file's tables.  file_bytes: on disk.  reusable_bytes: freed inside the file, given back by
    ``costctl store compact``.  kept_answers, kept_bytes: answers in the folder beside it.  model_spans: spans of model
    calls, wrappers included.  last_loaded: when a source was last loaded, RFC 3339.  first, last: start of the first
    and end of the last span, RFC 3339.
    """

    schema_version: str
    path: str
    store_version: int
    file_bytes: int
    reusable_bytes: int
    spans: int
    traces: int
    quarantined: int
    kept_answers: int
    kept_bytes: int
    first: str | None
    last: str | None
    sources: tuple[StoredSource, ...]
    model_spans: int
    last_loaded: str | None

    @property
    def by_size(self) -> tuple[StoredSource, ...]:
        """The sources, those with most stored spans first."""
        return tuple(sorted(self.sources, key=lambda each: (-each.stored_spans, each.uri)))

    @property
    def is_worth_compacting(self) -> bool:
        """Whether a quarter of the file or more is free."""
        return self.reusable_bytes > WORTH_COMPACTING_RATIO * self.file_bytes
