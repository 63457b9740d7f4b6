"""How is a request log read? A mapping from its columns to ours, as data.

In: the name of a built-in mapping, a TOML file, or the columns of a log. Out: a ``Mapping``. The built-in
ones lie in mappings/; a log whose columns are named as ours needs none.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Final, Literal
from zoneinfo import ZoneInfo, available_timezones

import msgspec

from costctl.errors import NotTelemetryError, UsageError
from costctl.ingest.privacy import shown_columns, words_of
from costctl.ingest.read_columns import READ_TYPES
from costctl.ingest.value_path import value_at
from costctl.store.spans import SPANS

Unit = Literal["iso", "s", "ms", "us", "ns", "any"]

CANONICAL: Final = "costctl"
_NOT_MAPPED: Final = frozenset(
    {"attributes", "resource_id", "is_model_call", "usage_conflict", "unread_usage"}
)
_TARGETS: Final = frozenset({*READ_TYPES, "duration_s"} - _NOT_MAPPED)


class NamedCount(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One name of a quantity, and how it counts.

    path: as in ``from``.  excludes_cache, excludes_reasoning: the name leaves out what a cache served and what was
    written to it, or what was reasoned.  requires: a path that the row must have too, for the name to count so.
    lacks: paths that it must not have.
    """

    path: str
    excludes_cache: bool = False
    excludes_reasoning: bool = False
    requires: str | None = None
    lacks: tuple[str, ...] = ()


class ColumnSource(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"from_": "from"}):
    """Where a column comes from.

    from: their column, or several of which the first that says something is taken; a dotted name leads into an
    object, or into a JSON text. Of counts of tokens all that say something are held against each other.  unit: of an
    instant (``start_ns``), where iso is text, the others numbers since 1970, and any is either, of a number the unit
    told by its size; or of a length (``duration_s``).  instant: the unit, where a length is written as the instant of
    its end, counted from the start; one that equals the request's end says nothing.  plus: columns whose counts are
    added, where the log counts apart what ours counts together.
    """

    from_: str | NamedCount | tuple[str | NamedCount, ...]
    unit: Unit | None = None
    instant: Unit | None = None
    plus: tuple[str, ...] = ()

    @property
    def paths(self) -> tuple[str, ...]:
        """The names to look under, the first first."""
        return tuple(name.path for name in self.names)

    @property
    def names(self) -> tuple[NamedCount, ...]:
        """The names, each with how it counts."""
        written = self.from_ if isinstance(self.from_, tuple) else (self.from_,)
        return tuple(NamedCount(each) if isinstance(each, str) else each for each in written)

    @property
    def all_paths(self) -> tuple[str, ...]:
        """Every path that is looked at."""
        asked = (path for name in self.names for path in (name.requires, *name.lacks) if path is not None)
        return (*self.paths, *self.plus, *asked)


class Condition(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Rows in which a column, ours or theirs, has this value."""

    column: str
    equals: int | str | bool


class Unknown(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Rows whose values say nothing: where the column, ours or theirs, has this value, the cleared ones are NULL.

    clears_zeros: are NULL where they are 0.
    """

    column: str
    equals: int | str | bool
    clears: tuple[str, ...]
    clears_zeros: tuple[str, ...] = ()


class PromptPaths(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where a row has the prompt: paths to a list of messages, or a text; of several the first that is there.

    tools, system, messages: in the order in which a model reads them.  decides: what decides the answer beside it.
    block_tokens: tokens of each block of which prefix_keys are the hashes.
    """

    tools: tuple[str, ...] = ()
    system: tuple[str, ...] = ()
    messages: tuple[str, ...] = ()
    decides: tuple[str, ...] = ()
    block_tokens: int | None = None

    @property
    def paths(self) -> tuple[str, ...]:
        """Every path that is looked at."""
        return (*self.tools, *self.system, *self.messages, *self.decides)


class Mapping(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A way to read one kind of log.

    marks: columns by which such a log is recognised, or several lists of which one is enough; a dotted one leads into
    an object.  columns: our column → theirs; duration_s gives end_ns, or start_ns where the log has only the end.
    constants: our column → the value of every row.  words: our column → a word as written → ours, or "" where it says
    nothing.  absent: texts that stand for nothing.  failures: rows that failed.  requests: the only rows that are
    requests.  any_of: our columns of which a row must have one, else it tells of no request.  untimed: a call without
    a time is kept, its start unknown.  ignores: what looks like usage and says nothing that other names do not.
    refused: why a log of this kind holds no calls, and what to give instead.  zone: of times
    that name none, as "Europe/London"; else they are UTC. A time that its clock skipped when it was put forward is
    moved forward by as much; of one that it showed twice, the first is meant. Both are counted in the report.
    prompt: where rows have prompts, of which only hashes are kept.
    """

    columns: dict[str, ColumnSource] = {}
    marks: tuple[str | tuple[str, ...], ...] = ()
    constants: dict[str, str | int | float | bool] = {}
    words: dict[str, dict[str, str]] = {}
    absent: tuple[str, ...] = ()
    failures: Condition | None = None
    requests: Condition | None = None
    any_of: tuple[str, ...] = ()
    untimed: bool = False
    ignores: tuple[str, ...] = ()
    refused: tuple[str, str] | None = None
    unknown: tuple[Unknown, ...] = ()
    zone: str | None = None
    prompt: PromptPaths = PromptPaths()
    name: str = CANONICAL

    @property
    def mark_sets(self) -> tuple[tuple[str, ...], ...]:
        """The lists of marks, each of which is enough."""
        alone = tuple(mark for mark in self.marks if isinstance(mark, str))
        return ((alone,) if alone else ()) + tuple(marks for marks in self.marks if isinstance(marks, tuple))

    def marks_in(self, row: Iterable[str]) -> int:
        """How many marks a row of this kind has; 0 for one of another kind. row: an object, or names of columns."""
        return max(
            (len(marks) for marks in self.mark_sets if all(_has(row, mark) for mark in marks)), default=0
        )

    @property
    def when(self) -> str:
        """The column that says when: start_ns, or end_ns, from which duration_s is taken."""
        return "start_ns" if "start_ns" in self.columns else "end_ns"

    @property
    def read_paths(self) -> frozenset[str]:
        """Every path that is looked at, for a column or by a condition, or that need not be."""
        return frozenset(path for source in self.columns.values() for path in source.all_paths) | {
            *self.conditions,
            *self.ignores,
            *self.prompt.paths,
        }

    @property
    def clock(self) -> ZoneInfo | None:
        """The zone, as zoneinfo knows it."""
        return None if self.zone is None else ZoneInfo(self.zone)

    @property
    def conditions(self) -> tuple[str, ...]:
        """Columns that conditions look at."""
        asked = (self.failures, self.requests, *self.unknown)
        return tuple(condition.column for condition in asked if condition is not None)


def _has(row: Iterable[str], mark: str) -> bool:
    """Whether the row has the mark, or, of names alone, the column that it leads into."""
    if mark in row or "." not in mark:
        return mark in row
    return value_at(row, mark) is not None if isinstance(row, dict) else mark.split(".", 1)[0] in row


def is_target(name: str) -> bool:
    """Whether a mapping may say where this column comes from."""
    return name in _TARGETS


@cache
def built_in_mappings() -> dict[str, Mapping]:
    """Every built-in mapping by its name."""
    folder = resources.files("costctl.ingest") / "mappings"
    files = sorted(
        (file for file in folder.iterdir() if file.name.endswith(".toml")), key=lambda file: file.name
    )
    return {
        file.name.removesuffix(".toml"): _decoded(file.read_text(encoding="utf-8"), file.name)
        for file in files
    }


def named_mapping(name: str) -> Mapping:
    """The built-in mapping of that name, or the one in the TOML file of that path. Raises UsageError for
    neither.
    """
    built_in = built_in_mappings()
    if name in built_in:
        return built_in[name]
    if name == CANONICAL:
        return _canonical_mapping(SPANS.names)
    path = Path(name)
    if not path.is_file():
        known = [*built_in, CANONICAL]
        nearest = difflib.get_close_matches(name, known, n=1)
        raise UsageError(
            f"Unknown mapping {name}.",
            why=f"It is neither a file nor one of {', '.join(known)}.",
            next_step=f"Did you mean {nearest[0]}?"
            if nearest
            else "`costctl help formats` shows how to write one.",
        )
    return _decoded(path.read_text(encoding="utf-8"), name)


def fitting_mapping(row: Iterable[str]) -> Mapping | None:
    """The built-in mapping of which the row has the most marks, else our own columns where it has these; None where
    none fits. row: an object, or names of columns.
    """
    found = best_fitting(row)
    return _canonical_mapping(row) if found is None and "start_ns" in row else found


def mapping_for(columns: Iterable[str], uri: str) -> Mapping:
    """The same. Raises NotTelemetryError where none fits, or one of logs that hold no calls."""
    present = columns if isinstance(columns, dict) else set(columns)
    found = fitting_mapping(present)
    if found is None:
        raise unknown_log(present, uri)
    if found.refused is not None:
        why, next_step = found.refused
        raise NotTelemetryError(f"{uri} holds no calls.", why=why, next_step=next_step)
    return found


def unknown_log(columns: Iterable[str], uri: str) -> NotTelemetryError:
    """What is said of a log that no mapping fits."""
    return NotTelemetryError(
        f"{uri}: unrecognized log format.",
        why=f"Its columns are {shown_columns(columns, known_words())}, which match no built-in mapping "
        f"({', '.join(built_in_mappings())}).",
        next_step=f"`costctl ingest --propose-mapping {uri}` drafts a mapping; check it and pass it with --mapping.",
    )


def best_fitting(row: Iterable[str]) -> Mapping | None:
    """The built-in mapping of which the row has the most marks; None where it is of no known kind."""
    found = max(built_in_mappings().values(), key=lambda mapping: mapping.marks_in(row))
    return found if found.marks_in(row) else None


@cache
def known_words() -> frozenset[str]:
    """Every word of the columns that a built-in mapping reads, of ours, and of what such logs commonly have."""
    mappings = built_in_mappings().values()
    paths = {path for mapping in mappings for source in mapping.columns.values() for path in source.paths}
    marks = {mark for mapping in mappings for marks in mapping.mark_sets for mark in marks}
    return frozenset(word for name in (*paths, *marks, *_TARGETS, _COMMON_WORDS) for word in words_of(name))


_COMMON_WORDS: Final = (
    "account agent amount answer app application attributes batch body cache cached call chat client code "
    "completed completion content cost count created currency customer date day deployment duration elapsed "
    "end engine environment error fee first function header headers hit host id index input ip job key label "
    "labels last latency level message messages metadata method metric model name number organization output "
    "path price project prompt provider quantity question questions reason received region request response "
    "row seconds sent server service session severity span start status step stream tag tags task team text "
    "thread time timestamp tokens tool total trace ttft type unit updated url usage usd user value vendor "
    "version when who words zone"
)


def has_time(mapping: Mapping, columns: Iterable[str]) -> bool:
    """Whether the log has the column that its mapping reads the time from, or needs none."""
    present = set(columns)
    if mapping.when not in mapping.columns:
        return True  # no call has a time in such a log, or no call is in it
    return any(
        name in present or name.split(".", 1)[0] in present for name in mapping.columns[mapping.when].paths
    )


def require_columns(mapping: Mapping, columns: Iterable[str], uri: str) -> None:
    """Raise NotTelemetryError where the log lacks the column that the start time is read from."""
    present = set(columns)
    if mapping.untimed:
        return
    if not has_time(mapping, present):
        raise NotTelemetryError(
            f"{uri} lacks the column {mapping.columns[mapping.when].paths[0]}.",
            why=f"The mapping {mapping.name} reads the time from it; the columns are "
            f"{shown_columns(present, known_words())}.",
            next_step="Pass another --mapping, or fix the column's name in the mapping.",
        )


def _canonical_mapping(columns: Iterable[str]) -> Mapping:
    named = {
        name: ColumnSource(name, "ns" if name.endswith("_ns") else None)
        for name in columns
        if name in _TARGETS
    }
    return Mapping(columns=named)


def _decoded(text: str, name: str) -> Mapping:
    try:
        mapping = msgspec.toml.decode(text, type=Mapping)
    except (msgspec.DecodeError, ValueError) as error:
        raise _bad_mapping(name, f"{error}.") from error
    cleared = (name for unknown in mapping.unknown for name in (*unknown.clears, *unknown.clears_zeros))
    for target in (*mapping.columns, *mapping.constants, *mapping.words, *cleared):
        if target not in _TARGETS:
            nearest = difflib.get_close_matches(target, _TARGETS, n=1)
            raise _bad_mapping(
                name, f"There is no column {target}." + (f" Did you mean {nearest[0]}?" if nearest else "")
            )
    if mapping.refused is not None or (mapping.untimed and "start_ns" not in mapping.columns):
        return msgspec.structs.replace(mapping, name=Path(name).name.removesuffix(".toml"))
    is_timed = mapping.when in mapping.columns and mapping.columns[mapping.when].unit is not None
    if not is_timed or (mapping.when == "end_ns" and "duration_s" not in mapping.columns):
        raise _bad_mapping(
            name,
            "It must say where start_ns comes from and its unit (iso, s, ms, us, ns); or else end_ns with "
            "its unit, and duration_s.",
        )
    if mapping.zone is not None and mapping.zone not in available_timezones():
        nearest = difflib.get_close_matches(mapping.zone, available_timezones(), n=1)
        meant = f"; did you mean {nearest[0]}?" if nearest else ", such as Europe/London."
        raise _bad_mapping(name, f"zone must be a name of the IANA time zone database{meant}")
    return msgspec.structs.replace(mapping, name=Path(name).name.removesuffix(".toml"))


def _bad_mapping(name: str, why: str) -> UsageError:
    return UsageError(
        f"Cannot use the mapping {name}.", why=why, next_step="`costctl help formats` shows the format."
    )
