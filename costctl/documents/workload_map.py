"""costctl.workload_map/v1: what the traffic is made of, as ``costctl segment`` prints it."""

from __future__ import annotations

from typing import Final

import msgspec

from costctl.documents.provenance import Provenance

SCHEMA_VERSION: Final = "costctl.workload_map/v1"


class ClassMix(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One class. rules: those that took its requests.  tokens: sums, null where none were reported.
    peak_hour_utc: the hour of the day in which most of its requests start, null where
    no start was recorded.
    """

    request_class: str
    rules: tuple[str, ...]
    requests: int
    request_ratio: float
    input_tokens: int | None
    output_tokens: int | None
    input_tokens_p50: float | None
    output_tokens_p50: float | None
    peak_hour_utc: int | None


class WorkloadMap(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The document that ``costctl segment --format json`` prints."""

    schema_version: str
    provenance: Provenance
    requests: int
    classes: tuple[ClassMix, ...]
