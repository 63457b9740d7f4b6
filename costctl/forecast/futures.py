"""How may all classes go on, together? Fits of each, and of their sum; drawn futures of each, in step.

In: USD of whole slots by class. Out: outlooks, and USD by class, path and slot. Where the sum grows, every class is
drawn with its own growth, though none of them may show it alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from costctl.arrays import Floats
from costctl.forecast.outlook import Outlook, claimed, level_of_claims, outlook_of
from costctl.forecast.paths import drawn, together


@dataclass(frozen=True, slots=True)
class Outlooks:
    """classes: of each.  total: of their sum.  growing: of which growth is claimed, the sum under None."""

    classes: dict[str, Outlook]
    total: Outlook | None
    growing: frozenset[str | None]

    @property
    def growth_level(self) -> float:
        """At which an interval of growth leaves out none where growth is claimed."""
        return level_of_claims(len(self.classes) + (len(self.classes) > 1))


def outlooks_of(series: Mapping[str, Floats], period: int, slots_a_day: int) -> Outlooks:
    """Fitted on the series, which cover the same slots."""
    found = {name: outlook_of(usd, period, slots_a_day=slots_a_day) for name, usd in series.items()}
    if not found:
        return Outlooks({}, None, frozenset())
    if len(found) == 1:  # is the sum
        ((name, only),) = found.items()
        is_growing = bool(claimed([(name, only)]))
        total = replace(only, is_growing=is_growing)
        return Outlooks({name: total}, total, frozenset({name, None} if is_growing else ()))
    total = outlook_of(np.sum([*series.values()], axis=0), period, slots_a_day=slots_a_day)
    growing = claimed([(None, total), *found.items()])
    classes = {
        name: replace(each, is_growing=not growing.isdisjoint({name, None})) for name, each in found.items()
    }
    return Outlooks(classes, replace(total, is_growing=None in growing), growing)


def futures_of(outlooks: Outlooks, slots: int, seed: int) -> dict[str, Floats]:
    """USD of each class: (paths, slots), paths of one place being of one future."""
    rng = np.random.default_rng(seed)
    names = [*outlooks.classes]
    series = [drawn(outlooks.classes[name], slots, rng) for name in names]
    errors = [outlooks.classes[name].steady.errors for name in names]
    return dict(zip(names, together(series, errors, rng), strict=True))
