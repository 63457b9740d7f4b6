"""Which classes ask the same again, so that an earlier answer would do? An exact match of prompt, model and parameters.

Likeness in meaning is not claimed. What is given up is that an answer may be as old as its time to live: the longest
one that still pays is not always wanted, so each is shown with what it saves.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from costctl.documents.recommendations import Evidence
from costctl.levers.settings import setting
from costctl.rebill.repeats import repeats_within
from costctl.recommend.bought.proposals import BillKind, BillProposal
from costctl.recommend.bought.study import BoughtStudy
from costctl.recommend.proposals import Subject, Withheld
from costctl.units import S_PER_HOUR

_NAME: Final = "response_cache"
_TTL_S: Final = (0.25 * S_PER_HOUR, S_PER_HOUR, 24 * S_PER_HOUR)
_LEAST_REPEATS: Final = 0.01  # of the calls of the class


def propose(study: BoughtStudy) -> Iterator[BillProposal | Withheld]:
    """One proposal for each class of whose calls enough ask what was asked within a day before."""
    for name in study.calls.classes:
        _, own = study.bills.part(name)
        if repeats_within(own, np.full(own.size, _TTL_S[-1])).mean() >= _LEAST_REPEATS:
            yield _for_class(study, name)


def _for_class(study: BoughtStudy, name: str) -> BillProposal:
    return BillProposal(
        subject=Subject(_NAME, name),
        candidates=tuple((setting("class", "response_cache.ttl", name, ttl_s),) for ttl_s in _TTL_S),
        reason="It asks what was asked before, word for word, and pays for the answer again.",
        if_none=f"No time to live makes a cache of answers for {name} cheaper.",
        assumptions=(
            "An answer to the same prompt, with the same model and parameters, may be given again to the same tenant.",
            "The cache itself costs nothing beside the tokens.",
        ),
        reversal="Switch the cache off; every call then pays for its own answer.",
        evidence=tuple(_curve(study, name)),
    )


def _curve(study: BoughtStudy, name: str) -> Iterator[Evidence]:
    """What each time to live would answer."""
    rows, own = study.bills.part(name)
    for ttl_s in _TTL_S:
        found = repeats_within(own, np.full(own.size, ttl_s))
        usd = float(study.today.usd[rows[found]].sum())
        yield Evidence(
            id=f"ttl_{ttl_s / S_PER_HOUR:g}h",
            kind="measured",
            statement=f"Answers kept for {ttl_s / S_PER_HOUR:g} h would have served {found.mean():.1%} of its "
            f"calls, which cost {usd:.2f} USD.",
            samples=own.size,
            value=None,
        )


KIND: Final = BillKind(_NAME, propose)
