"""What was loaded before a question was answered: a value for the command line to tell, and no document."""

from __future__ import annotations

import msgspec

from costctl.documents.ingestion import SourceReport


class Loaded(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """store: the file that keeps it, None for a store that is gone when the question is answered.  paths: as they were
    given.  sources: what each of theirs gave.  new_spans: that the store did not have.  other_sources: how many more
    the store has spans of, which the answer is not about.  mapping: that was asked for; it reads only what is new.
    """

    store: str | None
    paths: tuple[str, ...]
    sources: tuple[SourceReport, ...]
    new_spans: int
    other_sources: int = 0
    mapping: str | None = None
