"""Which classes ask their pools again what was answered before, and how large a cache is worth its place?

What a cache answers takes no replica time: hits are taken out of the replay of the same calls. A cache costs what the
configured storage that keeps a gigabyte for least takes for it, and for each read. Sizes are tried from the distances
between repeats; the best is the last whose further hits are worth its further gigabytes.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from costctl.arrays import Floats
from costctl.documents.recommendations import Evidence
from costctl.levers.settings import setting
from costctl.recommend.proposals import Kind, Proposal, Subject, Withheld
from costctl.recommend.reuse_told import reuse_told
from costctl.recommend.sizes import sizes_gb, told_gb
from costctl.recommend.study import Study
from costctl.reuse.curve import curve_of_distances
from costctl.reuse.distances import NEVER
from costctl.scenario.caches import cheapest_to_keep
from costctl.service_model.repeats import Repeats
from costctl.units import BYTES_PER_GB

_NAME: Final = "cache"
_LEAST_REPEATS: Final = 0.01  # of the calls of the class
_MESSAGES: Final = "gen_ai.input.messages"
_PRICE: Final = "storage.NAME.usd_per_gb_month"


def propose(study: Study) -> Iterator[Proposal | Withheld]:
    """One proposal for each class that repeats itself; one line where prompts or the price of a place are not known."""
    repeats = study.whole.period.repeats
    everyone = Subject(_NAME)
    if repeats is None or not repeats.is_known.any():
        yield Withheld(
            everyone,
            f"Which calls of pools ask the same is not observed: export {_MESSAGES}, of which only hashes are kept.",
            how="needs_input",
            missing=(_MESSAGES,),
        )
        return
    tier = cheapest_to_keep(study.settings.storage)
    for number in study.served_classes():
        yield _for_class(study, number, repeats, tier)


def _for_class(study: Study, number: int, repeats: Repeats, tier: str | None) -> Proposal | Withheld:
    name = study.classes[number]
    subject = Subject(_NAME, name)
    period = study.whole.period
    own = period.workload.lane == number
    told = repeats.at(own)
    if not told.is_known.any():
        return Withheld(
            subject,
            f"What its calls ask is not observed: export {_MESSAGES}.",
            how="needs_input",
            missing=(_MESSAGES,),
        )
    again = float(told.is_again.mean())
    if again < _LEAST_REPEATS:
        return Withheld(
            subject,
            f"{again:.1%} of its calls ask, word for word, what was answered before: too few to keep answers.",
        )
    sizes = sizes_gb(float(told.distance[told.is_again].max()))
    evidence = tuple(_curve(told, sizes))
    today = study.today.classes.get(name)
    curve = reuse_told(
        curve_of_distances(np.where(told.is_again, told.distance, NEVER)),
        "answers",
        "bytes",
        0.0 if today is None else today.cache_gb * BYTES_PER_GB,
    )
    if tier is None:
        return Withheld(
            subject,
            f"{again:.1%} of its calls ask what was answered before; what a place for answers costs is not known: set "
            f"{_PRICE}.",
            evidence=evidence,
            how="needs_input",
            missing=(_PRICE,),
            reuse=curve,
        )
    return Proposal(
        subject=subject,
        candidates=tuple((setting("class", "cache.size", name, float(gb)),) for gb in sizes),
        goal="value",
        classes=(number,),
        pools=tuple(np.unique(period.pool[own]).tolist()),
        reason=f"{again:.1%} of its calls ask, word for word, what was answered before, and take replica time again.",
        if_none="No size of a cache frees time that is worth more than its place.",
        assumptions=(
            "An answer to the same prompt, with the same model and parameters, may be given again to the same tenant.",
            "An answer takes four bytes a token, an embedding 16 KiB.",
            f"Answers are kept in {tier}, whose place and reads are paid.",
        ),
        reversal="Switch the cache off; every call is then served by its pool.",
        evidence=evidence,
        reuse=curve,
    )


def _curve(told: Repeats, sizes: Floats) -> Iterator[Evidence]:
    """What part of the calls each size would answer."""
    for gb in sizes:
        hits = told.answered(gb * BYTES_PER_GB)
        yield Evidence(
            id=f"hits_{gb:.3g}_gb",
            kind="measured",
            statement=f"A cache of {told_gb(gb)} would have answered {hits.mean():.1%} of its calls.",
            samples=int(told.is_known.sum()),
            value=None,
        )


KIND: Final = Kind(_NAME, propose, "stack distances of repeats; replay without the calls that are answered")
