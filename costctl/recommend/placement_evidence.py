"""What does a move of a placement rest on? That it recurs, how near the placement is to the cheapest, what made it so,
and where the class then reads from at which price.

In: the study, the program and its placement, the move. Out: ``Evidence``, and what is assumed of reads.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from costctl.arrays import Bools
from costctl.documents.recommendations import Evidence
from costctl.documents.setting_names import toml_key
from costctl.recommend.placement_copies import Copies
from costctl.recommend.placement_program import Placement, Problem, replica_worth
from costctl.recommend.placement_reads import ReadColumns
from costctl.recommend.study import Study
from costctl.scenario.interruptions import done_again_by_pool
from costctl.scenario.read_places import UNKNOWN
from costctl.units import BYTES_PER_GB

DRAWS: Final = 20
RECURRENCE: Final = 0.8
_PROVEN: Final = 1e-5  # of the cost: a smaller gap is what the solver leaves of a cheapest placement
_LEAST_WORTH: Final = 1e-6  # USD an hour: less is what is left of sums of floats
BETWEEN: Final = "network.usd_per_gb_between_regions"
Said = tuple[str, str]  # name of a piece of evidence, and its statement


@dataclass(frozen=True, slots=True)
class Gains:
    """What a placement changes of a class. place: in the program.  pools: that serve more of it.  tiers: that keep a
    copy of what it reads. All by number.
    """

    number: int
    place: int
    home: int
    pools: tuple[int, ...]
    tiers: tuple[int, ...]


def evidence_of(
    study: Study, problem: Problem, placement: Placement, gains: Gains, reads: ReadColumns | None
) -> tuple[Evidence, ...]:
    """All that a move rests on, of which the replay says nothing."""
    calls = study.first.period.request_class[study.first.period.request] == gains.number
    said = [
        (
            "recurrence",
            f"The cheapest placement moves it in ≥ {RECURRENCE:.0%} of {DRAWS} bootstrap samples.",
        ),
        _program(problem, placement),
        *_interruptions(study, gains, calls),
        *_shadow_prices(study, problem, placement, gains),
        *_reads(problem, study.pools, placement, gains, reads),
    ]
    return tuple(
        Evidence(id=name, kind="computed", statement=text, samples=int(calls.sum()), value=None)
        for name, text in said
    )


def _program(problem: Problem, placement: Placement) -> Said:
    classes, places, hours = problem.load.shape
    how_near = (
        "no placement costs less."
        if placement.gap < _PROVEN
        else f"the placement costs at most {placement.gap:.1%} more than the cheapest."
    )
    return "program", f"Of {classes} classes on {places} pools over {hours} h, {how_near}"


def _interruptions(study: Study, gains: Gains, calls: Bools) -> Iterator[Said]:
    period = study.first.period
    again = done_again_by_pool(study.first.today.outcome, period.pools, period.interruptions_per_s, calls)
    if again[gains.home] > 0:
        name = study.pools[gains.home]
        yield (
            "interruptions",
            f"Interruptions make it do {again[gains.home]:.1%} of its work on {name} again.",
        )


def _shadow_prices(study: Study, problem: Problem, placement: Placement, gains: Gains) -> Iterator[Said]:
    for pool in gains.pools:
        worth = replica_worth(problem, placement, pool).one_more
        if worth > _LEAST_WORTH:
            name = study.pools[pool]
            yield (
                "one_more",
                f"One more replica of {name} than its most_replicas would save {worth:.3g} USD an hour.",
            )


def _reads(
    problem: Problem, pools: Sequence[str], placement: Placement, gains: Gains, reads: ReadColumns | None
) -> Iterator[Said]:
    """From where it reads today, and on each pool that then serves it, and what that costs."""
    if reads is None:
        return
    if reads.far_tiers(gains.place, gains.home):
        yield "reads_today", f"Today it reads {_from_afar(reads, gains.place, gains.home, 1.0)}."
    copies = problem.of_copies
    for pool in np.flatnonzero(placement.shares[gains.place] > 0).tolist():
        share = float(placement.shares[gains.place, pool])
        used = placement.copied & (copies.request_class == gains.place) & copies.is_near[:, pool]
        if used.any():
            option = int(np.flatnonzero(used)[0])
            yield "reads", f"On {pools[pool]} it reads {_from_copy(copies, reads, option, share)}."
        elif reads.far_tiers(gains.place, pool):
            yield "reads", f"On {pools[pool]} it reads {_from_afar(reads, gains.place, pool, share)}."


def _from_afar(reads: ReadColumns, place: int, pool: int, share: float) -> str:
    far = reads.far_tiers(place, pool)
    gb = share * float(reads.size_per_hour[place, [*far]].sum()) / BYTES_PER_GB
    tiers = " and ".join(reads.placed.tiers.names[each] for each in far)
    usd = share * float(reads.egress_usd[place, pool])
    priced = not np.isnan(reads.placed.tiers.usd_per_byte_between)
    egress = f"{usd:.3g} USD an hour" if priced else f"not priced, for want of {BETWEEN}"
    return f"from {tiers}: egress {egress} ({gb:.3g} GB an hour)"


def _from_copy(copies: Copies, reads: ReadColumns, option: int, share: float) -> str:
    """A copy that others use too is told at its whole price."""
    place, needs = int(copies.request_class[option]), copies.needs[option]
    others = copies.request_class != place
    is_shared = bool(copies.needs[others][:, needs].any())
    at_most = "at most " if reads.is_at_most[place] or is_shared else ""
    return (
        f"from a copy in {reads.placed.tiers.names[int(copies.tier[option])]}: {at_most}"
        f"{float(copies.keep_usd[needs].sum()):.3g} USD an hour to fill and to keep it, "
        f"{share * float(copies.saved_usd[option]):.3g} USD less for what is read"
    )


def assumed_of_reads(
    placement: Placement, gains: Gains, reads: ReadColumns | None, pools: Sequence[str]
) -> Iterator[str]:
    """What is taken to be so of what the class reads, where that differs by pool."""
    if reads is None or not reads.size_per_hour[gains.place].any():
        return
    yield "What reads for it runs in the region of its pool, and goes where it goes."
    served = np.flatnonzero(placement.shares[gains.place] > 0).tolist()
    far = [pool for pool in served if reads.far_tiers(gains.place, pool)]
    if far and not gains.tiers:
        yield "Its requests take no longer though reads come from another region: how much longer is not known."
    unknown = [pools[pool] for pool in served if reads.placed.pool_region[pool] == UNKNOWN]
    if unknown:
        yield f"Reads from {' and '.join(unknown)} cross no region: pools.{toml_key(unknown[0])}.region is not set."
    if far and np.isnan(reads.placed.tiers.usd_per_byte_between):
        yield f"Bytes between regions cost nothing: {BETWEEN} is not set."
    if gains.tiers:
        yield (
            "A copy holds what was read in this time and is filled once in it, and what is read does not change while "
            "it is kept; where the same is read for longer, filling it costs less."
        )
