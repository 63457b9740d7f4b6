"""Which classes can wait, and be bought for less? The batch and flex tiers of their providers.

Prices are exact; what is given up is time: a batch is answered within a day, flex as capacity allows. Only classes that
are declared ``deferrable`` are advised; of the others the saving is shown with the line to add.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import polars as pl

from costctl.levers.settings import setting
from costctl.recommend.bought.proposals import BillKind, BillProposal
from costctl.recommend.bought.study import BoughtStudy
from costctl.recommend.proposals import Subject, Withheld

_NAME: Final = "service_tier"
_CHEAPER: Final = ("batch", "flex")
_ANSWERS: Final = "A batch is answered within 24 hours; most are answered sooner, none is promised to be."


def propose(study: BoughtStudy) -> Iterator[BillProposal | Withheld]:
    """One proposal for each class that buys at the default tier."""
    for name in study.calls.classes:
        own = study.calls.frame.filter(pl.col("request_class") == name)
        if (own["service_tier"] == "default").any():
            yield _for_class(study, name)


def _for_class(study: BoughtStudy, name: str) -> BillProposal:
    is_declared = study.declared(name).deferrable
    return BillProposal(
        subject=Subject(_NAME, name),
        candidates=tuple((setting("class", "service_tier", name, tier),) for tier in _CHEAPER),
        reason="Its provider sells the same tokens for less to calls that can wait.",
        if_none=f"No model of {name} has a cheaper tier with a known price.",
        assumptions=(_ANSWERS, "What a batch reads from a prompt cache is as today."),
        reversal="Send the calls at the default tier again.",
        missing=() if is_declared else (f"classes.{name}.deferrable = true",),
    )


KIND: Final = BillKind(_NAME, propose)
