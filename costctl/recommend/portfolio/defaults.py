"""What does a class of such calls usually take? The table in portfolio_defaults.toml, and which of its cases hold.

In: the text of the table, the facts of a class. Out: the shape that it takes, and what decided.
"""

from __future__ import annotations

import string
import tomllib
from collections.abc import Iterable, Mapping
from functools import cache
from importlib import resources
from typing import Final, TypeVar

import msgspec

from costctl.documents.portfolio import AspectName, ClassFacts, ClassGoal, Goal, Shape

_ENDS: Final = ("min", "max")
_PERCENT: Final = 100.0


class Case(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Bounds on facts, all of which must hold. because: the same in words, with facts in braces."""

    because: str
    when: Mapping[str, float | bool] = {}

    def holds(self, facts: ClassFacts) -> bool:
        """Whether all bounds hold; one on a fact that was not observed does not."""
        return all(_holds(facts, name, bound) for name, bound in self.when.items())

    def said(self, facts: ClassFacts) -> str:
        """Why it holds, in words."""
        return self.because.format_map({name: _shown(facts, name) for name in ClassFacts.__struct_fields__})


class GoalCase(Case, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A case in which another goal comes first."""

    goal: Goal


class Practice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Something that is usually done. kinds: of advice that would set it up.  so_today: cases in which it is there.
    against: cases in which the trace, or what is declared, argues against it.
    """

    aspect: AspectName
    says: str
    kinds: tuple[str, ...]
    so_today: tuple[Case, ...] = ()
    against: tuple[Case, ...] = ()


class ShapeDefaults(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A row of the table. cases: one of which must hold.  compute, storage, scheduling: names of practices."""

    name: str
    goal: Goal
    compute: str
    storage: str
    scheduling: str
    why: str
    cases: tuple[Case, ...]
    goals: tuple[GoalCase, ...] = ()


class Defaults(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The table. The last shape takes whatever is left."""

    shapes: tuple[ShapeDefaults, ...]
    practices: dict[str, Practice]

    def practice(self, shape: ShapeDefaults, aspect: AspectName) -> Practice:
        """What a class of the shape usually takes."""
        return self.practices[str(getattr(shape, aspect))]


@cache
def built_in_defaults() -> Defaults:
    """The table that comes with costctl."""
    path = resources.files("costctl.recommend") / "portfolio_defaults.toml"
    return defaults_of(path.read_text(encoding="utf-8"))


def defaults_of(text: str) -> Defaults:
    """The table in a text. Raises ValueError for what is no such table: a name that nothing has, or a last shape that
    does not take everything.
    """
    found = msgspec.convert(tomllib.loads(text), Defaults)
    if not found.shapes or all(case.when for case in found.shapes[-1].cases):
        raise ValueError("the last shape must have a case without bounds, so that every class takes one")
    for shape in found.shapes:
        for aspect in ("compute", "storage", "scheduling"):
            named = found.practices.get(getattr(shape, aspect))
            if named is None or named.aspect != aspect:
                raise ValueError(f"{shape.name}: {getattr(shape, aspect)} is no practice of {aspect}")
    for case in _cases(found):
        _require_facts(case)
    return found


def shape_of(facts: ClassFacts, defaults: Defaults) -> tuple[ShapeDefaults, Shape]:
    """The row of the table that a class takes, and why it is that one."""
    for row in defaults.shapes:
        case = first_that_holds(row.cases, facts)
        if case is not None:
            return row, Shape(name=row.name, because=case.said(facts), why=row.why)
    raise ValueError("no shape takes the class")  # the last one takes everything


def goal_of(facts: ClassFacts, row: ShapeDefaults) -> ClassGoal:
    """What the class is served for first: as its shape is, unless a fact argues for another goal."""
    case = first_that_holds(row.goals, facts)
    if case is None:
        return ClassGoal(goal=row.goal, default=row.goal, why=None)
    return ClassGoal(goal=case.goal, default=row.goal, why=case.said(facts))


_Case = TypeVar("_Case", bound=Case)


def first_that_holds(cases: Iterable[_Case], facts: ClassFacts) -> _Case | None:
    """The first case that holds; None where none does."""
    return next((case for case in cases if case.holds(facts)), None)


def _cases(defaults: Defaults) -> Iterable[Case]:
    for shape in defaults.shapes:
        yield from (*shape.cases, *shape.goals)
    for practice in defaults.practices.values():
        yield from (*practice.so_today, *practice.against)


def _require_facts(case: Case) -> None:
    """Raise ValueError where the case names a fact that there is not."""
    in_words = {name for _, name, _, _ in string.Formatter().parse(case.because) if name is not None}
    in_bounds = {_fact_of(name, bound) for name, bound in case.when.items()}
    unknown = sorted((in_words | in_bounds) - {*ClassFacts.__struct_fields__})
    if unknown:
        raise ValueError(f"{', '.join(unknown)} is no fact of a class")


def _fact_of(name: str, bound: float | bool) -> str:
    """The fact that a bound is on: prompt_tokens_p50, of min_prompt_tokens_p50."""
    end, _, fact = name.partition("_")
    return name if isinstance(bound, bool) or end not in _ENDS else fact


def _holds(facts: ClassFacts, name: str, bound: float | bool) -> bool:
    value = getattr(facts, _fact_of(name, bound))
    if isinstance(bound, bool):
        return bool(value is bound)
    if value is None:
        return False
    return bool(value >= bound if name.startswith("min_") else value <= bound)


def _shown(facts: ClassFacts, name: str) -> str:
    """A fact in words: a part of the whole in percent, a count with three digits."""
    value = getattr(facts, name)
    if isinstance(value, tuple):
        return ", ".join(value)
    if value is None:
        return "not observed"
    if name.endswith("_ratio"):
        return f"{value * _PERCENT:.3g}%"
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:.3g}"
