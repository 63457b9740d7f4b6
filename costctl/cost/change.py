"""What of a change in cost is more requests, and what is dearer ones?

In: what was charged before and after, and by how much both would differ by chance. Out: ``Change``.

    change = n₁u₁ − n₀u₀ = volume + unit cost        n: requests, u: cost of one; 0: before, 1: after

as ``product_effects`` splits it; ``difference`` splits the unit cost further. Of a total of classes, the unit cost
effects of the classes are its own, and what is then left is that of the mix.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from costctl.cost.product_effects import effects_of_count
from costctl.documents.cuts import CutRowKind
from costctl.documents.spending import LEAST_RATIO, STANDARD_ERRORS, Change, Effect, Spent
from costctl.frames.spending import Amount


def spent(amount: Amount) -> Spent:
    """The amount as the document has it: nothing was spent where there was no request."""
    usd = 0.0 if amount.usd is None and not amount.requests else amount.usd
    per_request = None if usd is None or not amount.requests else usd / amount.requests
    return Spent(amount.requests, usd, per_request, amount.unpriced_charges)


def change_of_part(
    of: str,
    kind: CutRowKind,
    value: str | None,
    sides: tuple[Spent, Spent],
    noise_usd: float,
    least_usd: float,
) -> Change | None:
    """The change of one row of a cut; None where one side has no amount. least_usd: that is large enough to name."""
    before, after = sides
    if before.usd is None or after.usd is None:
        return None
    change = after.usd - before.usd
    volume = _volume_usd(before, after)
    return Change(
        of=of,
        kind=kind,
        value=value,
        before=before,
        after=after,
        change_usd=change,
        change_ratio=_ratio(change, before.usd),
        requests_ratio=_ratio(after.requests - before.requests, before.requests),
        unit_cost_ratio=_unit_cost_ratio(before, after),
        volume_usd=volume,
        unit_cost_usd=change - volume,
        mix_usd=None,
        mainly=_mainly(change, {"volume": volume, "unit_cost": change - volume}),
        noise_usd=noise_usd,
        is_listed=_is_listed(change, before.usd, noise_usd, least_usd),
    )


def change_of_total(
    sides: tuple[Spent, Spent], classes: Sequence[Change], noise_usd: float, least_usd: float
) -> Change:
    """The change of all together. classes: the changes of what it is made of."""
    before, after = sides
    before_usd, after_usd = before.usd or 0.0, after.usd or 0.0
    change, volume = after_usd - before_usd, _volume_usd(before, after)
    unit_cost = sum(each.unit_cost_usd for each in classes)
    mix = change - volume - unit_cost
    return Change(
        of="total",
        kind="value",
        value=None,
        before=before,
        after=after,
        change_usd=change,
        change_ratio=_ratio(change, before_usd),
        requests_ratio=_ratio(after.requests - before.requests, before.requests),
        unit_cost_ratio=_unit_cost_ratio(before, after),
        volume_usd=volume,
        unit_cost_usd=unit_cost,
        mix_usd=mix,
        mainly=_mainly(change, {"volume": volume, "unit_cost": unit_cost, "mix": mix}),
        noise_usd=noise_usd,
        is_listed=_is_listed(change, before_usd, noise_usd, least_usd),
    )


def _volume_usd(before: Spent, after: Spent) -> float:
    """More requests at the mean of both unit costs; all of the change where one side has none."""
    counts, amounts = (
        (np.array([float(first)]), np.array([float(second)]))
        for first, second in (
            (before.requests, after.requests),
            (before.usd or 0.0, after.usd or 0.0),
        )
    )
    return float(effects_of_count(counts, amounts)[0][0])


def _unit_cost_ratio(before: Spent, after: Spent) -> float | None:
    if before.usd_per_request is None or after.usd_per_request is None:
        return None
    return _ratio(after.usd_per_request - before.usd_per_request, before.usd_per_request)


def _ratio(change: float, before: float) -> float | None:
    return change / before if before else None


def _mainly(change_usd: float, effects: dict[Effect, float]) -> Effect:
    """The effect that did most in the direction of the change."""
    sign = -1.0 if change_usd < 0 else 1.0
    return max(effects, key=lambda name: sign * effects[name])


def _is_listed(change_usd: float, before_usd: float, noise_usd: float, least_usd: float) -> bool:
    size = abs(change_usd)
    return size > STANDARD_ERRORS * noise_usd and size >= LEAST_RATIO * before_usd and size >= least_usd > 0
