"""Which two times are compared? BASE and NEW as they are written: a period of the store, another store, a document.

In: two texts, or none, and a question. Out: two ``AskedSide``.

    2026-11-16..2026-11-23      a period: ends as in --since and --until, the second exclusive; either may be left out
    week47.duckdb               a store
    week47.json                 what `costctl analyze --format json -o week47.json` wrote

Without BASE the last seven days are compared with the seven before, of a shorter store its second half with its first,
by whole days where it has two; with --last, --since or --until that time with as much before it. Without NEW, a period
is compared with as much time after it; a store or a document with what the question is about.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Final

from costctl.config import DEFAULT_STORE
from costctl.documents.difference import SideKind
from costctl.errors import NotEnoughDataError, UsageError
from costctl.observation import Question
from costctl.observed_window import bounds, instant_ns
from costctl.progress import Progress
from costctl.store.database import open_store
from costctl.store.waiting import saying
from costctl.units import NS_PER_S, S_PER_DAY, S_PER_HOUR, iso_utc

_HEAD_BYTES: Final = 12  # of a file of DuckDB: a checksum, then its name
_STORE: Final = b"DUCK"
_BETWEEN: Final = ".."
_DAY_NS: Final = round(S_PER_DAY * NS_PER_S)
_HOUR_NS: Final = round(S_PER_HOUR * NS_PER_S)
_WEEK: Final = 7
_NEXT_STEP: Final = (
    "Write a period such as 2026-11-16..2026-11-23, or the path of a store or of what "
    "`costctl analyze --format json -o week47.json` wrote."
)


@dataclass(frozen=True, slots=True)
class AskedSide:
    """One side. question: of traces; asked_ns: its time where it has both ends, ns UTC.  document: the path of one."""

    kind: SideKind
    name: str
    question: Question
    asked_ns: tuple[int, int] | None = None
    document: Path | None = None


@dataclass(frozen=True, slots=True)
class _Reach:
    """The first and the last start that the store holds, and the last end, ns UTC."""

    first_ns: int
    last_ns: int
    end_ns: int


Reach = Callable[[], _Reach]


@dataclass(frozen=True, slots=True)
class _Period:
    """from_ns, to_ns: ns UTC, the end exclusive; None where it is open."""

    name: str
    from_ns: int | None
    to_ns: int | None


def asked_sides(
    base: str | None, new: str | None, question: Question, progress: Progress
) -> tuple[AskedSide, AskedSide]:
    """Both sides. Raises UsageError for what is no side, NotEnoughDataError for a store without two such times."""
    has_window = any(each is not None for each in (question.since, question.until, question.last))
    whole = replace(question, since=None, until=None, last=None)
    reach = cache(lambda: _reach(whole, progress))
    if base is None:
        earlier, later = _two_periods(question, reach)
        return _side_of_period(earlier, whole, reach), _side_of_period(later, whole, reach)
    if new is not None and has_window:
        raise UsageError(
            "--since, --until and --last cannot be used with two sides.",
            why="BASE and NEW say what is compared.",
            next_step="Leave them out, or write NEW as a period.",
        )
    first = _parsed(base)
    second = None if new is None else _parsed(new)
    if second is None and isinstance(first, _Period) and not has_window:
        second = _following(first)
    return (
        _side(first, whole, reach),
        _of_question(question, whole, reach) if second is None else _side(second, whole, reach),
    )


def _parsed(text: str) -> _Period | Path:
    path = Path(text)
    if path.is_file():
        return path
    if _BETWEEN not in text:
        raise UsageError(
            f"{text} cannot be compared.", why="It is neither a file nor a period.", next_step=_NEXT_STEP
        )
    since, _, until = text.partition(_BETWEEN)
    from_ns, to_ns = (instant_ns(each.strip() or None, "period") for each in (since, until))
    if (from_ns is None and to_ns is None) or (
        from_ns is not None and to_ns is not None and from_ns >= to_ns
    ):
        raise UsageError(f"{text} is no period.", why="It has to begin before it ends.", next_step=_NEXT_STEP)
    return _Period(text, from_ns, to_ns)


def _side(found: _Period | Path, whole: Question, reach: Reach) -> AskedSide:
    if isinstance(found, _Period):
        return _side_of_period(found, whole, reach)
    with found.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    if head.startswith(b"{"):
        return AskedSide("document", str(found), whole, document=found)
    if head and not head.endswith(_STORE):
        raise UsageError(
            f"{found} cannot be compared.",
            why="It is neither a store nor what costctl analyze --format json wrote.",
            next_step="If it holds traces, load each side into a store of its own (costctl ingest FILE --store "
            "NAME.duckdb), and compare the stores.",
        )
    return AskedSide("store", str(found), replace(whole, store=found))


def _side_of_period(period: _Period, whole: Question, reach: Reach) -> AskedSide:
    """Of the store; no longer than what the store holds, but for an hour at each end."""
    held = reach()
    since, until = (None if each is None else iso_utc(each) for each in (period.from_ns, period.to_ns))
    from_ns = held.first_ns if period.from_ns is None else max(period.from_ns, held.first_ns - _HOUR_NS)
    to_ns = held.end_ns + 1 if period.to_ns is None else min(period.to_ns, held.end_ns + _HOUR_NS)
    asked_ns = (from_ns, to_ns) if from_ns < to_ns else None
    return AskedSide("period", period.name, replace(whole, since=since, until=until), asked_ns)


def _of_question(question: Question, whole: Question, reach: Reach) -> AskedSide:
    """What the options of the command ask for."""
    asked = bounds(question.since, question.until, question.last)
    if question.since is None and question.until is None and question.last is None:
        return AskedSide("store", str(question.store or "the store"), whole)
    since_ns, until_ns = asked.window(reach().last_ns)
    return _side_of_period(_Period(_in_words(since_ns, until_ns), since_ns, until_ns), whole, reach)


def _following(period: _Period) -> _Period:
    """As much time after it."""
    if period.to_ns is None:
        raise UsageError(
            f"Nothing comes after {period.name}.",
            why="It has no end, so that there is no time after it to compare it with.",
            next_step="Write its end, or a second period.",
        )
    end_ns = None if period.from_ns is None else 2 * period.to_ns - period.from_ns
    return _Period(_in_words(period.to_ns, end_ns), period.to_ns, end_ns)


def _two_periods(question: Question, reach: Reach) -> tuple[_Period, _Period]:
    """The time that is asked about, and as much before it."""
    held = reach()
    first_ns, end_ns = held.first_ns, held.end_ns + 1
    since_ns, until_ns = bounds(question.since, question.until, question.last).window(held.last_ns)
    if question.last is not None and since_ns is not None:
        since_ns, end_ns = since_ns + 1, held.last_ns + 1  # up to the last request, and with it
    if since_ns is None and until_ns is None:
        length_ns = _usual_length_ns(end_ns - first_ns)
        if length_ns % _DAY_NS == 0:
            end_ns = _nearest_midnight(end_ns)
        since_ns = end_ns - length_ns
    end_ns = min(end_ns, until_ns) if until_ns is not None else end_ns
    if since_ns is None:
        since_ns = end_ns - (end_ns - first_ns) // 2
    length_ns = end_ns - since_ns
    if length_ns <= 0 or since_ns <= first_ns:
        raise NotEnoughDataError(
            "There is nothing before that time to compare it with.",
            why=f"The store begins at {iso_utc(first_ns)[:16]} UTC, ends at {iso_utc(held.end_ns)[:16]} UTC.",
            next_step="Name a BASE: a period, another store or a saved document. `costctl diff --help` has examples.",
        )
    base_ns = since_ns - length_ns
    return (
        _Period(_in_words(base_ns, since_ns), base_ns, since_ns),
        _Period(_in_words(since_ns, end_ns), since_ns, end_ns),
    )


def _usual_length_ns(held_ns: int) -> int:
    """A week where there are two; else as many whole days, but for an hour, as there are twice; else the half."""
    days = min(_WEEK, (held_ns + _HOUR_NS) // 2 // _DAY_NS)
    return days * _DAY_NS if days else held_ns // 2


def _nearest_midnight(end_ns: int) -> int:
    """The midnight UTC that is within an hour, so that whole days are compared; else the end itself."""
    midnight_ns = (end_ns + _DAY_NS // 2) // _DAY_NS * _DAY_NS
    return midnight_ns if abs(midnight_ns - end_ns) <= _HOUR_NS else end_ns


def _in_words(from_ns: int | None, to_ns: int | None) -> str:
    since, until = ("" if each is None else f"{iso_utc(each)[:19]}Z" for each in (from_ns, to_ns))
    return f"{since}{_BETWEEN}{until}"


def _reach(whole: Question, progress: Progress) -> _Reach:
    """From when to when the store reaches."""
    store = whole.store or DEFAULT_STORE
    with open_store(store, read_only=True, wait_s=whole.wait_s, waiting=saying(progress)) as connection:
        ((first_ns, last_ns, end_ns),) = connection.execute(
            "SELECT MIN(start_ns), MAX(start_ns), MAX(GREATEST(start_ns, end_ns)) FROM spans"
        ).fetchall()
    if first_ns is None:
        raise NotEnoughDataError(
            "No request has a start time.",
            why="Without times there is no before and after.",
            next_step="Compare two stores: `costctl diff week47.duckdb week48.duckdb`.",
        )
    return _Reach(int(first_ns), int(last_ns), int(end_ns))
