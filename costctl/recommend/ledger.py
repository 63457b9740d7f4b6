"""What does all that is recommended save together? Applied one after the other on one replay of the whole window.

In: the study, the recommendations as they are written down. Out: those that keep every objective together, and
``Joint``. Two changes may save the same second; each
is counted for what it adds to those before it.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from operator import add
from typing import Any

from msgspec.structs import replace

from costctl.documents.recommendations import Increment, Joint, Recommendation
from costctl.levers.settings import Setting, settings_in
from costctl.recommend.evaluator import withheld
from costctl.recommend.objectives import meets_objectives
from costctl.recommend.proposals import Candidate, Subject
from costctl.recommend.savings import Less, Savings, less_between, savings_between, savings_of
from costctl.recommend.study import Study
from costctl.recommend.tried import unadvised
from costctl.recommend.weekly import over_both
from costctl.stats.week import Saving


def ranked(advice: Sequence[Recommendation]) -> tuple[Recommendation, ...]:
    """What is recommended by its cash, then its freed time, then its requests, the surest first; then candidates, by
    the most that they might save; then what was withheld, as it came.
    """
    made, candidates, withheld = (
        [item for item in advice if item.status == status]
        for status in ("recommended", "candidate", "withheld")
    )
    return (*sorted(made, key=_rank), *sorted(candidates, key=_potential), *withheld)


def _rank(item: Recommendation) -> tuple[float, float, float, str]:
    told = (item.cash_usd_per_week, item.freed_usd_per_week, item.goodput_requests_per_week)
    cash, freed, goodput = (0.0 if each is None else -each.low for each in told)
    return cash, freed, goodput, item.id


def _potential(item: Recommendation) -> tuple[float, str]:
    cash = item.cash_usd_per_week
    return 0.0 if cash is None else -cash.mid, item.id


def kept_together(study: Study, made: Sequence[Recommendation]) -> list[Recommendation]:
    """The recommendations in their order. Withheld are those that, beside the ones before them, would miss an
    objective, or lose what they are made for: another answer to the same question. What is made to keep an objective
    does neither.
    """
    settings: tuple[Setting, ...] = ()
    before, found, beside = study.whole.today, [], ""
    for item in made:
        alone = settings_in(item.change, item.id)
        trial = study.trial(study.whole, (*settings, *alone))
        reason = None
        if settings and not _keeps_a_promise(item):
            added = savings_between(study, study.whole, before, trial)
            if _is_lost(_made_for(item, added)):
                reason = _why_lost(item, beside)
            elif _breaks(study, settings, alone):
                reason = f"It would miss an objective beside {beside}; on its own it would not."
        if reason is None:
            settings, before = (*settings, *alone), trial
            beside = f"{beside}, {item.id}" if beside else item.id
            found.append(item)
        else:
            subject = Subject(item.kind, item.request_class, item.pool)
            refused = withheld(subject, reason, item.evidence)
            known = {"capacity": item.capacity, "tried": unadvised(item.tried), "reuse": item.reuse}
            found.append(replace(refused, id=item.id, **known))
    return found


def _made_for(item: Recommendation, added: Savings) -> Saving | None:
    """Of what the step adds to those before it, what it is made for: requests where it tells any, else money; of what
    is paid for to free time, both together.
    """
    if item.goodput_requests_per_week is not None:
        return added.goodput
    if _costs(item):
        return added.both
    return added.freed if added.cash is None else added.cash


def _is_lost(added: Saving | None) -> bool:
    """Whether it is less than nothing for certain."""
    return added is not None and added.of_window.high < 0


def _why_lost(item: Recommendation, beside: str) -> str:
    if item.cash_usd is not None and not _costs(item):
        return f"It is another way to what {beside} does, and saves less."
    return f"It would not save beside {beside}; on its own it would."


def _costs(item: Recommendation) -> bool:
    """Whether the bill grows."""
    return item.cash_usd is not None and item.cash_usd.high < 0


def _keeps_a_promise(item: Recommendation) -> bool:
    """Whether it is paid for and frees nothing: replicas that an objective needs."""
    return _costs(item) and item.freed_usd is None


def _breaks(study: Study, others: Candidate, alone: Candidate) -> bool:
    """Whether both together miss an objective that each keeps. What rejects calls keeps none by itself."""
    if _keeps(study, (*others, *alone)):
        return False
    return _keeps(study, others) and _keeps(study, alone)


def _keeps(study: Study, settings: Candidate) -> bool:
    classes = study.served_classes()
    parts = (study.first, study.second)
    return all(meets_objectives(part, study.trial(part, settings), classes) for part in parts)


def joint_savings(study: Study, made: Sequence[Recommendation]) -> Joint | None:
    """The savings of recommendations for pools, in their order; None without any. Each step is told by what it adds to
    those before it, so that the steps add up: time that is freed on replicas that an earlier step lets go went with
    them, on those that it leaves it is freed.
    """
    if not made:
        return None
    settings: tuple[Setting, ...] = ()
    before, steps = study.whole.today, []
    for item in made:
        settings = (*settings, *settings_in(item.change, item.id))
        trial = study.trial(study.whole, settings)
        steps.append(less_between(before, trial))
        before = trial
    return Joint(
        **_told(study, reduce(add, steps)),
        order=tuple(
            Increment(id=item.id, **_told(study, step)) for item, step in zip(made, steps, strict=True)
        ),
    )


def _told(study: Study, less: Less) -> dict[str, Any]:
    saved = savings_of(study, study.whole, less)
    return over_both(cash_usd=saved.cash, freed_usd=saved.freed, goodput_requests=saved.goodput)
