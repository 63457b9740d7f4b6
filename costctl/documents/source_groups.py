"""What did sources of one kind give together? Sums of the reports of sources, for where there are too many to list.

In: the sources of an ingest report. Out: ``SourceGroup``, each of one source, or of those of one folder, format and
state.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import msgspec

from costctl.documents.ingestion import SourceReport


class UsageCalls(msgspec.Struct, frozen=True):
    """Calls by what of their usage was not read (keys), contradicts itself (keys) or is unknown (operations)."""

    unread: dict[str, int]
    conflicts: dict[str, int]
    operations: dict[str, int]


class SourceGroup(msgspec.Struct, frozen=True):
    """Sources that are told of together. name: what they are called.  dialects: spans by dialect, the most first.

    The numbers are sums over the sources, and named as in ``SourceReport``.
    """

    name: str
    sources: tuple[SourceReport, ...]
    records: int
    spans: int
    readings: int
    model_spans: int
    tokenless_model_spans: int
    rejected: int
    duplicates: int
    dialects: dict[str, int]
    rejected_by_code: dict[str, int]
    doubts: dict[str, int]
    usage: UsageCalls

    @property
    def first(self) -> SourceReport:
        """The source that speaks for all: they are of one format and state."""
        return self.sources[0]

    @property
    def format(self) -> str | None:
        """The format of all of them; None where they differ, or none was recognised."""
        formats = {source.format for source in self.sources}
        return self.first.format if len(formats) == 1 else None

    @property
    def state(self) -> str:
        """The state of all of them; of several, that of most wrong."""
        states = {source.state for source in self.sources}
        return next((each for each in ("refused", "complete") if each in states), self.first.state)

    @property
    def others(self) -> int:
        """How many more there are."""
        return len(self.sources) - 1


def grouped(sources: Sequence[SourceReport], most: int) -> tuple[str, tuple[SourceGroup, ...]]:
    """The folder that all have in common ("" where there is none), and a group a source, named by the rest of its URI;
    of more than ``most`` sources those of one folder, format and state are one group.
    """
    folder = common_folder([source.uri for source in sources])
    names = [source.uri[len(folder) :] for source in sources]
    if len(sources) <= most:
        return folder, tuple(_group(name, (source,)) for name, source in zip(names, sources, strict=True))
    alike: dict[tuple[str, str | None, str], list[tuple[str, SourceReport]]] = {}
    for name, source in zip(names, sources, strict=True):
        alike.setdefault((name.rpartition("/")[0], source.format, source.state), []).append((name, source))
    return folder, tuple(
        _group(
            members[0][0] if len(members) == 1 else f"{place or '.'}/ {len(members)} files",
            tuple(source for _, source in members),
        )
        for (place, _, _), members in alike.items()
    )


def leading(
    sources: Sequence[SourceReport], most: int
) -> tuple[str, tuple[SourceGroup, ...], SourceGroup | None]:
    """The folder that all have in common, the ``most`` sources that matter most, and the others together (None where
    there are none): those with something wrong come first, then the largest.
    """
    folder = common_folder([source.uri for source in sources])
    ranked = sorted(sources, key=_rank)
    told = tuple(_group(source.uri[len(folder) :], (source,)) for source in ranked[:most])
    rest = tuple(ranked[most:])
    return folder, told, _group(f"{len(rest)} more", rest) if rest else None


def worst_first(sources: Sequence[SourceReport], most: int) -> tuple[SourceGroup, ...]:
    """The same groups as ``grouped``, those with something wrong first, then the largest."""
    _, groups = grouped(sources, most)
    return tuple(
        sorted(groups, key=lambda each: (each.state != "refused", -each.rejected, -each.spans, each.name))
    )


def _rank(source: SourceReport) -> tuple[bool, int, int, str]:
    return (
        source.state != "refused",
        -source.rejected,
        -source.spans - source.readings - source.duplicates,
        source.uri,
    )


def common_folder(uris: Sequence[str]) -> str:
    """What the URIs of several sources begin with, up to a slash; "" for one, or where they have nothing in
    common.
    """
    if len(uris) < 2:
        return ""
    first, last = min(uris), max(uris)
    same = next(
        (place for place, pair in enumerate(zip(first, last, strict=False)) if pair[0] != pair[1]),
        len(first),
    )
    return first[: first.rfind("/", 0, same) + 1]


def _group(name: str, sources: tuple[SourceReport, ...]) -> SourceGroup:
    usages = [source.usage for source in sources]
    return SourceGroup(
        name=name,
        sources=sources,
        records=sum(source.records for source in sources),
        spans=sum(source.spans for source in sources),
        readings=sum(source.readings for source in sources),
        model_spans=sum(source.model_spans for source in sources),
        tokenless_model_spans=sum(source.tokenless_model_spans for source in sources),
        rejected=sum(source.rejected for source in sources),
        duplicates=sum(source.duplicates for source in sources),
        dialects=_most_first(_summed([source.dialects for source in sources])),
        rejected_by_code=_summed([source.rejected_by_code for source in sources]),
        doubts=_summed([source.doubts for source in sources]),
        usage=UsageCalls(
            unread=_most_first(_summed([{each.key: each.calls} for use in usages for each in use.unread])),
            conflicts=_most_first(
                _summed([{each.keys: each.calls} for use in usages for each in use.conflicts])
            ),
            operations=_most_first(
                _summed([{each.operation: each.calls} for use in usages for each in use.operations])
            ),
        ),
    )


def _summed(counts: Sequence[dict[str, int]]) -> dict[str, int]:
    """Sums by key, in the order in which keys are first seen; those of 0 too."""
    sums: Counter[str] = Counter()
    for each in counts:
        sums.update(each)
    return dict(sums)


def _most_first(counts: dict[str, int]) -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))
