"""Is what is billed a steady multiple of what we reckon, from the beginning or from some day on?

In: of each bucket, in order of time, what the bill takes and what we reckon for the same. Out: ``Repriced``; None
where no one ratio holds. And: is it one ratio on all models?
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from costctl.reconcile.sides import Bucket

SAME: Final = Fraction(2, 1000)  # two ratios that differ by less are one
LEAST: Final = Fraction(5, 1000)  # by less than this nothing is repriced
_MOST_DIGITS: Final = 5


@dataclass(frozen=True, slots=True)
class Repriced:
    """ratio: the bill's price over ours.  since: the first bucket that it holds in; before it the two agree."""

    ratio: Fraction
    since: Bucket


@dataclass(frozen=True, slots=True)
class Group:
    """What is priced together: a model and a kind of token, or more where the bill tells less.

    pairs: by bucket, (billed, ours), for the same quantities.  allowed, allowed_each: what the rounding of the lines
    may take of all buckets together, and of one, USD.
    """

    model: str | None
    kind: str | None
    pairs: Mapping[Bucket, tuple[Fraction, Fraction]]
    allowed: Fraction = Fraction(0)
    allowed_each: Fraction = Fraction(0)

    @property
    def ours(self) -> Fraction:
        """What we reckon, of all buckets."""
        return sum((ours for _, ours in self.pairs.values()), Fraction(0))

    @property
    def billed(self) -> Fraction:
        """What the bill takes for it."""
        return sum((billed for billed, _ in self.pairs.values()), Fraction(0))


def repriced(group: Group) -> Repriced | None:
    """The ratio that holds from some bucket to the end, while before it both agree; None where there is none."""
    order = sorted(bucket for bucket, (_, ours) in group.pairs.items() if ours > 0)
    allowed = group.allowed_each
    for place in range(len(order)):
        tail = [group.pairs[bucket] for bucket in order[place:]]
        ratio = _snapped(tail, group.allowed)
        if ratio is not None and all(_is_at(pair, ratio, allowed) for pair in tail):
            return Repriced(ratio, order[place])
        if not _is_at(group.pairs[order[place]], Fraction(1), allowed):
            return None
    return None


def _snapped(pairs: Sequence[tuple[Fraction, Fraction]], allowed: Fraction) -> Fraction | None:
    """The ratio of the sums; the one with the fewest digits that the rounding of the bill allows."""
    billed, ours = (sum(column, Fraction(0)) for column in zip(*pairs, strict=True))
    if ours <= 0:
        return None
    ratio = billed / ours
    near = max(allowed / ours, Fraction(1, 10**6))
    for digits in range(_MOST_DIGITS + 1):
        short = Fraction(round(ratio * 10**digits), 10**digits)
        if abs(short - ratio) <= near and short > 0:
            return short
    return ratio


def _is_at(pair: tuple[Fraction, Fraction], ratio: Fraction, allowed: Fraction) -> bool:
    billed, ours = pair
    return abs(billed - ratio * ours) <= max(SAME * ratio * ours, allowed)


def common(groups: Sequence[Group]) -> Repriced | None:
    """The one ratio that is on all models: on two at least, on more models than not, on a fifth of the amount at
    least, and with no model at our own price.

    None where there is no such one: what is off on some models alone is their price.
    """
    found = {place: each for place, group in enumerate(groups) if (each := repriced(group)) is not None}
    weights = {place: groups[place].ours for place in found if groups[place].ours > 0}
    whole = sum((group.ours for group in groups), Fraction(0))
    models = {group.model for group in groups if group.ours > 0}
    for place in sorted(weights, key=lambda place: (-weights[place], place)):
        candidate = found[place]
        alike = [other for other in weights if _are_alike(found[other], candidate)]
        sharing = {groups[other].model for other in alike}
        at_ours = any(
            are_one(found[other].ratio, Fraction(1)) and weights[other] * 100 >= whole for other in weights
        )
        is_most = 2 * len(sharing) > len(models) and 5 * sum(weights[other] for other in alike) >= whole
        is_several = len(sharing) > 1 and None not in sharing
        if is_most and is_several and abs(candidate.ratio - 1) > LEAST and not at_ours:
            return repriced(_together([groups[other] for other in alike])) or candidate
    return None


def _are_alike(one: Repriced, other: Repriced) -> bool:
    return one.since == other.since and are_one(one.ratio, other.ratio)


def are_one(ratio: Fraction, other: Fraction) -> bool:
    """Whether two ratios differ by no more than what is one."""
    return abs(ratio - other) <= SAME * max(ratio, other)


def _together(groups: Sequence[Group]) -> Group:
    allowed, each = (
        sum(column, Fraction(0))
        for column in zip(*((group.allowed, group.allowed_each) for group in groups), strict=True)
    )
    return Group(None, None, _summed(groups), allowed, each)


def _summed(groups: Sequence[Group]) -> dict[Bucket, tuple[Fraction, Fraction]]:
    sums: dict[Bucket, tuple[Fraction, Fraction]] = {}
    for group in groups:
        for bucket, (billed, ours) in group.pairs.items():
            so_far = sums.get(bucket, (Fraction(0), Fraction(0)))
            sums[bucket] = (so_far[0] + billed, so_far[1] + ours)
    return sums
