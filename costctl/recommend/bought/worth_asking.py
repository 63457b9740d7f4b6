"""Is it worth a line on the screen to ask for something, where nobody knows what it would save?

In: what is withheld for want of input, and the calls that it is about. Out: the same, asked for only where it may
matter. No more can be saved than is paid: where these calls cost less a week, at the rate of the window, than the
amounts below, nothing is asked for, and the reason says from which amount on it is. A call without an amount may cost
anything: where there is one, it is asked for.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from costctl.arrays import Bools
from costctl.recommend.bought.study import BoughtStudy
from costctl.recommend.proposals import Withheld

LEAST_OF_A_CLASS: Final = 1.0  # USD a week that its calls cost: chosen, so that a line is worth its reading
LEAST_OF_AN_OFFER: Final = 100.0  # USD a week that all calls cost; 0.60 an hour, and no replica costs less


def asked_for(
    study: BoughtStudy, withheld: Withheld, least_usd_per_week: float, part: Bools | None = None
) -> Withheld:
    """What is withheld for want of input, as it is, or as not applicable. part: of the calls, those it is about; all
    where it is None.
    """
    about = np.ones(study.calls.size, np.bool_) if part is None else part
    is_unpriced = study.calls.frame["unpriced_charges"].fill_null(0).to_numpy() > 0
    usd = study.a_week(study.today.usd, about)
    if usd >= least_usd_per_week or (is_unpriced & about).any():
        return withheld
    return replace(
        withheld,
        reason=f"{withheld.reason} What it is about costs {usd:.2f} USD a week at this rate; from "
        f"{least_usd_per_week:g} USD on that is asked for.",
        how="not_applicable",
        missing=(),
    )
