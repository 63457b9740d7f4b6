"""What changed between two sides, and why? The document of ``costctl diff``.

In: two ``ComparedTime``. Out: ``Difference``. ``difference_lines`` splits the change, ``difference_noise`` says what is
more than chance, ``difference_causes`` names what is large enough.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from msgspec.structs import replace

from costctl.cost.difference_causes import causes_of
from costctl.cost.difference_cuts import CUTS, CutOfLines, cuts_of_lines, with_named_tenants
from costctl.cost.difference_days import day_jumps
from costctl.cost.difference_lines import Lines, Sums, lines_of
from costctl.cost.difference_metrics import metric_changes
from costctl.cost.difference_noise import FEWEST_BLOCKS, Judged, judged
from costctl.cost.difference_prompts import new_prompts
from costctl.cost.difference_saved import halves_usd, interval, is_clear, noise_usd
from costctl.documents.difference import (
    EFFECTS,
    SCHEMA_VERSION,
    ComparedSide,
    Difference,
    DifferenceRow,
    EffectShare,
)
from costctl.documents.estimate import Estimate
from costctl.documents.metric import Subject
from costctl.errors import NotEnoughDataError
from costctl.frames.cells import CellSums
from costctl.frames.compared import ComparedTime
from costctl.units import S_PER_HOUR, iso_utc

METHODS: Final = {
    "effects": "volume and unit cost, then the Shapley value of each factor of the unit cost",
    "noise": "jackknife over blocks of time",
    "metrics": "bootstrap over blocks of time",
}


def difference_of(base: ComparedTime, new: ComparedTime, seed: int) -> Difference:
    """The document. Raises NotEnoughDataError where a side has no request.

    Where nothing on either side has a price, nothing is said in USD: the metrics then tell requests and tokens too.
    """
    sides = _alike(base, new)
    _require_requests(base, new, sides)
    is_priced = any((each.charges["priced_quantity"] > 0).any() for each in sides)
    cells = with_named_tenants(sides)
    lines = lines_of(*cells)
    cuts = cuts_of_lines(lines)
    is_paired = cells[0].is_paired(cells[1])
    verdict = judged(lines, {name: cut.grouping for name, cut in cuts.items()}, is_paired=is_paired)
    total = verdict["total"]
    before, after = lines.totals()
    prompts = new_prompts(base, new)
    change = float(total.usd[0, 0]) if is_priced else None
    base_usd = float(before.usd.sum())
    is_saved = base.document is not None or new.document is not None
    halves = halves_usd(base, new) if is_saved else {}
    half = halves.get(())
    certainty = _certainty(total, change, half, is_saved=is_saved)
    return Difference(
        schema_version=SCHEMA_VERSION,
        provenance=new.provenance,
        base_provenance=base.provenance,
        base=_side(base, before, int(lines.unpriced[0].sum())),
        new=_side(new, after, int(lines.unpriced[1].sum())),
        change_usd=change,
        change_interval=certainty[0],
        change_noise_usd=certainty[1],
        is_clear=certainty[2],
        change_ratio=change / base_usd if change is not None and base_usd else None,
        is_lower_bound=bool(lines.unpriced[0].sum() + lines.unpriced[1].sum()),
        is_same_time_of_day=base.cells.is_same_time_of_day(new.cells),
        effects=_effects(total, 0, is_whole=True) if is_priced else (),
        rows=tuple(
            _with_saved_noise(row, halves) if is_saved else row
            for name in CUTS
            if is_priced
            for row in _rows(name, cuts[name], verdict[name], lines)
        ),
        causes=causes_of(lines, cuts, verdict, (base, new), prompts) if is_priced else (),
        metrics=metric_changes(base, new, seed, is_priced=is_priced),
        prompts=prompts,
        days=day_jumps(new) if is_priced else (),
        not_observed=_not_observed(
            base,
            new,
            lines,
            cells[0].is_same_time_of_day(cells[1]),
            has_interval=half is not None,
            is_priced=is_priced,
        ),
    )


def _alike(base: ComparedTime, new: ComparedTime) -> tuple[CellSums, CellSums]:
    """What both sides tell: where one is a document, the other as a document would have it."""
    if base.cells.calls_are_known and new.cells.calls_are_known:
        return base.cells, new.cells
    return base.cells.coarse(), new.cells.coarse()


def _require_requests(base: ComparedTime, new: ComparedTime, sides: tuple[CellSums, CellSums]) -> None:
    for side, cells in zip((base, new), sides, strict=True):
        if not cells.requests["requests"].sum():
            raise NotEnoughDataError(
                f"There are no requests in {side.name}.",
                why="No request started within that time.",
                next_step="`costctl store info` shows from when to when the store reaches.",
            )


def _certainty(
    total: Judged, change: float | None, half: float | None, *, is_saved: bool
) -> tuple[Estimate | None, float | None, bool | None]:
    """Interval and noise of the change, and whether it is more. half: of the interval, as a saved side tells."""
    if change is None:
        return None, None, None
    if is_saved:
        return interval(change, half), noise_usd(half), is_clear(change, half)
    return total.interval(0, 0), total.noise_usd(0, 0), total.is_clear(0, 0)


def _side(side: ComparedTime, sums: Sums, unpriced: int) -> ComparedSide:
    requests, usd = int(sums.requests.sum()), float(sums.usd.sum())
    is_priced = bool((side.cells.charges["priced_quantity"] > 0).any())
    return ComparedSide(
        kind=side.kind,
        name=side.name,
        from_=iso_utc(side.cells.from_ns),
        to=iso_utc(side.cells.to_ns),
        seconds=side.cells.seconds,
        requests=requests,
        usd=usd if is_priced else None,
        usd_per_request=usd / requests if is_priced else None,
        unpriced_charges=unpriced,
    )


def _effects(verdict: Judged, group: int, *, is_whole: bool = False) -> tuple[EffectShare, ...]:
    """The effects of a group; those that are nothing only of the whole."""
    return tuple(
        EffectShare(
            effect=effect,
            usd=float(verdict.usd[place, group]),
            interval=verdict.interval(place, group),
            noise_usd=verdict.noise_usd(place, group),
            is_clear=verdict.is_clear(place, group),
        )
        for place, effect in enumerate(EFFECTS, 1)
        if is_whole or verdict.usd[place, group]
    )


def _rows(name: str, cut: CutOfLines, verdict: Judged, lines: Lines) -> list[DifferenceRow]:
    """Those that changed most first."""
    before, after = lines.totals()
    count = len(cut.rows)
    usd = [np.bincount(cut.number, side.usd, count) for side in (before, after)]
    unpriced = np.bincount(cut.number, lines.unpriced[0] + lines.unpriced[1], count)
    found = [
        DifferenceRow(
            of=name,
            kind=kind,
            value=value,
            before_usd=float(usd[0][group]),
            after_usd=float(usd[1][group]),
            change_usd=float(verdict.usd[0, group]),
            noise_usd=verdict.noise_usd(0, group),
            is_clear=verdict.is_clear(0, group),
            unpriced_charges=int(unpriced[group]),
            effects=_effects(verdict, group),
        )
        for group, (kind, value) in enumerate(cut.rows)
    ]
    return sorted(found, key=lambda row: (-abs(row.change_usd), row.value or ""))


def _with_saved_noise(row: DifferenceRow, halves: dict[Subject, float]) -> DifferenceRow:
    """A row of a class with what the saved side tells of it."""
    half = (
        halves.get((("request_class", row.value),)) if row.of == "class" and row.value is not None else None
    )
    return replace(row, noise_usd=noise_usd(half), is_clear=is_clear(row.change_usd, half))


def _not_observed(
    base: ComparedTime,
    new: ComparedTime,
    lines: Lines,
    is_same_time_of_day: bool,
    *,
    has_interval: bool,
    is_priced: bool,
) -> tuple[str, ...]:
    """What the sides do not tell, in sentences."""
    found = []
    unpriced = int(lines.unpriced[0].sum() + lines.unpriced[1].sum())
    if not is_priced:
        found.append("Nothing on either side has a price: `costctl doctor` says which prices are missing.")
    elif unpriced:
        found.append(f"{unpriced:,} charges have no amount: the change is that of what has one.")
    saved = [side.name for side in (base, new) if side.document is not None]
    if saved:
        found.append(
            f"{' and '.join(saved)}: a saved document tells no calls, tenants, stages and single requests. So there is "
            "no effect of retries, steps and models, no interval of an effect, and no example; tokens are those of a "
            "request."
        )
        if is_priced and not has_interval:
            found.append(
                "The change has no interval: the saved document does not say how far its sums are off by chance. One "
                "that `costctl baseline save` writes does."
            )
    elif min(lines.blocks) < FEWEST_BLOCKS:
        found.append(
            "The sides are too short to tell change from noise: every effect is shown, also what chance made."
            if is_priced
            else "The sides are too short to tell change from noise."
        )
    if not saved and not is_same_time_of_day and min(base.cells.seconds, new.cells.seconds) >= S_PER_HOUR:
        found.append(
            "The sides do not cover the same hours of the day: the daily rhythm of the traffic is a part of the change."
        )
    return tuple(found)
