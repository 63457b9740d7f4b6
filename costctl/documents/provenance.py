"""Where a document came from: enough to make it again and to see what changed."""

from __future__ import annotations

import msgspec


class InputRecord(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One ingested file or stream: its name, digest and number of records."""

    uri: str
    sha256: str
    records: int


class Provenance(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """costctl's version, what was read, which settings, prices, methods and seed.

    warnings: settings without any effect, times that do not belong together, calls that a replay refuses for want of
    memory: what whoever reads the document should know before its figures.
    """

    costctl_version: str
    inputs: tuple[InputRecord, ...]
    config_sha256: str | None
    price_book: str | None
    methods: dict[str, str]
    seed: int
    warnings: tuple[str, ...] = ()

    def with_warnings(self, more: tuple[str, ...]) -> Provenance:
        """The same with these after those that are there, each once."""
        return msgspec.structs.replace(self, warnings=tuple(dict.fromkeys((*self.warnings, *more))))
