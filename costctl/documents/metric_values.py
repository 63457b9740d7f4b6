"""Which values of a metric does a document hold, and whose are they?

In: a metric of ``documents.metrics`` and a document. Out: a ``Reading`` for each value, in the order of the document.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from costctl.documents.estimate import Estimate
from costctl.documents.metric import Metric, State, Subject
from costctl.documents.schemas import DOCUMENTS

Value = float | Estimate | None
_ITEMS: Final = re.compile(r"(?:\[(?P<key>\w+)=(?P<wanted>[^\]]*)\])?(?:\{(?P<subjects>[\w=,]+)\})?")


class Reading(msgspec.Struct, frozen=True):
    """A value, in the unit of the metric; None where it was not observed or is not priced.

    subject: whom it is of, as pairs such as ("pool", "gpu"); empty for the whole.  pointer: where it stands, as a JSON
    Pointer.
    """

    state: State
    subject: Subject
    value: Value
    pointer: str


def values_of(metric: Metric, document: msgspec.Struct) -> tuple[Reading, ...]:
    """What the document says of the metric; nothing where it is not of its documents."""
    return tuple(
        reading
        for place in metric.places
        if isinstance(document, DOCUMENTS[place.document][0])
        for reading in _walked(document, place.path.split("/")[1:], Reading(place.state, (), None, ""))
    )


def _walked(found: object, segments: Sequence[str], so_far: Reading) -> Iterator[Reading]:
    if found is None:
        # What goes over items that are not there is of nobody.
        if not any("{" in segment for segment in segments):
            yield so_far
        return
    if not segments:
        yield msgspec.structs.replace(so_far, value=_number(found))
        return
    first, *rest = segments
    if isinstance(found, tuple):
        for position, item, subject in _items(found, first):
            pointer = f"{so_far.pointer}/{position}"
            yield from _walked(
                item,
                rest,
                msgspec.structs.replace(so_far, subject=so_far.subject + subject, pointer=pointer),
            )
        return
    pointer = f"{so_far.pointer}/{first}"
    yield from _walked(_field(found, first), rest, msgspec.structs.replace(so_far, pointer=pointer))


def _field(found: object, name: str) -> object:
    """A field by the name that the document has for it: "from" is no name in Python."""
    return getattr(found, "from_" if name == "from" else name)


def _items(items: Sequence[object], segment: str) -> Iterator[tuple[int, object, Subject]]:
    """The items that the segment keeps, each with its place and whom it is of.

    Raises ValueError where the segment is none for a list.
    """
    said = _ITEMS.fullmatch(segment)
    if said is None:
        raise ValueError(f"{segment!r} does not say which items of a list are meant")
    names = [name.partition("=") for name in (said["subjects"] or "").split(",") if name]
    for position, item in enumerate(items):
        if said["key"] is None or str(getattr(item, said["key"])) == said["wanted"]:
            yield position, item, tuple((kind, str(getattr(item, field or kind))) for kind, _, field in names)


def _number(found: object) -> float | Estimate:
    """Raises TypeError where the path ends at something that is no quantity."""
    if isinstance(found, Estimate):
        return found
    if isinstance(found, int | float):
        return float(found)
    raise TypeError(f"{type(found).__name__} is no quantity")
