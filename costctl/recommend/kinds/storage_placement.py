"""Should what a class reads again be kept in the tier where its reads cost least?

A hot tier holds what the class read last, up to a size that the class pays for; reads of what is there are priced and
timed there. Proposes sizes, from the stack distances of the objects that its reads name. No replica time changes: the
saving is cash, and what waits are saved stands beside it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from costctl.documents.recommendations import Evidence
from costctl.levers.settings import setting
from costctl.recommend.proposals import Kind, Proposal, Subject, Withheld
from costctl.recommend.reuse_told import reuse_told
from costctl.recommend.sizes import sizes_gb, told_gb
from costctl.recommend.study import Study
from costctl.reuse.curve import curve_of_distances
from costctl.reuse.distances import NEVER
from costctl.scenario.reads import Reads
from costctl.units import BYTES_PER_GB

_NAME: Final = "storage_placement"
_LEAST_AGAIN: Final = 0.01  # of the reads of the class
_KEY: Final = "costctl.content.key"


def propose(study: Study) -> Iterator[Proposal | Withheld]:
    """One proposal for each class that reads again from a tier that is not the hot one; else what is missing."""
    nobody = Subject(_NAME)
    if len(study.settings.storage) < 2:
        yield Withheld(
            nobody,
            "Fewer than two tiers of storage are configured: name them under [storage.NAME].",
            how="not_applicable",
        )
    elif not study.keyed_reads:
        yield Withheld(
            nobody,
            f"What reads of storage fetch is not observed: set {_KEY}, a hash of the object's name, on their spans.",
            how="needs_input",
            missing=(_KEY,),
        )
    elif (missing := _without_price(study)) is not None:
        yield Withheld(
            nobody,
            f"What a gigabyte costs to keep is not known: set {missing}.",
            how="needs_input",
            missing=(missing,),
        )
    elif study.reads is None:
        yield Withheld(nobody, "Every read that names its object, and its bytes, is of the hot tier already.")
    else:
        for number in np.unique(study.reads.request_class).tolist():
            yield _for_class(study, number, study.reads)


def _without_price(study: Study) -> str | None:
    """The line that is missing where fewer than one tier prices its place: of the first tier."""
    if any(each.usd_per_gb_month is not None for each in study.settings.storage.values()):
        return None
    return f"storage.{next(iter(study.settings.storage))}.usd_per_gb_month"


def _for_class(study: Study, number: int, reads: Reads) -> Proposal | Withheld:
    name = study.classes[number]
    subject = Subject(_NAME, name)
    own = reads.request_class == number
    again = own & (reads.distance != NEVER)
    if again.sum() < _LEAST_AGAIN * own.sum():
        return Withheld(
            subject, f"{again.sum() / own.sum():.1%} of its reads fetch what it read before: too few to keep."
        )
    sizes = sizes_gb(float(reads.distance[again].max()))
    today = study.today.classes.get(name)
    curve = reuse_told(
        curve_of_distances(reads.distance[own]),
        "objects",
        "bytes",
        0.0 if today is None else today.hot_reads_gb * BYTES_PER_GB,
    )
    return Proposal(
        subject=subject,
        candidates=tuple((setting("class", "hot_reads.size", name, float(gb)),) for gb in sizes),
        goal="value",
        classes=(),
        pools=(),
        reason=f"{again.sum() / own.sum():.1%} of its reads fetch again what it read before, where a read costs more "
        f"than in {reads.hot}.",
        if_none=f"Reads in {reads.hot} save less than the place there costs.",
        assumptions=(
            f"What was read last stays in {reads.hot}, the least recently used out first; the place is paid by {name}.",
            "What is read does not change while it is kept.",
        ),
        reversal=f"Stop copying to {reads.hot}; every read then goes where it goes today.",
        evidence=(*_curve(reads, number, sizes.tolist()), _waits(reads, again)),
        reuse=curve,
    )


def _curve(reads: Reads, number: int, sizes: list[float]) -> Iterator[Evidence]:
    own = int((reads.request_class == number).sum())
    for gb in sizes:
        found = reads.found(number, gb)
        usd = float((reads.usd - reads.hot_usd)[found].sum())
        yield Evidence(
            id=f"hits_{gb:.3g}_gb",
            kind="measured",
            statement=f"{told_gb(gb)} would have had {found.sum() / own:.1%} of its reads, which cost "
            f"{usd:.3g} USD more where they went.",
            samples=own,
            value=None,
        )


def _waits(reads: Reads, again: np.ndarray) -> Evidence:
    timed = again & np.isfinite(reads.read_s)
    median_s = float(np.median(reads.read_s[timed])) if timed.any() else float("nan")
    hot = "not declared (p50_read_s)" if np.isnan(reads.hot_s) else f"{reads.hot_s * 1e3:.3g} ms"
    there = "not observed" if np.isnan(median_s) else f"{median_s * 1e3:.3g} ms"
    return Evidence(
        id="waits",
        kind="measured",
        statement=f"A read that repeats takes {there} at the median; in {reads.hot}: {hot}.",
        samples=int(timed.sum()),
        value=None,
    )


KIND: Final = Kind(_NAME, propose, "stack distances of what is read; prices of each tier")
