"""Which settings of a proposal are best on the first part of the window?

In: the study, a proposal. Out: the best by its goal, with its replay, and how many were replayed. First the candidates,
then what lies near the best of them, round by round, for as long as the proposal has something to try.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from costctl.recommend.objectives import Missed, missed, not_kept
from costctl.recommend.proposals import Candidate, Proposal
from costctl.recommend.study import Part, Study
from costctl.scenario.period import Trial

Score = tuple[int, ...]
_SAME: Final = 1e-9  # of the bill: a smaller difference is what is left of sums of floats


@dataclass(frozen=True, slots=True)
class Best:
    """The best candidate, and its replay of the first part."""

    settings: Candidate
    trial: Trial


@dataclass(slots=True)
class _Search:
    """What has been found so far. score: to be beaten; None where anything that is allowed is better than today.

    closest: the smallest score that was seen, and of which settings, allowed or not.
    """

    study: Study
    proposed: Proposal
    score: Score | None
    best: Best | None = None
    closest: tuple[Score, Candidate] | None = None
    tried: set[Candidate] = field(default_factory=set)

    def look_at(self, settings: Candidate) -> None:
        """Replay the settings, once; of two that are alike the earlier stays the best."""
        if settings in self.tried:
            return
        self.tried.add(settings)
        part = self.study.first
        trial = self.study.trial(part, settings)
        reached = _score(part, self.proposed, trial)
        if self.closest is None or reached < self.closest[0]:
            self.closest = reached, settings
        is_better = self.score is None or reached < self.score
        if is_better and what_fails(self.study, part, self.proposed, trial) is None:
            self.best, self.score = Best(settings, trial), reached

    @property
    def near(self) -> Candidate:
        """From where the search goes on: the best; today, where none beats it; where today is no choice either, what
        comes closest.
        """
        if self.best is not None:
            return self.best.settings
        return () if self.score is not None or self.closest is None else self.closest[1]


def best_of(study: Study, proposed: Proposal) -> tuple[Best | None, int]:
    """The best on the first part, None where none beats today; and how many settings were replayed."""
    is_any_better = proposed.goal == "objectives"
    score = None if is_any_better else _score(study.first, proposed, study.first.today)
    search = _Search(study, proposed, score)
    candidates: Sequence[Candidate] = proposed.candidates
    number = 0
    while candidates:
        for settings in candidates:
            search.look_at(settings)
        candidates = () if proposed.refine is None else proposed.refine(search.near, number)
        number += 1
    return search.best, len(search.tried)


def _score(part: Part, proposed: Proposal, trial: Trial) -> Score:
    """Smaller is better: requests within their objectives where these are the goal, by their value where their order
    is, or objectives that are missed; the bill; busy time.
    """
    grain_usd = _SAME * float(part.today.paid_usd.sum()) or 1.0
    paid_usd, busy_usd = float(trial.paid_usd.sum() + trial.cache_usd.sum()), float(trial.busy_usd.sum())
    usd = tuple(round(each / grain_usd) for each in (paid_usd, busy_usd))
    match proposed.goal:
        case "cost":
            return usd
        case "value":
            return (round((paid_usd + busy_usd) / grain_usd),)
        case "goodput":
            return (-int(trial.is_good.sum()), *usd)
        case "objectives":
            return (len(missed(part, trial, proposed.classes)), *usd)
        case "order":
            good = np.bincount(part.period.request_class[trial.is_good], minlength=len(proposed.value))
            return (-round(float(good @ np.array(proposed.value)) / _SAME), -int(trial.is_good.sum()))


def what_fails(study: Study, part: Part, proposed: Proposal, trial: Trial) -> str | None:
    """What the candidate does not keep of what its goal must keep, a clause; None where it keeps all."""
    if proposed.goal in ("cost", "order", "value"):
        broken = next(not_kept(part, trial, proposed.classes), None)
        return None if broken is None else _in_words(study, broken, "could be")
    if proposed.goal == "objectives":
        still = next(iter(missed(part, trial, proposed.classes)), None)
        return None if still is None else _in_words(study, still, "would still be")
    if float(trial.busy_usd.sum()) > float(part.today.busy_usd.sum()):
        return "it takes more replica time"
    groups = [part.period.members(number) for number in proposed.classes]
    groups.append(np.ones(trial.is_good.size, np.bool_))
    counts = [tuple(int(each.is_good[group].sum()) for each in (part.today, trial)) for group in groups]
    return "fewer requests are within their objectives" if any(a > b for a, b in counts) else None


def _in_words(study: Study, broken: Missed, would_be: str) -> str:
    """Such as: chat e2e p95 could be 14.2 s, above 12 s."""
    promise = broken.promise
    seconds = f"{broken.seconds:.3g} s" if np.isfinite(broken.seconds) else "without end"
    name = f"{study.classes[promise.request_class]} {promise.metric.replace('_', ' ')}"
    return f"{name} {would_be} {seconds}, above {promise.target_s:g} s"
