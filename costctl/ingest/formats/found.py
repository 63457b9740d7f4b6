"""What did one line of a trace export hold, in whatever format it was written?

Shape out: ResourceSpans in the one spelling that the fast reader of OTLP parses, and rejects. Every module that
reads a trace format of JSON adds to a ``Found``; ``json_documents`` asks them in turn.
"""

from __future__ import annotations

import hashlib
import math
import re
from dataclasses import dataclass, field, replace
from typing import Any, Final, TypeAlias

from costctl.ingest.attribute_text import ns_from_instant
from costctl.ingest.batch import Reject
from costctl.ingest.privacy import skeleton
from costctl.instants import LATEST_NS

Json: TypeAlias = dict[str, Any]

_MOST_REJECTS: Final = 1_000
_AND_MORE: Final = "More records of this line that could not be parsed."
TRACE_ID_DIGITS: Final = 32
SPAN_ID_DIGITS: Final = 16
_HEX: Final = re.compile(r"[0-9a-f]+")


@dataclass(frozen=True, slots=True)
class ToldCall:
    """A call as one or more lines of a transcript tell of it. lines: of the source, the first first.  span: in the
    canonical spelling.
    """

    lines: tuple[int, ...]
    span: Json


@dataclass(slots=True)
class Found:
    """What one line held. resource_spans: in the canonical spelling.  readings: of engines, in the names of
    ``READINGS``.  rejects: what could not be read.
    """

    position: int
    resource_spans: list[Json] = field(default_factory=list)
    readings: list[Json] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)

    def reject(self, code: str, message: str, excerpt: str) -> None:
        """Sets one record apart; of very many in one line, the last stands for the rest."""
        if len(self.rejects) < _MOST_REJECTS:
            self.rejects.append(Reject(self.position, code, message, skeleton(excerpt)))
            return
        last = self.rejects[-1]
        self.rejects[-1] = replace(last, message=_AND_MORE, excerpt="", records=last.records + 1)

    def objects(self, values: list[Any], code: str, message: str) -> list[Json]:
        """The values that are objects; each other one is set apart."""
        kept = [value for value in values if isinstance(value, dict)]
        if len(kept) < len(values):
            others = [value for value in values if not isinstance(value, dict)]
            for value in others[:_MOST_REJECTS]:
                self.reject(code, message, str(type(value).__name__))
            if len(others) > _MOST_REJECTS:
                more = len(others) - _MOST_REJECTS
                self.rejects.append(Reject(self.position, code, _AND_MORE, "", records=more))
        return kept

    def add(self, resource: list[Json], scope: str | None, spans: list[Json]) -> None:
        """Adds spans of one emitter and scope. resource: attributes, as the spans' own, in OTLP's spelling."""
        scoped: Json = {"spans": spans} if scope is None else {"scope": {"name": scope}, "spans": spans}
        self.resource_spans.append({"resource": {"attributes": resource}, "scopeSpans": [scoped]})


def hex_id(written: Any, digits: int) -> str | None:
    """An id as so many hex digits, whatever it was: an integer, hex with 0x or hyphens, or any other text.

    A text that is no hex, or is too long, becomes the beginning of its SHA-256; None stays None.
    """
    if written is None or written == "" or isinstance(written, bool):
        return None
    if isinstance(written, int):
        return f"{written:0{digits}x}"[-digits:]
    text = str(written).lower().removeprefix("0x").replace("-", "")
    if len(text) <= digits and _HEX.fullmatch(text):
        return text.rjust(digits, "0")
    return hashlib.sha256(str(written).encode("utf-8", "replace")).hexdigest()[:digits]


def listed(value: Any) -> list[Any]:
    """The value if it is a list, else an empty one: what stands where a list should is not guessed at."""
    return value if isinstance(value, list) else []


def named(value: Any) -> Json:
    """The value if it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def ns_text(value: Any, ns_per_unit: int) -> str | None:
    """An instant since 1970 as OTLP writes it. value: a number, or a text that is an ISO 8601 instant or a number.

    ns_per_unit: of a number; a whole number loses no digit.
    """
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, str):
        at_ns = ns_from_instant(value)
        if at_ns is not None:
            return str(at_ns)
        try:
            value = int(value)
        except ValueError:
            return None
    if isinstance(value, float):
        value = round(value * ns_per_unit) if math.isfinite(value * ns_per_unit) else None
    else:
        value = value * ns_per_unit if isinstance(value, int) else None
    return None if value is None or abs(value) >= LATEST_NS else str(value)


def end_text(start: str | None, length_ns: str | int | None) -> str | None:
    """The end of what starts then and lasts so long, both in ns; None where either is unknown."""
    if start is None or length_ns is None or abs(int(length_ns)) >= LATEST_NS:
        return None
    return str(int(start) + int(length_ns))
