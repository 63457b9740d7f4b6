"""Would a cheaper model do? The price is computed; whether the answers are as good, graders have to say.

Advice where grades show that a model the class allows is no worse than today's but for the margin; withheld where they
show that it is worse; else a candidate, with what a trial would have to show. Of a class that says nothing of models,
the cheapest that the traces know of the same provider is a candidate, with the line to add.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import polars as pl

from costctl.documents.estimate import Estimate
from costctl.documents.grades import Grade
from costctl.documents.recommendations import Evidence
from costctl.levers.settings import setting
from costctl.rebill.tokenizers import token_ratio, undated
from costctl.recommend.bought.lines import line_of
from costctl.recommend.bought.proposals import BillKind, BillProposal
from costctl.recommend.bought.resold import resold_usd
from costctl.recommend.bought.study import BoughtStudy
from costctl.recommend.proposals import Subject, Withheld
from costctl.stats.noninferiority import LEVEL, POWER, Difference, Scored, answers_needed, difference

_NAME: Final = "model_choice"
_MOST_VARIANCE: Final = 0.25  # of a pass or a fail, where half of them pass


@dataclass(frozen=True, slots=True)
class _Tested:
    """A model, and what grades say of it beside today's: None where they lack one of the two."""

    model: str
    grades: _Grades | None
    margin: float

    @property
    def is_not_worse(self) -> bool:
        return self.grades is not None and self.grades.found.low > -self.margin

    @property
    def is_worse(self) -> bool:
        return self.grades is not None and self.grades.found.high < -self.margin


@dataclass(frozen=True, slots=True)
class _Grades:
    old: Grade
    new: Grade

    @property
    def found(self) -> Difference:
        return difference(_scored(self.new), _scored(self.old))


def _scored(grade: Grade) -> Scored:
    return Scored(grade.score, grade.n, grade.sd)


def propose(study: BoughtStudy) -> Iterator[BillProposal | Withheld]:
    """One proposal for each class that may be served by another model than today's, or that says nothing of models."""
    for name in study.calls.classes:
        allowed = study.declared(name).allowed_models
        served = _served_by(study, name)
        if len(served) > 1 and allowed:
            yield Withheld(Subject(_NAME, name), _several(name, served))
        if len(served) != 1:
            continue
        today = served[0]
        others = (
            [model for model in allowed if undated(model) != undated(today)]
            if allowed
            else _cheapest(study, name, today)
        )
        if others:
            yield _for_class(study, name, today, others)


def _served_by(study: BoughtStudy, name: str) -> list[str]:
    """The models of the class. Of the names of one model, with the date of a version or without, the shortest."""
    own = study.calls.frame.filter(pl.col("request_class") == name)
    names: dict[str, str] = {}
    for model in sorted(own["model"].drop_nulls().unique(), key=lambda each: (-len(each), each)):
        names[undated(model)] = model
    return sorted(names.values())


def _several(name: str, served: Sequence[str]) -> str:
    return (
        f"The calls of {name} go to {len(served)} models: {', '.join(served)}. Which of them could go to another is "
        "judged for one model at a time: give the calls of each model a class of their own."
    )


def _cheapest(study: BoughtStudy, name: str, today: str) -> list[str]:
    """The cheapest model for the class of those that its provider has answered the same kind of calls with; none where
    that is today's.
    """
    frame = study.calls.frame
    own = frame.filter(pl.col("request_class") == name)
    known = frame.join(own.select("provider", "operation").unique(), on=("provider", "operation"))["model"]
    usd = {
        model: cost * token_ratio(study.calls, today, model).ratio
        for model in known.drop_nulls().unique().sort()
        if model != today and (cost := resold_usd(study, name, model=model)) is not None
    }
    best = min(usd, key=usd.__getitem__, default=None)
    now = resold_usd(study, name)
    return [best] if best is not None and now is not None and usd[best] < now else []


def _for_class(study: BoughtStudy, name: str, today: str, others: Sequence[str]) -> BillProposal | Withheld:
    tested = [_test(study, name, today, model) for model in others]
    fits = [each for each in tested if each.is_not_worse]
    open_ = [each for each in tested if not each.is_worse]
    evidence = tuple(_said(each.grades, each.margin) for each in tested if each.grades is not None)
    if not open_:
        return Withheld(
            Subject(_NAME, name),
            f"Its graders find the cheaper models worse than {today}, by more than the margin of "
            f"{study.declared(name).quality_margin:g}.",
            evidence,
        )
    tried = fits or open_
    return BillProposal(
        subject=Subject(_NAME, name),
        candidates=tuple((setting("class", "model", name, each.model),) for each in tried),
        reason=_reason(today, is_shown=bool(fits)),
        if_none="No other model that it allows is cheaper, by prices that are known.",
        assumptions=tuple(dict.fromkeys(token_ratio(study.calls, today, each.model).said for each in tried)),
        reversal=f"Ask for {today} again.",
        evidence=evidence,
        missing=_line(study, name, today, others),
        before=None if fits else _trial(study, name, today, is_graded=bool(evidence)),
    )


def _reason(today: str, *, is_shown: bool) -> str:
    if is_shown:
        return f"A cheaper model answers as well as {today}, but for the margin: its graders have shown it."
    return "Another model sells the same tokens for less."


def _line(study: BoughtStudy, name: str, today: str, others: Sequence[str]) -> tuple[str, ...]:
    if study.declared(name).allowed_models:
        return ()
    return (line_of(name, "allowed_models", json.dumps([today, *others], ensure_ascii=False)),)


def _grade_of(study: BoughtStudy, name: str, model: str) -> Grade | None:
    return next((each for each in study.grades if (each.request_class, each.model) == (name, model)), None)


def _test(study: BoughtStudy, name: str, today: str, model: str) -> _Tested:
    old, new = (_grade_of(study, name, each) for each in (today, model))
    both = None if old is None or new is None else _Grades(old, new)
    return _Tested(model, both, study.declared(name).quality_margin)


def _said(grades: _Grades, margin: float) -> Evidence:
    """What graders found, beside the margin."""
    old, new, found = grades.old, grades.new, grades.found
    return Evidence(
        id=f"grades.{new.model}",
        kind="measured",
        statement=f"{new.model} scored {new.score:.3f} in {new.n:,} graded answers, {old.model} {old.score:.3f} in "
        f"{old.n:,}: {found.mid:+.3f} ({found.low:+.3f} to {found.high:+.3f}), beside a margin of {margin:g}.",
        samples=old.n + new.n,
        value=Estimate(
            low=found.low,
            mid=found.mid,
            high=found.high,
            level=LEVEL,
            method="Newcombe" if old.sd is None and new.sd is None else "Welch",
        ),
    )


def _trial(study: BoughtStudy, name: str, today: str, *, is_graded: bool) -> str:
    """What somebody would have to grade."""
    margin, old = study.declared(name).quality_margin, _grade_of(study, name, today)
    count = answers_needed(_MOST_VARIANCE if old is None else _scored(old).variance, margin)
    most = "at most " if old is None else ""
    said = "Its grades do not tell yet" if is_graded else "Quality is not tested"
    return (
        f"{said}: grade {most}{count:,} answers of each model, and show by --grades that the cheaper one is at most "
        f"{margin:g} worse (power {POWER:.0%}, two-sided {LEVEL:.0%})."
    )


KIND: Final = BillKind(_NAME, propose)
