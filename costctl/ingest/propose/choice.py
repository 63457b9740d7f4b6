"""Which column of a log is which of ours?

In: a sample. Out: a ``Choice``: for each of ours the path of theirs, its unit, and how that is known. Names suggest,
values decide: what a column holds must be able to be what its name says.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from costctl.ingest.mapping import is_target
from costctl.ingest.propose.counts import CONVENTIONS, PARTS, Counting, counting, unnamed_sum, unnamed_total
from costctl.ingest.propose.instants import NS_PER_UNIT, Instants, Moments, moments, number, numbers
from costctl.ingest.propose.lengths import Known, LengthUnit, length_unit
from costctl.ingest.propose.names import all_words, last_words, likeness, targets
from costctl.ingest.propose.sample import Sample, is_name

_COUNTS: Final = tuple(name for name in targets() if name.endswith("_tokens"))
_LENGTHS: Final = ("duration_s", "ttft_s", "queue_s")
_WHOLE: Final = ("batch_size",)
_TRUTHS: Final = ("is_stream", "cache_hit")
_MODELS: Final = ("model_requested", "model_served")
_WORDS: Final = ("operation", "provider", "status", "error_type", "finish_reason", "service_tier", "region")
_CUMULATIVE: Final = frozenset({"total", "cumulative", "sum", "overall"})
_MOST_COUNTS: Final = 8


_Length = tuple[str, LengthUnit, list[int | float | None]]


@dataclass(frozen=True, slots=True)
class Column:
    """One of theirs. unit: of an instant or a length.  is_instant: a length that is written as the instant of its end.
    plus: paths whose counts are added.  convention: excludes_cache or excludes_reasoning, where the name so counts.
    why: how it is known, in words; empty where the name says it all.
    """

    path: str
    unit: str | None = None
    is_instant: bool = False
    plus: tuple[str, ...] = ()
    convention: str | None = None
    why: str = ""


@dataclass(slots=True)
class Choice:
    """columns: theirs by ours.  notes: what a person should know.  requests: the column and the value of the rows that
    are requests, the value None where it is not shown.  failures: a column of truths that is false for what failed.
    is_every_row_a_call: whether each row names a model or counts tokens.
    """

    columns: dict[str, Column] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    requests: tuple[str, str | None] | None = None
    failures: str | None = None
    is_every_row_a_call: bool = False

    @property
    def when(self) -> str | None:
        """Ours from which the time is read; None where there is none."""
        if "start_ns" in self.columns:
            return "start_ns"
        return "end_ns" if {"end_ns", "duration_s"} <= set(self.columns) else None

    @property
    def used(self) -> frozenset[str]:
        """Every path that is read."""
        return frozenset(path for each in self.columns.values() for path in (each.path, *each.plus))


def chosen_columns(sample: Sample) -> Choice:
    """The choice; ``when`` is None where the log has no time."""
    choice = Choice()
    at = moments(sample)
    choice.notes += at.notes
    taken = {each.path for each in (at.start, at.end, at.first_token) if each is not None}
    _choose_counts(sample, choice, taken)
    _choose_times(sample, choice, taken, at)
    for target in targets():
        if target not in (*_COUNTS, *_LENGTHS):
            path = _likest(sample, target, taken, partial(_fits, target))
            if path is not None and not _is_only_the_region(sample, choice, target, path):
                choice.columns[target] = Column(path)
                taken.add(path)
    _drop_ids_of_no_trace(choice)
    _choose_rows(sample, choice)
    return choice


def _likest(
    sample: Sample, target: str, taken: set[str], fits: Callable[[list[Any]], bool], near: str | None = None
) -> str | None:
    """The path whose name is likest to ours, of those whose values can be it. near: one beside which it rather lies."""
    found = []
    for number_, (path, values) in enumerate(sample.cells.items()):
        like = likeness(target, path) if path not in taken and is_name(path) else None
        said = [value for value in values if value is not None]
        if like is not None and said and fits(said):
            inner = ".".join(path.split(".")[:-1])
            is_sum = bool(inner) and bool(last_words(inner) & _CUMULATIVE)
            is_apart = near is not None and inner != ".".join(near.split(".")[:-1])
            found.append((like[0], is_sum, is_apart, *like[1:], number_, path))
    return min(found)[-1] if found else None


def _choose_counts(sample: Sample, choice: Choice, taken: set[str]) -> None:
    paths: dict[str, str] = {}
    for target in ("input_tokens", *(name for name in _COUNTS if name != "input_tokens")):
        path = _likest(sample, target, taken, _are_counts, paths.get("input_tokens"))
        if path is not None:
            paths[target] = path
            taken.add(path)
    guesses = _told_by_sums(sample, paths, taken)
    values = {name: numbers(sample.cells[path]) or [] for name, path in paths.items()}
    counted = counting(values, paths)
    for name, path in paths.items():
        if is_target(name):
            plus, why = _apart(name, counted)
            is_whole = bool(plus) and set(plus) == {each for each in PARTS.get(name, ()) if each in paths}
            choice.columns[name] = Column(
                path,
                plus=() if is_whole else tuple(paths[each] for each in plus),
                convention=CONVENTIONS[name] if is_whole else None,
                why=guesses.get(name, "") or why,
            )


def _apart(name: str, counted: Counting) -> tuple[tuple[str, ...], str]:
    if name == "input_tokens":
        return counted.input_plus, counted.input_why
    return (counted.output_plus, counted.output_why) if name == "output_tokens" else ((), "")


def _told_by_sums(sample: Sample, paths: dict[str, str], taken: set[str]) -> dict[str, str]:
    """Counts that no name tells, found by one being the sum of two others on every row; adds them to the paths."""
    missing = {"input_tokens", "output_tokens", "total_tokens"} - set(paths)
    if "total_tokens" not in missing or len(missing) == 2:
        return {}
    loose = [
        path
        for path, values in sample.cells.items()
        if path not in taken and is_name(path) and _are_counts([each for each in values if each is not None])
    ][:_MOST_COUNTS]
    columns = {path: numbers(sample.cells[path]) or [] for path in loose}
    if missing == {"total_tokens"}:
        named = {name: numbers(sample.cells[path]) or [] for name, path in paths.items()}
        total = unnamed_total(named, columns)
        if total is None:
            return {}
        paths["total_tokens"] = total
        taken.add(total)
        return {"total_tokens": "the sum of input and output on every row"}
    sums = unnamed_sum(columns)
    if sums is None:
        return {}
    total, *parts = sums
    paths["total_tokens"] = total
    taken.update(sums)
    parts.sort(key=lambda path: -sum(each or 0 for each in columns[path]))
    paths["input_tokens"], paths["output_tokens"] = parts
    why = f"a guess: {total} is the sum of two columns; the larger one is assumed to be the input; check it"
    return {"input_tokens": why, "output_tokens": why}


def _are_counts(values: list[Any]) -> bool:
    found = [number(value) for value in values]
    return bool(found) and all(each is not None and each >= 0 and each == int(each) for each in found)


def _choose_times(sample: Sample, choice: Choice, taken: set[str], at: Moments) -> None:
    span = _span_ns(at)
    output = choice.columns.get("output_tokens")
    known = Known(
        span,
        max((each.resolution_ns for each in (at.start, at.end) if each is not None), default=1),
        None if output is None else numbers(sample.cells[output.path]),
    )
    duration = _length(sample, "duration_s", taken, known)
    _add_instant(choice, "start_ns", at.start)
    most: Sequence[int | float | None] | None = span
    unit_of_duration = None
    if duration is not None:
        path, unit, lengths_ns = duration
        unit_of_duration = unit.unit
        is_finer = unit.is_agreed and known.resolution_ns >= 10**9
        if span is None or is_finer:
            choice.columns["duration_s"] = Column(path, unit.unit, why=unit.why)
            most = lengths_ns
        elif unit.is_agreed:
            choice.notes.append(f"{path} is end − start, in {unit.unit}, and is not needed.")
        else:
            choice.notes.append(f"{path} is not end − start in any unit; the end is used.")
        taken.add(path)
    if "duration_s" not in choice.columns or at.start is None:
        _add_instant(choice, "end_ns", at.end)
    if at.first_token is not None:
        each = at.first_token
        choice.columns["ttft_s"] = Column(
            each.path, each.unit, is_instant=True, why="the instant, counted from the start"
        )
    for target in ("ttft_s", "queue_s"):
        part = (
            None
            if target in choice.columns
            else _length(sample, target, taken, Known(most_ns=most, duration_unit=unit_of_duration))
        )
        if part is not None:
            choice.columns[target] = Column(part[0], part[1].unit, why=part[1].why)
            taken.add(part[0])


def _add_instant(choice: Choice, target: str, at: Instants | None) -> None:
    if at is not None:
        choice.columns[target] = Column(at.path, at.unit, why="" if at.unit == "iso" else at.why)


def _span_ns(at: Moments) -> Sequence[int | None] | None:
    if at.start is None or at.end is None:
        return None
    return [
        None if start is None or end is None else end - start
        for start, end in zip(at.start.at_ns, at.end.at_ns, strict=True)
    ]


def _length(sample: Sample, target: str, taken: set[str], known: Known) -> _Length | None:
    """The column of a length, its unit, and the lengths in ns: one that end − start confirms before any other, and of
    several durations, without an end, the one that holds the others.
    """
    refused = set(taken)
    found: list[_Length] = []
    while (path := _likest(sample, target, refused, _are_lengths)) is not None:
        refused.add(path)
        values = numbers(sample.cells[path]) or []
        unit = length_unit(path, values, known, is_part=target != "duration_s")
        if unit is not None:
            size = NS_PER_UNIT[unit.unit]
            found.append((path, unit, [None if each is None else each * size for each in values]))
    agreed = [each for each in found if each[1].is_agreed]
    found.sort(key=lambda each: each[1].is_doubtful)
    sure = [each for each in found if not each[1].is_doubtful]
    whole = [each for each in sure if all(_holds(each[2], other[2]) for other in sure)]
    is_whole = target == "duration_s" and known.span_ns is None
    return next(iter((*agreed, *(whole if is_whole else ()), *found)), None)


def _holds(whole: Sequence[float | None], part: Sequence[float | None]) -> bool:
    """Whether one length is no shorter than another on any row that has both."""
    return all(one is None or two is None or one >= two for one, two in zip(whole, part, strict=True))


def _are_lengths(values: list[Any]) -> bool:
    found = [number(value) for value in values]
    return all(each is not None and each >= 0 for each in found) and any(found)


def _fits(target: str, values: list[Any]) -> bool:
    """Whether the values could be what our column means."""
    found = [number(value) for value in values]
    are_numbers = all(each is not None for each in found)
    if target == "recorded_usd":
        return all(each is not None and each >= 0 for each in found)
    if target == "http_status":
        return all(each is not None and 100 <= each < 600 and each == int(each) for each in found)
    if target in _WHOLE:
        return _are_counts(values)
    if target in _TRUTHS:
        return all(isinstance(value, bool) or str(value).lower() in ("true", "false") for value in values)
    if target == "prefix_keys":
        return all(isinstance(value, list) for value in values)
    if target in (*_MODELS, *_WORDS):
        return all(isinstance(value, str) for value in values) and not are_numbers
    return all(isinstance(value, str | int) and not isinstance(value, bool) for value in values)


def _is_only_the_region(sample: Sample, choice: Choice, target: str, path: str) -> bool:
    """Whether a tenant is but the name of a place, as in the diagnostics of Azure."""
    region = choice.columns.get("region") or _region(sample)
    return target == "tenant" and region is not None and sample.cells[region.path] == sample.cells[path]


def _region(sample: Sample) -> Column | None:
    path = _likest(sample, "region", set(), lambda values: _fits("region", values))
    return None if path is None else Column(path)


def _drop_ids_of_no_trace(choice: Choice) -> None:
    for name in ("span_id", "parent_span_id"):
        if "trace_id" not in choice.columns:
            choice.columns.pop(name, None)


_KINDS: Final = frozenset({"type", "kind", "event", "role", "category"})
_SHOWN_KINDS: Final = frozenset(
    (
        "assistant", "generation", "GENERATION", "response", "response.completed", "request_end", "api_request",
        "api_response", "completion", "chat", "llm", "LLM", "message", "token_count", "claude_code.api_request",
        "gemini_cli.api_response", "codex.sse_event", "request", "usage",
    )
)  # fmt: skip


def _choose_rows(sample: Sample, choice: Choice) -> None:
    """Which rows are requests, where some count no tokens and a column tells them from the others; what has failed."""
    counted = _rows_with(sample, [choice.columns[name] for name in _COUNTS if name in choice.columns])
    named = _rows_with(sample, [choice.columns[name] for name in _MODELS if name in choice.columns])
    choice.is_every_row_a_call = all(each or other for each, other in zip(counted, named, strict=True))
    if any(counted) and not all(counted):
        choice.requests = _kind_of(sample, counted)
    for path, values in sample.cells.items():
        truths = [value for value in values if value is not None]
        if (
            last_words(path) == {"success"}
            and truths
            and all(str(each).lower() in ("true", "false") for each in truths)
        ):
            choice.failures = (
                path
                if all(str(each) in ("true", "false") or isinstance(each, bool) for each in truths)
                else None
            )


def _rows_with(sample: Sample, columns: Sequence[Column]) -> list[bool]:
    return [any(sample.cells[each.path][row] is not None for each in columns) for row in range(sample.rows)]


def _kind_of(sample: Sample, counted: list[bool]) -> tuple[str, str | None] | None:
    for path, values in sample.cells.items():
        if not all_words(path) & _KINDS or not is_name(path):
            continue
        inside = {str(value) for value, is_counted in zip(values, counted, strict=True) if is_counted}
        outside = {str(value) for value, is_counted in zip(values, counted, strict=True) if not is_counted}
        if len(inside) == 1 and not inside & outside:
            (kind,) = inside
            return path, kind if kind in _SHOWN_KINDS else None
    return None
