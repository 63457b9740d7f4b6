"""Which settings of a proposal are best on the first part of the window?

In: the study, a proposal. Out: the best by its goal, with its replay, and what was replayed. First the candidates,
then what lies near the best of them, round by round, for as long as the proposal has something to try.

The best of many lies at the edge of an objective, and half of what lies there is over it in any other time. So those
come first that would keep their objectives for sure in a time like the rest of the window, by what a percentile differs
between two samples; where none would, the best of the others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from costctl.recommend.looked import Looked
from costctl.recommend.objectives import SURE_DEVIATES, Missed, missed, not_kept
from costctl.recommend.proposals import Candidate, Goal, Proposal
from costctl.recommend.study import FIRST_PART, Part, Study
from costctl.recommend.tried import Lens, lens_of
from costctl.scenario.period import Trial

Score = tuple[int, ...]
# The rest has r = (1 − f)/f times as many requests. Its bound lies 1.96/√r standard errors of the first part above its
# percentile, and that differs from the first part's by √(1 + 1/r) of them: so far, or less, in five of six times.
_REST_RATIO: Final = (1.0 - FIRST_PART) / FIRST_PART
_LASTING_DEVIATES: Final = SURE_DEVIATES / _REST_RATIO**0.5 + (1.0 + 1.0 / _REST_RATIO) ** 0.5
_KEEPS: Final[tuple[Goal, ...]] = ("cost", "order", "value")  # goals that keep every objective
_SAME: Final = 1e-9  # of the bill: a smaller difference is what is left of sums of floats


@dataclass(frozen=True, slots=True)
class Best:
    """The best candidate, and its replay of the first part."""

    settings: Candidate
    trial: Trial


@dataclass(slots=True)
class _Search:
    """What has been found so far. today: the score to be beaten; None where anything that is allowed is better.

    lasting, other: the best of those that would hold in a time like the rest, and of all, each with its score.
    closest: the smallest score that was seen, and of which settings, allowed or not.  looked: at each through the lens.
    """

    study: Study
    proposed: Proposal
    lens: Lens
    today: Score | None
    lasting: tuple[Score, Best] | None = None
    other: tuple[Score, Best] | None = None
    closest: tuple[Score, Candidate] | None = None
    looked: dict[Candidate, Looked] = field(default_factory=dict)

    def look_at(self, settings: Candidate) -> None:
        """Replay the settings, once; of two that are alike the earlier stays the best."""
        if settings in self.looked:
            return
        part = self.study.first
        trial = self.study.trial(part, settings)
        is_kept = what_fails(self.study, part, self.proposed, trial) is None
        self.looked[settings] = self.lens.look(settings, trial, is_kept=is_kept)
        reached = _score(part, self.proposed, trial)
        if self.closest is None or reached < self.closest[0]:
            self.closest = reached, settings
        if self.today is not None and reached >= self.today:
            return
        is_first_of_all = self.other is None or reached < self.other[0]
        is_first_to_last = self.lasting is None or reached < self.lasting[0]
        if not (is_kept and (is_first_of_all or is_first_to_last)):
            return
        found = reached, Best(settings, trial)
        if is_first_of_all:
            self.other = found
        if is_first_to_last and _would_last(part, self.proposed, trial):
            self.lasting = found

    @property
    def best(self) -> Best | None:
        """The best so far; None where nothing beats today."""
        found = self.lasting or self.other
        return None if found is None else found[1]

    @property
    def near(self) -> Candidate:
        """From where the search goes on: the best; today, where none beats it; where today is no choice either, what
        comes closest.
        """
        if self.best is not None:
            return self.best.settings
        return () if self.today is not None or self.closest is None else self.closest[1]


def best_of(study: Study, proposed: Proposal) -> tuple[Best | None, tuple[Looked, ...]]:
    """The best on the first part, None where none beats today; and each of the settings that were replayed."""
    is_any_better = proposed.goal == "objectives"
    today = None if is_any_better else _score(study.first, proposed, study.first.today)
    search = _Search(study, proposed, lens_of(study.first, proposed.pools, proposed.classes), today)
    candidates: Sequence[Candidate] = proposed.candidates
    number = 0
    while candidates:
        for settings in candidates:
            search.look_at(settings)
        candidates = () if proposed.refine is None else proposed.refine(search.near, number)
        number += 1
    return search.best, tuple(search.looked.values())


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


def _would_last(part: Part, proposed: Proposal, trial: Trial) -> bool:
    """Whether the rest of the window is likely to say too that every objective is kept, where the goal asks that."""
    return (
        proposed.goal not in _KEEPS
        or next(not_kept(part, trial, proposed.classes, _LASTING_DEVIATES), None) is None
    )


def what_fails(study: Study, part: Part, proposed: Proposal, trial: Trial) -> str | None:
    """What the candidate does not keep of what its goal must keep, a clause; None where it keeps all."""
    if proposed.goal in _KEEPS:
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
