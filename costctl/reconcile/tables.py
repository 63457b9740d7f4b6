"""Both sides by file, day, kind of token and key: the tables below the differences.

In: what was compared. Out: rows of the document. Here nothing is explained: a row is what each side says.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Final

from costctl.billed.row import BilledFile, Read
from costctl.documents.price_settings import PriceSettings
from costctl.documents.reconciliation import BillFile, BillPart, DayDifference, KeyDifference, KindDifference
from costctl.pricing.own_rates import usd_per_unit
from costctl.pricing.price_kinds import TOKEN_KINDS
from costctl.reconcile.cells import NOTHING
from costctl.reconcile.compare import Compared
from costctl.reconcile.names import NO_MODEL
from costctl.reconcile.sources import Counted
from costctl.reconcile.traced import CALLS, SLOT_S, Traced, total
from costctl.reconcile.whose import name_of
from costctl.stats.reconcile import units_within
from costctl.units import NS_PER_S

ALL_MODELS: Final = "all models"
_EPOCH: Final = date(1970, 1, 1)
_DAY_NS: Final = 86_400 * NS_PER_S


def files_of(files: tuple[BilledFile, ...], counted: Counted, own: PriceSettings) -> tuple[BillFile, ...]:
    """What was read of each file, and what of it counts."""
    return tuple(
        BillFile(
            uri=file.uri,
            sha256=file.sha256,
            copy_of=file.copy_of,
            parts=tuple(_part(place, part, counted, own) for part in file.parts),
        )
        for place, file in enumerate(files)
    )


def _part(place: int, part: Read, counted: Counted, own: PriceSettings) -> BillPart:
    amounts = [
        line.row.amount * _rate(own, line.row.currency, line.row.start_ns)
        for line in counted.lines
        if line.file == place and line.form == part.format and line.row.amount is not None
    ]
    spans = part.covered
    last_ns = max((end for _, end in spans), default=0)
    left_out = [amount * _rate(own, currency, last_ns) for currency, amount in part.left_out.amount.items()]
    return BillPart(
        format=part.format,
        rows=len(part.rows),
        repeated_rows=counted.repeated[place, part.format],
        unused_rows=counted.unused[place, part.format],
        unread={str(fault): number for fault, number in part.faults.items()},
        left_out_rows=part.left_out.rows,
        left_out_usd=float(sum(left_out, NOTHING)) if left_out else None,
        from_=_instant(min(start for start, _ in spans)) if spans else None,
        to=_instant(last_ns) if spans else None,
        usd=float(sum(amounts, NOTHING)) if amounts else None,
    )


def _rate(own: PriceSettings, currency: str, at_ns: int) -> Fraction:
    return Fraction(usd_per_unit(own, currency, _EPOCH + timedelta(days=at_ns // _DAY_NS)))


def _instant(at_ns: int) -> str:
    return datetime.fromtimestamp(at_ns // NS_PER_S, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def day_rows(found: Compared, unit: Decimal, billed_units: int, traced_units: int) -> Iterator[DayDifference]:
    """A row for each bucket of the bill in which either side has anything, in order of time; in whole units that
    add up to those of the provider.
    """
    provider = found.provider
    billed = dict.fromkeys(provider.buckets, NOTHING)
    traced = dict.fromkeys(provider.buckets, NOTHING)
    unpriced = dict.fromkeys(provider.buckets, 0)
    for row in provider.billed:
        billed[row.bucket] += row.usd or NOTHING
    for each in provider.summed:
        bucket = provider.bucket_at(each.slot)
        if bucket is not None:
            traced[bucket] += each.usd
            unpriced[bucket] += each.unpriced
    has_amounts = provider.amounts is not None and not found.valued
    sums = units_within([_decimal(usd) for usd in billed.values()], unit, billed_units) if has_amounts else []
    spent = units_within([_decimal(usd) for usd in traced.values()], unit, traced_units)
    for place, (begin, end) in enumerate(provider.buckets):
        if not billed[begin, end] and not traced[begin, end]:
            continue
        yield DayDifference(
            provider=provider.name,
            from_=_instant(begin * SLOT_S * NS_PER_S),
            to=_instant(end * SLOT_S * NS_PER_S),
            billed_usd=float(sums[place] * unit) if has_amounts else None,
            traced_usd=float(spent[place] * unit),
            unpriced_charges=unpriced[begin, end],
            difference_usd=float((sums[place] - spent[place]) * unit) if has_amounts else None,
        )


def _decimal(usd: Fraction) -> Decimal:
    return Decimal(usd.numerator) / Decimal(usd.denominator)


def kind_rows(found: Compared) -> Iterator[KindDifference]:
    """A row for each model and kind of token or unit that either side names."""
    provider = found.provider
    usage = [
        row for row in provider.billed if row.charge == "usage" and row.item is None and row.kind is not None
    ]
    traced = [
        row for row in provider.summed if row.kind != CALLS and provider.bucket_at(row.slot) is not None
    ]
    names = {(row.model or ALL_MODELS, str(row.kind)) for row in usage} | {
        (row.model or NO_MODEL, row.kind) for row in traced if row.quantity or row.usd
    }
    for model, kind in sorted(names):
        of_bill = [row for row in usage if (row.model or ALL_MODELS, row.kind) == (model, kind)]
        of_traces = [row for row in traced if row.kind == kind and (row.model or NO_MODEL) == model]
        yield KindDifference(
            provider=provider.name,
            model=model,
            kind=kind,
            billed_quantity=_sum([row.quantity for row in of_bill]),
            traced_quantity=float(sum((row.quantity for row in of_traces), NOTHING)),
            billed_usd=_sum([row.usd for row in of_bill]),
            traced_usd=float(sum((row.usd for row in of_traces), NOTHING)),
            unpriced_charges=sum(row.unpriced for row in of_traces),
        )


def key_rows(found: Compared) -> Iterator[KeyDifference]:
    """A row for each key, or project, that the bill tells apart, and for those that the traces have besides."""
    provider, field = found.provider, found.whose.field
    if field is None:
        field = next(
            (each for each in ("key", "project") if any(getattr(row, each) for row in provider.billed)), None
        )
    if field is None:
        return
    traced = [row for row in provider.traced if provider.bucket_at(row.slot) is not None]
    names = {
        name for row in provider.billed if (name := name_of(row, field)) is not None
    } | found.whose.unbilled
    by_name: dict[str, list[Traced]] = {}
    for row in traced:
        for name in {row.key, row.team} & names:
            by_name.setdefault(str(name), []).append(row)
    for name in sorted(names):
        of_bill = [row for row in provider.billed if name_of(row, field) == name]
        of_traces = by_name.get(name, [])
        tokens = [row.quantity for row in of_bill if row.kind in TOKEN_KINDS]
        yield KeyDifference(
            provider=provider.name,
            key=name,
            billed_usd=_sum([row.usd for row in of_bill]),
            billed_tokens=_sum(tokens),
            traced_usd=float(total([row.usd for row in of_traces])) if of_traces else None,
            traced_tokens=float(total([row.quantity for row in of_traces if row.kind in TOKEN_KINDS]))
            if of_traces
            else None,
            unpriced_charges=sum(row.unpriced for row in of_traces),
        )


def _sum(values: list[Fraction | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(sum(known, NOTHING)) if known else None
