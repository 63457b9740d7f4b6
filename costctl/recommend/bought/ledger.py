"""What does all that is recommended for bought tokens save together? Applied one after the other on one bill.

In: the study, the recommendations as they are written down. Out: the increments. Two changes may save the same token;
each is counted for what it adds to those before it, so that the increments sum to the joint saving.
"""

from __future__ import annotations

from collections.abc import Sequence

from costctl.documents.estimate import Estimate
from costctl.documents.recommendations import Increment, Joint, Recommendation
from costctl.levers.settings import Setting, settings_in
from costctl.recommend.bought.study import BoughtStudy


def joint_cash(study: BoughtStudy, made: Sequence[Recommendation]) -> Joint | None:
    """The savings of recommendations for bought tokens, in their order; None without any."""
    if not made:
        return None
    everything = study.in_first | ~study.in_first
    settings: tuple[Setting, ...] = ()
    before, order = study.today, []
    for item in made:
        settings = (*settings, *settings_in(item.change, item.id))
        after = study.bill(settings)
        order.append(
            Increment(
                id=item.id,
                cash_usd=None,
                cash_usd_per_week=study.saved_per_week(before, after, everything, 1.0),
                freed_usd=None,
                freed_usd_per_week=None,
            )
        )
        before = after
    cash = study.saved_per_week(study.today, before, everything, 1.0)
    return Joint(
        cash_usd=None, cash_usd_per_week=cash, freed_usd=None, freed_usd_per_week=None, order=tuple(order)
    )


def together(replayed: Joint | None, billed: Joint | None) -> Joint | None:
    """Both ledgers as one: what pools cost and what tokens cost are different lines of the bill."""
    if replayed is None or billed is None:
        return replayed or billed
    return Joint(
        cash_usd=None,
        cash_usd_per_week=_sum(replayed.cash_usd_per_week, billed.cash_usd_per_week),
        freed_usd=None,
        freed_usd_per_week=replayed.freed_usd_per_week,
        order=(*replayed.order, *billed.order),
    )


def _sum(one: Estimate | None, other: Estimate | None) -> Estimate | None:
    """The sum, as wide as both together."""
    if one is None or other is None:
        return one or other
    return Estimate(
        low=one.low + other.low,
        mid=one.mid + other.mid,
        high=one.high + other.high,
        level=other.level if one.level is None else one.level,
        method=f"{one.method}; {other.method}",
    )
