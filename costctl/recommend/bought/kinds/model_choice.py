"""Would a cheaper model do? The price is computed; whether the answers are as good, graders have to say.

Advice where grades show that a model the class allows is no worse than today's but for the margin; withheld where they
show that it is worse; else a candidate, with what a trial would have to show. Of a class that says nothing of models,
the cheapest that the traces know of the same provider is a candidate, with the line to add. Where the calls of a class
go to several models, those of each are judged alone: grades of the model that they go to, and the saving over them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

import polars as pl

from costctl.arrays import Bools
from costctl.documents.estimate import Estimate
from costctl.documents.grades import Grade
from costctl.documents.recommendations import Evidence
from costctl.levers.settings import setting
from costctl.rebill.tokenizers import token_ratio, undated
from costctl.recommend.bought.lines import line_of
from costctl.recommend.bought.proposals import BillKind, BillProposal
from costctl.recommend.bought.resold import resold_usd
from costctl.recommend.bought.study import BoughtStudy
from costctl.recommend.bought.told_usd import told_usd
from costctl.recommend.proposals import Candidate, Subject, Withheld
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


@dataclass(frozen=True, slots=True)
class _Source:
    """The calls of a class that go to one model today. names: by which it is recorded, the shortest last.  is_whole:
    whether the class has no others.
    """

    request_class: str
    names: tuple[str, ...]
    is_whole: bool

    @property
    def model(self) -> str:
        return self.names[-1]

    @property
    def subject(self) -> Subject:
        return Subject(_NAME, self.request_class, form=None if self.is_whole else self.model)

    def moved_to(self, model: str) -> Candidate:
        """The settings: of the class where it has no other model, else of what goes to this one."""
        made = setting("class", "model", self.request_class, model)
        return (made,) if self.is_whole else tuple(replace(made, instead_of=name) for name in self.names)

    def calls(self, study: BoughtStudy) -> Bools:
        is_of_model: Bools = study.calls.frame["model"].is_in(self.names).fill_null(value=False).to_numpy()
        return study.calls.of_class(self.request_class) & is_of_model


def propose(study: BoughtStudy) -> Iterator[BillProposal | Withheld]:
    """One proposal for each model of each class whose calls may go to another, or that says nothing of models."""
    for name in study.calls.classes:
        allowed, served = study.declared(name).allowed_models, study.models_of(name)
        others = {}
        for today, names in served.items():
            source = _Source(name, names, is_whole=len(served) == 1)
            is_asked_for = [each for each in allowed if undated(each) != undated(today)]
            others[source] = is_asked_for if allowed else _cheapest(study, source)
        tried = dict.fromkeys(model for models in others.values() for model in models)
        missing = () if allowed else (_line(name, [*served, *tried]),)
        for source, models in others.items():
            if models:
                yield _for_source(study, source, models, missing)


def _cheapest(study: BoughtStudy, source: _Source) -> list[str]:
    """The cheapest model for these calls of those that their provider has answered the same kind of calls with; none
    where that is today's.
    """
    frame, today, own = study.calls.frame, source.model, source.calls(study)
    kinds = frame.filter(pl.Series(own)).select("provider", "operation").unique()
    known = frame.join(kinds, on=("provider", "operation"))["model"]
    usd = {
        model: cost * token_ratio(study.calls, today, model).ratio
        for model in known.drop_nulls().unique().sort()
        if model not in source.names and (cost := resold_usd(study, own, model=model)) is not None
    }
    best = min(usd, key=usd.__getitem__, default=None)
    now = resold_usd(study, own)
    return [best] if best is not None and now is not None and usd[best] < now else []


def _for_source(
    study: BoughtStudy, source: _Source, others: Sequence[str], missing: tuple[str, ...]
) -> BillProposal | Withheld:
    name, today = source.request_class, source.model
    cheaper = [model for model in others if _is_cheaper(study, source, model)]
    tested = [_test(study, name, today, model) for model in cheaper]
    fits = [each for each in tested if each.is_not_worse]
    open_ = [each for each in tested if not each.is_worse]
    evidence = (*_part(study, source), *(_said(each.grades, each.margin) for each in tested if each.grades))
    if tested and not open_:
        return Withheld(
            source.subject,
            f"Its graders find the cheaper models worse than {today}, by more than the margin of "
            f"{study.declared(name).quality_margin:g}.",
            evidence,
        )
    tried = fits or open_
    return BillProposal(
        subject=source.subject,
        candidates=tuple(source.moved_to(each.model) for each in tried),
        reason=_reason(today, is_shown=bool(fits)),
        if_none=f"No other model that it allows is cheaper than {today}, by prices that are known.",
        assumptions=tuple(dict.fromkeys(token_ratio(study.calls, today, each.model).said for each in tried)),
        reversal=f"Ask for {today} again.",
        evidence=evidence,
        missing=missing,
        before=None if fits else _trial(study, name, today, is_graded=any(each.grades for each in tested)),
    )


def _is_cheaper(study: BoughtStudy, source: _Source, model: str) -> bool:
    """Whether the bill is smaller with these calls at the model, on the part that settings are chosen on."""
    saved_usd = study.today.usd - study.bill(source.moved_to(model)).usd
    return float(saved_usd[study.in_first].sum()) > 0.0


def _part(study: BoughtStudy, source: _Source) -> Iterator[Evidence]:
    """How much of the class goes to the model, where that is not all of it."""
    if not source.is_whole:
        own, all_of_them = source.calls(study), study.calls.of_class(source.request_class)
        yield Evidence(
            id="calls_of_model",
            kind="measured",
            statement=f"{own.sum():,} of {all_of_them.sum():,} calls of {source.request_class} go to {source.model}, "
            f"and cost {told_usd(study, own)}; the others stay where they are.",
            samples=int(own.sum()),
            value=None,
        )


def _reason(today: str, *, is_shown: bool) -> str:
    if is_shown:
        return f"A cheaper model answers as well as {today}, but for the margin: its graders have shown it."
    return "Another model sells the same tokens for less."


def _line(name: str, models: Sequence[str]) -> str:
    """The line of the settings that allows these models."""
    return line_of(name, "allowed_models", json.dumps([*dict.fromkeys(models)], ensure_ascii=False))


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
