"""What was loaded before a question was answered, and which files beside it were not, in a line each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from costctl.documents.ingestion import SourceReport
from costctl.documents.loading import Loaded
from costctl.documents.source_groups import common_folder
from costctl.render.numbers import count, plural
from costctl.render.sections import first

_MOST_NAMED: Final = 3


def store_lines(loaded: Loaded) -> tuple[str, ...]:
    """The store with what is new in it, and what the answer leaves out of it; none for a temporary one."""
    return () if loaded.store is None else (_kept(loaded.store, loaded),)


def unused_lines(loaded: Loaded) -> tuple[str, ...]:
    """The files that the answer lacks."""
    return (*_refused_lines(loaded.sources), *skipped_lines(loaded.sources))


def _kept(store: str, loaded: Loaded) -> str:
    new = [source for source in loaded.sources if source.state == "complete"]
    known = [source for source in loaded.sources if source.state == "already loaded"]
    parts = []
    if new:
        parts.append(f"{plural(len(new), 'source')} loaded ({plural(loaded.new_spans, 'new span')})")
    if known:
        parts.append(f"{plural(len(known), 'source')} already there{_unmapped(loaded)}")
    others = loaded.other_sources
    left_out = (
        f" Not included: {plural(others, 'other source')} in it; omit PATH to include all." if others else ""
    )
    return f"Store {store}: {', '.join(parts)}.{left_out}"


def _unmapped(loaded: Loaded) -> str:
    """That a source is as it was read before, whatever mapping is asked for now."""
    return " (without this --mapping; --no-store reads anew)" if loaded.mapping is not None else ""


def _refused_lines(sources: Sequence[SourceReport]) -> tuple[str, ...]:
    """Several sources that could not be used; of one alone the error at the end says all."""
    refused = [source for source in sources if source.state == "refused"]
    return _beside(refused, "refused", "Refused {files}") if len(refused) > 1 else ()


def skipped_lines(sources: Sequence[SourceReport]) -> tuple[str, ...]:
    """The files that lay among the others and were skipped, with the reasons of the first; none where none was."""
    return _beside(sources, "skipped", "Skipped {files} not recognized as telemetry")


def _beside(sources: Sequence[SourceReport], state: str, title: str) -> tuple[str, ...]:
    those = [source for source in sources if source.state == state]
    if not those:
        return ()
    shown, hidden = first(those, _MOST_NAMED)
    folder = common_folder([source.uri for source in sources])
    reasons = "; ".join(_reason(source, folder) for source in shown)
    more = f"; and {count(hidden)} more" if hidden else ""
    return (f"{title.format(files=plural(len(those), 'file'))}: {reasons}{more}.",)


def _reason(source: SourceReport, folder: str) -> str:
    """Why it was not used, with its name as it is within the folder."""
    return (
        (source.why or source.uri)
        .splitlines()[0]
        .rstrip(".")
        .replace(source.uri, source.uri.removeprefix(folder))
    )
