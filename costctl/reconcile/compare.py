"""Of what is the difference between a provider's bill and the traces made?

In: a provider's sides and prices. Out: ``Compared``: parts that sum to billed less traced, exactly. The way from one
to the other, for each bucket and group of cells, every step an amount:

    traced in UTC days
      + time zones     traced in the bill's days, less in UTC days
      + price          (f − 1) · Σ traced quantity · p        f = billed USD / Σ billed quantity · p, p our price
      + quantity       f · (billed quantity − traced quantity) · p
      = billed

so that quantities are valued at the bill's prices, and prices at traced quantities. Lines that say what they are, and
keys that one side lacks, are taken out first. Where the bill says no quantities its amounts are set against ours, and
only a steady ratio is a price.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from fractions import Fraction

from costctl.reconcile import ratios, tokens
from costctl.reconcile.cells import NOTHING, Cell, Cells, Group, Quote, Used, cells_of, price_of, rounding_usd
from costctl.reconcile.parts import Parts, Subject
from costctl.reconcile.sides import Billed, Bucket, Provider
from costctl.reconcile.tokens import Gap
from costctl.reconcile.traced import summed
from costctl.reconcile.whose import Whose, is_unbilled, name_of, whose_of
from costctl.reconcile.zones import Zone, zone_of

_LEAST_AMOUNTS = 3  # of one amount any ratio is steady
_LEAST_PART = Fraction(1, 10_000)  # of the larger side: less is not claimed


@dataclass
class Compared:
    """billed, valued, traced, outside: USD; valued: of billed, at our prices for want of amounts.  moved: from one
    day to another by the zone.  common: the ratio on all models.  repriced: of a group.  evidence: what is to be
    said of a subject besides.
    """

    provider: Provider
    parts: Parts
    whose: Whose
    zone: Zone | None
    cells: Cells
    billed: Fraction = NOTHING
    valued: Fraction = NOTHING
    traced: Fraction = NOTHING
    outside: Fraction = NOTHING
    unpriced: int = 0
    moved: Fraction = NOTHING
    common: ratios.Repriced | None = None
    repriced: dict[Group, ratios.Repriced] = field(default_factory=dict)
    is_counted: bool = False
    evidence: dict[Subject, tokens.Evidence] = field(default_factory=dict)

    @property
    def shift(self) -> int:
        """Half hours by which the bill's days begin later than in UTC."""
        return 0 if self.zone is None else self.zone.shift


def compared(provider: Provider, quote: Quote) -> Compared:
    """The parts of the difference."""
    whose = whose_of(provider)
    zone = zone_of(provider, whose.untraced)
    usage = [row for row in provider.billed if row.charge == "usage" and row.item is None]
    kept, has_quantities = _without_keys(usage, whose)
    traced = (
        summed(row for row in provider.traced if not is_unbilled(row, whose))
        if whose.unbilled
        else provider.summed
    )
    cells = cells_of(provider, kept, traced, zone.shift if zone else 0, whose, has_quantities=has_quantities)
    found = Compared(
        provider, Parts(), whose, zone, cells, is_counted=has_quantities and provider.quantities is not None
    )
    _lines_that_say_so(found)
    _keys(found, usage, kept)
    _sums(found)
    _moved_by_zone(found)
    gaps, priced, pending = _priced(found, quote)
    _prices(found, priced, pending)
    for gap, subject, evidence in tokens.subjects(gaps, provider, cells, found.shift):
        found.parts.add(subject, gap.usd)
        found.evidence.setdefault(subject, evidence)
    least = max(_LEAST_PART * max(abs(found.billed), abs(found.traced)), _rounding(found))
    found.parts = found.parts.settled(least, Subject("rest", "small"))
    return found


def _without_keys(usage: list[Billed], whose: Whose) -> tuple[list[Billed], bool]:
    """The lines that are compared, and whether their quantities may be used: not where the amounts tell whose they
    are and the quantities do not. Keys that no trace has are taken out, but where the bill has quantities of them
    alone: those are valued with the others.
    """
    of_keys = [row for row in usage if name_of(row, whose.field) in whose.untraced]
    kept = [row for row in usage if name_of(row, whose.field) not in whose.untraced]
    has_amounts = any(row.usd is not None for row in of_keys)
    has_quantities = any(row.quantity is not None for row in of_keys)
    if has_quantities and not has_amounts:
        return usage, True
    return kept, has_quantities or not of_keys


def _lines_that_say_so(found: Compared) -> None:
    for row in found.provider.billed:
        if row.usd is None or (row.charge == "usage" and row.item is None):
            continue
        if row.charge == "usage":
            found.parts.add(Subject("not_traced", "item", row.item), row.usd)
        else:
            name = row.item or row.model
            found.parts.add(Subject("discounts_and_credits", row.charge, name), row.usd)


def _keys(found: Compared, usage: list[Billed], kept: list[Billed]) -> None:
    """The amounts of keys that no trace has, and that no bill has."""
    counted = {id(row) for row in kept}
    for row in usage:
        if id(row) not in counted and row.usd is not None:
            found.parts.add(Subject("not_traced", "key", name_of(row, found.whose.field)), row.usd)
    for traced in found.provider.traced if found.whose.unbilled else ():
        if is_unbilled(traced, found.whose) and found.provider.bucket_at(traced.slot) is not None:
            name = traced.key if traced.key in found.whose.unbilled else traced.team
            found.parts.add(Subject("not_billed", "key", name), -traced.usd)


def _sums(found: Compared) -> None:
    found.billed = sum((row.usd for row in found.provider.billed if row.usd is not None), NOTHING)
    for row in found.provider.summed:
        if found.provider.bucket_at(row.slot) is None:
            found.outside += row.usd
        else:
            found.traced += row.usd
            found.unpriced += row.unpriced


def _moved_by_zone(found: Compared) -> None:
    if found.zone is None:
        return
    by_bucket: dict[Bucket, Fraction] = {}
    for sign, side in ((1, found.cells.traced), (-1, found.cells.at_utc)):
        for (bucket, _), used in side.items():
            by_bucket[bucket] = by_bucket.get(bucket, NOTHING) + sign * used.usd
    found.moved = sum((abs(usd) for usd in by_bucket.values()), NOTHING) / 2
    found.parts.add(Subject("time_zones", "shift"), sum(by_bucket.values(), NOTHING))


Pairs = dict[Group, dict[Bucket, tuple[Fraction, Fraction]]]


def _priced(found: Compared, quote: Quote) -> tuple[list[Gap], Pairs, Pairs]:
    """Gaps of quantity in USD; of each group what the bill takes for the traced quantities, beside what we reckon;
    and the same of amounts whose quantities the bill does not say.
    """
    gaps: list[Gap] = []
    priced: Pairs = {}
    pending: Pairs = {}
    cells = found.cells
    for bucket in found.provider.buckets:
        has_amounts = _within(bucket, found.provider.amounts)
        has_counts = found.is_counted and _within(bucket, found.provider.quantities)
        for group, members in sorted(cells.members.items(), key=str):
            traced = _traced(cells, bucket, members)
            billed = cells.amounts.get((bucket, group), NOTHING) if has_amounts else None
            if has_counts and cells.is_counted(group):
                _value(found, bucket, group, billed, quote, gaps, priced, pending)
            elif billed is not None and (billed or traced.usd or traced.unpriced):
                pending.setdefault(group, {})[bucket] = (billed, traced.usd)
            elif traced.usd:
                found.parts.add(Subject("not_billed", "day", tokens.day_of(bucket)), -traced.usd)
    return gaps, priced, pending


def _within(bucket: Bucket, span: Bucket | None) -> bool:
    return span is not None and span[0] <= bucket[0] < span[1]


def _traced(cells: Cells, bucket: Bucket, members: Iterable[Cell]) -> Used:
    total = Used()
    for cell in members:
        used = cells.traced.get((bucket, cell))
        if used is not None:
            total.usd += used.usd
            total.unpriced += used.unpriced
    return total


def _value(
    found: Compared,
    bucket: Bucket,
    group: Group,
    billed: Fraction | None,
    quote: Quote,
    gaps: list[Gap],
    priced: Pairs,
    pending: Pairs,
) -> None:
    """One group in one bucket, whose quantities both sides say."""
    cells = found.cells
    here = []
    for cell in sorted(cells.members[group], key=str):
        quantity = cells.billed.get((bucket, cell), NOTHING)
        used = cells.traced.get((bucket, cell), Used())
        if quantity or used.quantity or used.usd or used.unknown:
            here.append((cell, quantity, used, price_of(cells, bucket, cell, quote)))
    ours = sum((used.usd for _, _, used, _ in here), NOTHING)
    if any(price is None and (quantity or used.quantity) for _, quantity, used, price in here):
        _without_price(found, bucket, group, billed, here, gaps)
        return
    valued = sum((quantity * (price or 0) for _, quantity, _, price in here), NOTHING)
    if billed is None:
        found.billed += valued
        found.valued += valued
        factor = Fraction(1)
    elif valued > 0:
        factor = billed / valued
    elif billed or ours:
        pending.setdefault(group, {})[bucket] = (billed, ours)
        return
    else:
        return
    at_bill = NOTHING
    at_ours = NOTHING
    for cell, quantity, used, price in here:
        each = price or NOTHING
        for name, of_key in cells.of_keys.get((bucket, cell), {}).items():
            found.parts.add(Subject("not_traced", "key", name), of_key * factor * each)
            quantity -= of_key
        gaps.append(Gap(bucket, cell, quantity, used.quantity, factor * each, used.unknown))
        at_bill += factor * each * used.quantity
        at_ours += each * used.quantity
    found.parts.add(
        Subject("priced_otherwise", "no_price", model=group.model, kind=group.kind), at_ours - ours
    )
    priced.setdefault(group, {})[bucket] = (at_bill, at_ours)


Here = list[tuple[Cell, Fraction, Used, Fraction | None]]


def _without_price(
    found: Compared, bucket: Bucket, group: Group, billed: Fraction | None, here: Here, gaps: list[Gap]
) -> None:
    """A group of which we know no price: its quantities are valued at the bill's, where that says one."""
    ours = sum((used.usd for _, _, used, _ in here), NOTHING)
    subject = Subject("priced_otherwise", "no_price", model=group.model, kind=group.kind)
    if billed is None:
        found.parts.add(subject, -ours)
        return
    if len(here) == 1 and here[0][1] > 0:
        cell, quantity, used, _ = here[0]
        gaps.append(Gap(bucket, cell, quantity, used.quantity, billed / quantity, used.unknown))
        found.parts.add(subject, billed / quantity * used.quantity - ours)
        return
    found.parts.add(subject, billed - ours)


def _prices(found: Compared, priced: Pairs, pending: Pairs) -> None:
    """Of every group what is due to a ratio on all models, to its own price, and to neither."""
    whole = {group: dict(pairs) for group, pairs in priced.items()}
    for group, pairs in pending.items():
        both = {bucket: pair for bucket, pair in pairs.items() if pair[0] and pair[1]}
        full = {bucket: pair for bucket, pair in both.items() if not _is_cut(found, bucket)}
        if both:
            whole.setdefault(group, {}).update(full or both)
    groups = [_ratio_group(found, group, pairs) for group, pairs in whole.items()]
    steady = {group: each for group, of in zip(whole, groups, strict=True) if (each := ratios.repriced(of))}
    found.common = ratios.common(groups)
    for group in pending.keys() - priced.keys():
        if group in steady and not _is_shown(found.common, group, steady, whole):
            del steady[group]
    found.repriced = _by_model(steady)
    for group, pairs in priced.items():
        for bucket, (billed, ours) in pairs.items():
            _split(found, group, bucket, billed, ours)
    for group, pairs in pending.items():
        for bucket, (billed, ours) in pairs.items():
            if bucket in whole.get(group, {}) and group in steady:
                _split(found, group, bucket, billed, ours)
            else:
                _unsteady(found, group, bucket, billed, ours)


def _is_shown(
    common: ratios.Repriced | None, group: Group, steady: dict[Group, ratios.Repriced], whole: Pairs
) -> bool:
    """Whether amounts without quantities show a price: by several amounts of the model that have the same ratio,
    of days or of kinds, or by the ratio that is on all models.
    """
    ratio = steady[group].ratio
    if common is not None and ratios.are_one(ratio, common.ratio):
        return True
    alike = (
        len(whole[other])
        for other, each in steady.items()
        if other.model == group.model and ratios.are_one(each.ratio, ratio)
    )
    return sum(alike) >= _LEAST_AMOUNTS


def _by_model(steady: dict[Group, ratios.Repriced]) -> dict[Group, ratios.Repriced]:
    """The same, with one for the model where all of its kinds are repriced alike."""
    found = dict(steady)
    for model in {group.model for group in steady if group.kind is not None}:
        of_model = [each for group, each in steady.items() if group.model == model]
        one = of_model[0]
        if all(ratios.are_one(each.ratio, one.ratio) and each.since == one.since for each in of_model):
            found[Group(model, None)] = one
    return found


def _split(found: Compared, group: Group, bucket: Bucket, billed: Fraction, ours: Fraction) -> None:
    """The price of one group in one bucket: what all models have in common, and what this one has besides."""
    shared = NOTHING
    if found.common is not None and bucket >= found.common.since:
        shared = (found.common.ratio - 1) * ours
        found.parts.add(Subject("discounts_and_credits", "ratio"), shared)
    kind = None if Group(group.model, None) in found.repriced else group.kind
    found.parts.add(
        Subject("priced_otherwise", "price", model=group.model, kind=kind), billed - ours - shared
    )


def _unsteady(found: Compared, group: Group, bucket: Bucket, billed: Fraction, ours: Fraction) -> None:
    """An amount without a quantity that no steady ratio gives: what one side does not have at all is told."""
    shared = NOTHING
    if found.common is not None and bucket >= found.common.since and ours and billed:
        shared = (found.common.ratio - 1) * ours
        found.parts.add(Subject("discounts_and_credits", "ratio"), shared)
    subject = tokens.absent(found.provider, found.cells, group, bucket, found.shift, billed, ours)
    unknown = Subject("rest", "no_quantities", model=group.model)
    found.parts.add(subject or unknown, billed - ours - shared)


def _is_cut(found: Compared, bucket: Bucket) -> bool:
    """Whether the traces begin or end within the bucket: what is billed then is no multiple of what is traced."""
    return tokens.is_cut(found.provider, bucket, found.shift)


def _ratio_group(
    found: Compared, group: Group, pairs: dict[Bucket, tuple[Fraction, Fraction]]
) -> ratios.Group:
    lines = {bucket: found.cells.lines.get((bucket, group), 0) for bucket in pairs}
    half = found.provider.half_unit_usd
    return ratios.Group(
        group.model,
        group.kind,
        pairs,
        allowed=rounding_usd(sum(lines.values()), half),
        allowed_each=max(lines.values(), default=0) * half,
    )


def _rounding(found: Compared) -> Fraction:
    lines = sum(found.cells.lines.values())
    return rounding_usd(lines, found.provider.half_unit_usd) if lines else NOTHING
