"""What does all that is recommended save together? Applied one after the other on one replay of the whole window.

In: the study, the recommendations as they are written down. Out: ``Joint``. Two changes may save the same second; each
is counted for what it adds to those before it.
"""

from __future__ import annotations

from collections.abc import Sequence

from costctl.documents.recommendations import Increment, Joint, Recommendation
from costctl.levers.settings import Setting, settings_in
from costctl.recommend.savings import savings_between
from costctl.recommend.study import Study


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
    return 0.0 if cash is None else -cash.high, item.id


def joint_savings(study: Study, made: Sequence[Recommendation]) -> Joint | None:
    """The savings of recommendations for pools, in their order; None without any."""
    if not made:
        return None
    settings: tuple[Setting, ...] = ()
    before, order = study.whole.today, []
    for item in made:
        settings = (*settings, *settings_in(item.change, item.id))
        trial = study.trial(study.whole, settings)
        added = savings_between(study, study.whole, before, trial)
        order.append(
            Increment(
                id=item.id,
                cash_usd=None,
                cash_usd_per_week=added.cash,
                freed_usd=None,
                freed_usd_per_week=added.freed,
                goodput_requests_per_week=added.goodput,
            )
        )
        before = trial
    together = savings_between(study, study.whole, study.whole.today, before)
    return Joint(
        cash_usd=None,
        cash_usd_per_week=together.cash,
        freed_usd=None,
        freed_usd_per_week=together.freed,
        goodput_requests_per_week=together.goodput,
        order=tuple(order),
    )
