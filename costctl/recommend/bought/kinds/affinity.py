"""What does it cost that calls which begin alike go to different deployments, regions or keys?

Each keeps its own prompt cache. The cache is played with and without the deployments; the difference is what sticking
to one would save. Where calls do not say where they went, nothing is said.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import polars as pl

from costctl.levers.settings import setting
from costctl.recommend.bought.proposals import BillKind, BillProposal
from costctl.recommend.bought.study import BoughtStudy
from costctl.recommend.proposals import Subject, Withheld

_NAME: Final = "affinity"


def propose(study: BoughtStudy) -> Iterator[BillProposal | Withheld]:
    """One proposal for each class that reads from caches of more than one deployment."""
    for name in study.calls.classes:
        own = study.calls.frame.filter(pl.col("request_class") == name)
        places = own.group_by("provider", "model").agg(
            pl.col("replica").drop_nulls().n_unique().alias("places")
        )
        if (places["places"] > 1).any() and own["cached_input"].sum() > 0:
            yield BillProposal(
                subject=Subject(_NAME, name),
                candidates=((setting("class", "affinity", name, "prefix"),),),
                reason="Calls that begin alike go to several deployments, each with a prompt cache of its own.",
                if_none="Sending calls to where their prefix is would save nothing.",
                assumptions=("Each deployment has room for the calls that then go to it.",),
                reversal="Assign calls as today.",
            )


KIND: Final = BillKind(_NAME, propose)
