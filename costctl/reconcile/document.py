"""What do the bills and the traces come to, side by side, and why do they differ? The document that is printed.

In: files as they were read, the rows of the traces, prices. Out: ``Reconciliation``. Every amount is a fraction until
it is written; what is written adds up in whole units, by the largest remainder.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Final

from costctl.billed.row import BilledFile, BilledRow
from costctl.documents.price_settings import PriceSettings
from costctl.documents.provenance import Provenance
from costctl.documents.reconciliation import (
    CAUSES,
    SCHEMA_VERSION,
    CausePart,
    Difference,
    ProviderDifference,
    Reconciliation,
    UnbilledProvider,
)
from costctl.errors import NotEnoughDataError
from costctl.pricing.own_rates import Asked, usd_per_unit
from costctl.pricing.prices import priced
from costctl.reconcile.cells import Group, Quote
from costctl.reconcile.compare import Compared, compared
from costctl.reconcile.names import model_label, seller_of
from costctl.reconcile.offered import rates_in_words
from costctl.reconcile.parts import Subject
from costctl.reconcile.said import Facts, words
from costctl.reconcile.sides import Provider, billed_lines, buckets_of, labelled
from costctl.reconcile.sources import Counted, Line, counted_lines
from costctl.reconcile.tables import day_rows, files_of, key_rows, kind_rows
from costctl.reconcile.tokens import Evidence, day_of
from costctl.reconcile.traced import SLOT_S, SLOTS_A_DAY, Traced
from costctl.stats.reconcile import unit_of, units_within
from costctl.units import NS_PER_S

METHODS: Final = {
    "difference": "billed - traced, in parts that add up to it; costctl help reconcile",
    "time zones": "the shift of the day at which both sides agree best, where one does",
    "discounts": "one ratio on all models; a ratio on some is their price",
}
_EPOCH: Final = date(1970, 1, 1)
_SLOT_NS: Final = SLOT_S * NS_PER_S
_DAYS_NS: Final = SLOTS_A_DAY * _SLOT_NS
_MOST_DIGITS: Final = 4  # an amount with more places after the point was not rounded to any


@dataclass(frozen=True, slots=True)
class _Written:
    """In whole units. differences: beside the subjects, the largest first."""

    billed: int
    traced: int
    differences: tuple[tuple[Subject, int], ...]


def reconciliation(
    files: tuple[BilledFile, ...], traced: Sequence[Traced], own: PriceSettings, provenance: Provenance
) -> Reconciliation:
    """The document. Raises NotEnoughDataError where no line of the files could be read."""
    counted = counted_lines(files, _providers_of_models(traced))
    by_provider: dict[str, list[Line]] = {}
    for line in counted.lines:
        by_provider.setdefault(str(line.row.provider), []).append(line)
    if not by_provider:
        raise NotEnoughDataError(
            "No line of the files could be read.",
            why="They are of services that are no inference, or have no amounts and no quantities.",
            next_step="Pass the export with usage in it; `costctl help reconcile-an-invoice` says what is read.",
        )
    sides = {
        name: _sides(name, lines, files, counted, traced, own) for name, lines in sorted(by_provider.items())
    }
    found = [compared(side, _quote(side, traced, own)) for side in sides.values()]
    unit = unit_of(float(max(sum(each.billed for each in found), sum(each.traced for each in found))))
    written = [_written(each, unit) for each in found]
    differences = [
        _difference(each, subject, units * unit, own, traced)
        for each, write in zip(found, written, strict=True)
        for subject, units in write.differences
    ]
    differences.sort(key=lambda each: (-abs(each.usd), each.provider, each.cause, str(each.subject)))
    billed, spent = (sum(getattr(each, name) for each in written) for name in ("billed", "traced"))
    others = _others(traced, set(sides))
    return Reconciliation(
        schema_version=SCHEMA_VERSION,
        provenance=provenance,
        files=files_of(files, counted, own),
        billed_usd=float(billed * unit),
        traced_usd=float(spent * unit),
        unpriced_charges=sum(each.unpriced for each in found),
        difference_usd=float((billed - spent) * unit),
        unit_usd=float(unit),
        is_agreed=all(
            subject.cause == "rest" for write in written for subject, units in write.differences if units
        ),
        parts=_parts([pair for write in written for pair in write.differences], unit),
        differences=tuple(differences),
        providers=tuple(_provider(each, write, unit) for each, write in zip(found, written, strict=True)),
        days=tuple(
            row
            for each, write in zip(found, written, strict=True)
            for row in day_rows(each, unit, write.billed, write.traced)
        ),
        kinds=tuple(row for each in found for row in kind_rows(each)),
        keys=tuple(row for each in found for row in key_rows(each)),
        not_billed_providers=others,
        notes=_notes(found, counted, files),
    )


def _seller(row: Traced) -> str:
    return seller_of(row.provider, () if row.model is None else (row.model,))


def _providers_of_models(traced: Sequence[Traced]) -> dict[str, str]:
    """Whose a model is that a line names without its provider: where the traces have it at one alone."""
    found: dict[str, set[str]] = {}
    for row in traced:
        if row.model is not None and row.provider is not None:
            found.setdefault(row.model, set()).add(_seller(row))
    return {model: providers.pop() for model, providers in found.items() if len(providers) == 1}


def _sides(
    name: str,
    lines: Sequence[Line],
    files: tuple[BilledFile, ...],
    counted: Counted,
    traced: Sequence[Traced],
    own: PriceSettings,
) -> Provider:
    rows = [line.row for line in lines]
    spans = {
        form: [span for file in files for part in file.parts if part.format == form for span in part.covered]
        for form in {counted.amount_formats.get(name), counted.quantity_formats.get(name)} - {None}
    }
    own_spans = [(row.start_ns, row.end_ns) for row in rows]
    buckets = buckets_of(
        [*own_spans, *(span for form in spans for span in spans[form] if _is_of_one(form, name, counted))]
    )
    mine = [row for row in traced if _seller(row) == name]
    usd = [_usd(row, own) for row in rows]
    slots = [row.slot for row in traced]
    return Provider(
        name=name,
        buckets=buckets,
        billed=billed_lines(name, rows, usd, buckets, {row.model for row in mine if row.model is not None}),
        traced=labelled(name, mine),
        window=(min(slots), max(slots) + 1) if slots else (0, 0),
        amounts=_reach(rows, spans.get(counted.amount_formats.get(name)), is_amount=True),
        quantities=_reach(rows, spans.get(counted.quantity_formats.get(name)), is_amount=False),
        half_unit_usd=_half_unit(rows),
    )


def _is_of_one(form: str | None, name: str, counted: Counted) -> bool:
    """Whether all that the format says is of this provider, so that days without a line are its days too."""
    users = {
        provider
        for formats in (counted.amount_formats, counted.quantity_formats)
        for provider, of in formats.items()
        if of == form
    }
    return users == {name}


def _reach(
    rows: Sequence[BilledRow], covered: Sequence[tuple[int, int]] | None, *, is_amount: bool
) -> tuple[int, int] | None:
    """From and to which slots the bill says amounts, or quantities."""
    has = [row for row in rows if (row.amount if is_amount else row.quantity) is not None]
    if not has:
        return None
    spans = [*((row.start_ns, row.end_ns) for row in has), *(covered or ())]
    begin = min(start for start, _ in spans) // _DAYS_NS * SLOTS_A_DAY
    return begin, -(-max(end for _, end in spans) // _SLOT_NS)


def _usd(row: BilledRow, own: PriceSettings) -> Fraction | None:
    if row.amount is None:
        return None
    return row.amount * Fraction(
        usd_per_unit(own, row.currency, _EPOCH + timedelta(days=row.start_ns // _DAYS_NS))
    )


def _half_unit(rows: Sequence[BilledRow]) -> Fraction:
    """By how much each amount may be rounded: half of the last digit that any of them has; 0 where they have many."""
    amounts = [row.amount for row in rows if row.amount is not None]
    for digits in range(_MOST_DIGITS + 1):
        if amounts and all((amount * 10**digits).denominator == 1 for amount in amounts):
            return Fraction(1, 2 * 10**digits)
    return Fraction(0)


def _quote(side: Provider, traced: Sequence[Traced], own: PriceSettings) -> Quote:
    """USD for one of a kind at our price, for the shortest prompts, as the traces write the model, else as the
    bill does.
    """
    written: dict[str, tuple[str | None, str]] = {}
    for row in traced:
        if row.model is not None and _seller(row) == side.name:
            written.setdefault(model_label(side.name, row.model), (row.provider, row.model))
    known: dict[tuple[str, int], dict[str, Fraction]] = {}

    def found(model: str, kind: str, day: int) -> Fraction | None:
        if (model, day) not in known:
            provider, name = written.get(model, (side.name, model))
            prices = priced(own, Asked(provider, name, _EPOCH + timedelta(days=day)))
            known[model, day] = {
                **{
                    each: Fraction(band.usd_per_token)
                    for each, band in prices.bands
                    if band.from_input_tokens == 0
                },
                **{unit.kind: Fraction(unit.usd_per_unit) for unit in prices.units},
            }
        return known[model, day].get(kind)

    return found


def _written(found: Compared, unit: Decimal) -> _Written:
    billed, traced = (round(_decimal(usd) / unit) for usd in (found.billed, found.traced))
    pairs = sorted(found.parts, key=lambda pair: (-abs(pair[1]), str(pair[0])))
    if not pairs:
        pairs = [(Subject("rest", "small"), Fraction(0))]
    units = units_within([_decimal(usd) for _, usd in pairs], unit, billed - traced)
    told = ((subject, each) for (subject, _), each in zip(pairs, units, strict=True))
    return _Written(billed, traced, tuple(pair for pair in told if pair[1] or pair[0].cause == "time_zones"))


def _decimal(usd: Fraction) -> Decimal:
    return Decimal(usd.numerator) / Decimal(usd.denominator)


def _parts(differences: Sequence[tuple[Subject, int]], unit: Decimal) -> tuple[CausePart, ...]:
    sums = {cause: sum(units for subject, units in differences if subject.cause == cause) for cause in CAUSES}
    return tuple(CausePart(cause=cause, usd=float(units * unit)) for cause, units in sums.items())


def _provider(found: Compared, write: _Written, unit: Decimal) -> ProviderDifference:
    return ProviderDifference(
        provider=found.provider.name,
        from_=_instant(found.provider.buckets[0][0]),
        to=_instant(found.provider.buckets[-1][1]),
        billed_usd=float(write.billed * unit),
        valued_usd=float(found.valued),
        traced_usd=float(write.traced * unit),
        unpriced_charges=found.unpriced,
        difference_usd=float((write.billed - write.traced) * unit),
        outside_usd=float(found.outside),
        parts=_parts(write.differences, unit),
    )


def _instant(slot: int) -> str:
    return datetime.fromtimestamp(slot * SLOT_S, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _difference(
    found: Compared, subject: Subject, usd: Decimal, own: PriceSettings, traced: Sequence[Traced]
) -> Difference:
    group = Group(subject.model, subject.kind)
    evidence = found.evidence.get(subject, Evidence())
    is_price = subject.reason == "price"
    repriced = found.common if subject.reason == "ratio" else found.repriced.get(group) if is_price else None
    first = found.provider.buckets[0]
    since = day_of(repriced.since) if repriced is not None and repriced.since > first else None
    zone = found.zone if subject.cause == "time_zones" else None
    also = evidence.also
    batched = _batched(found, subject) if is_price else Fraction(0)
    if batched:
        also = ()
    elif is_price and not found.is_counted:
        also = ("tokens_counted_otherwise",)
    elif is_price and repriced is not None and len({group.model for group in found.cells.members}) == 1:
        also = ("discounts_and_credits",)
    is_beside = is_price and found.common is not None
    ratio = None if repriced is None else repriced.ratio
    if ratio is not None and is_beside and found.common is not None and found.common.ratio:
        ratio /= found.common.ratio
    shift_hours = None if zone is None else zone.shift * SLOT_S / 3600
    said = words(
        subject,
        Facts(
            evidence,
            ratio=ratio,
            since=since,
            is_beside=is_beside,
            batched=batched,
            shift_hours=shift_hours,
            others=() if zone is None else tuple(each * SLOT_S / 3600 for each in zone.others),
            is_named=found.whose.is_named,
        ),
    )
    return Difference(
        provider=found.provider.name,
        cause=subject.cause,
        reason=subject.reason,
        subject=subject.name,
        model=subject.model,
        kind=subject.kind,
        usd=float(usd),
        said=said.said,
        to_do=said.to_do,
        ratio=None if ratio is None else float(ratio),
        shift_hours=shift_hours,
        moved_usd=None if zone is None else float(found.moved),
        from_=since,
        config=None if repriced is None or batched else _config(found, subject, own, traced),
        also=also,
    )


def _batched(found: Compared, subject: Subject) -> Fraction:
    """The part of the model's tokens that the bill has as a batch, where the traces have none so."""
    if any(row.service_tier == "batch" and row.model == subject.model for row in found.provider.traced):
        return Fraction(0)
    rows = [
        row
        for row in found.provider.billed
        if row.model == subject.model and subject.kind in (None, row.kind) and row.quantity is not None
    ]
    whole = sum((row.quantity or Fraction(0) for row in rows), Fraction(0))
    batch = sum((row.quantity or Fraction(0) for row in rows if row.service_tier == "batch"), Fraction(0))
    return batch / whole if whole else Fraction(0)


def _config(found: Compared, subject: Subject, own: PriceSettings, traced: Sequence[Traced]) -> str | None:
    """Rates with all that was found of their models, so that two differences of one model are one rate."""
    ratios = dict(found.repriced)
    if subject.reason == "ratio" and found.common is not None:
        ratios.setdefault(Group(None, None), found.common)
    else:
        ratios = {group: each for group, each in ratios.items() if group.model == subject.model}
    mine = [row for row in traced if _seller(row) == found.provider.name]
    return rates_in_words(own, found.provider.name, mine, ratios, found.provider.buckets[0][0] // SLOTS_A_DAY)


def _others(traced: Sequence[Traced], billed: set[str]) -> tuple[UnbilledProvider, ...]:
    sums: dict[str, Fraction] = {}
    for row in traced:
        name = _seller(row)
        if name not in billed:
            sums[name] = sums.get(name, Fraction(0)) + row.usd
    return tuple(UnbilledProvider(provider=name, traced_usd=float(usd)) for name, usd in sorted(sums.items()))


def _notes(found: Sequence[Compared], counted: Counted, files: tuple[BilledFile, ...]) -> tuple[str, ...]:
    notes = []
    copies = sum(file.copy_of is not None for file in files)
    if copies:
        notes.append(f"{copies} {'file is' if copies == 1 else 'files are'} given twice and counted once.")
    repeated = sum(counted.repeated.values())
    if repeated:
        notes.append(f"{repeated:,} lines are in another answer of the same API too, and are counted once.")
    unused = sum(counted.unused.values())
    if unused:
        notes.append(
            f"{unused:,} lines say again what a file nearer to the invoice says, and are not counted."
        )
    unread = sum(number for file in files for part in file.parts for number in part.faults.values())
    if unread:
        notes.append(f"{unread:,} {'line' if unread == 1 else 'lines'} could not be read.")
    notes.extend(
        f"The bill of {each.provider.name} has no amounts: its quantities are valued at our prices."
        for each in found
        if each.valued
    )
    return tuple(notes)
