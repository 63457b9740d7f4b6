"""What does all that is recommended for bought tokens save together? Applied one after the other on one bill.

In: the study, the recommendations as they are written down. Out: the increments. Two changes may save the same token;
each is counted for what it adds to those before it, so that the increments sum to the joint saving.
"""

from __future__ import annotations

from collections.abc import Sequence

from costctl.documents.estimate import Estimate
from costctl.documents.recommendations import Increment, Recommendation
from costctl.levers.settings import Setting, settings_in
from costctl.recommend.bought.study import BoughtStudy


def joint_cash(
    study: BoughtStudy, advice: Sequence[Recommendation]
) -> tuple[Estimate | None, tuple[Increment, ...]]:
    """USD a week of all that is recommended, and what each adds, in the order of ``advice``."""
    everything = study.in_first | ~study.in_first
    settings: tuple[Setting, ...] = ()
    before, order = study.today, []
    for item in advice:
        settings = (*settings, *settings_in(item.change, item.id))
        after = study.bill(settings)
        order.append(
            Increment(
                id=item.id,
                cash_usd=None,
                cash_usd_per_week=study.saved_per_week(before.usd - after.usd, everything, 1.0),
                freed_usd=None,
                freed_usd_per_week=None,
            )
        )
        before = after
    return study.saved_per_week(study.today.usd - before.usd, everything, 1.0), tuple(order)
