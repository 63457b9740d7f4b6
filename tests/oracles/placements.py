"""The cheapest placement of classes on pools by trying every one: the slow twin of the mixed-integer program."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

from costctl.recommend.placement_program import Option
from costctl.recommend.savings import MOST_UTILISATION


def placement_usd(
    options: Sequence[Option], chosen: Sequence[int], loads: Sequence[float], usd_per_s: Sequence[float]
) -> float:
    """What the whole replicas of a placement cost, and a thousandth of the busy part of them."""
    busy = [0.0] * len(usd_per_s)
    for place in chosen:
        busy[options[place].pool] += loads[place]
    whole = [math.ceil(each / MOST_UTILISATION - 1e-9) for each in busy]
    return sum(usd * (count + 1e-3 * each) for usd, count, each in zip(usd_per_s, whole, busy, strict=True))


def cheapest_usd(options: Sequence[Option], loads: Sequence[float], usd_per_s: Sequence[float]) -> float:
    """The least cost over every way to give each class one of its options."""
    of_class: dict[int, list[int]] = {}
    for place, option in enumerate(options):
        of_class.setdefault(option.request_class, []).append(place)
    return min(
        placement_usd(options, chosen, loads, usd_per_s) for chosen in itertools.product(*of_class.values())
    )
