"""What is on each side, of one provider, in the same buckets of time and under the same names?

In: the lines of the bill that count, in USD, and the rows of the traces. Out: a ``Side`` each: ``Used`` by bucket,
model and kind. Buckets are the days of the bill as it cuts them; a longer line makes them longer.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Final

from costctl.billed.row import BilledRow, Charge
from costctl.reconcile.names import billed_label, model_label
from costctl.reconcile.traced import SLOT_S, SLOTS_A_DAY, Traced, summed
from costctl.units import NS_PER_S

_MOST_DAYS: Final = 4_000  # a line of 1970 makes no bill of half a century
_SLOT_NS: Final = SLOT_S * NS_PER_S
Bucket = tuple[int, int]  # half hours from the epoch, as the bill cuts its days; the end exclusive


@dataclass(frozen=True, slots=True)
class Billed:
    """A line of the bill. model, kind: None where it is of several.  item: set where it is of no kind."""

    bucket: Bucket
    model: str | None
    kind: str | None
    item: str | None
    charge: Charge
    key: str | None
    project: str | None
    calls: int | None
    quantity: Fraction | None
    usd: Fraction | None
    service_tier: str | None = None


@dataclass(frozen=True, slots=True)
class Provider:
    """Both sides of one provider. window: first slot and the one after the last in which the traces have anything,
    of whatever provider.  amounts, quantities: from and to which slots the bill says amounts, and quantities; None
    where it says none.  half_unit_usd: by how much the bill rounds each line, at most.  summed: the traces without
    keys, teams and service tiers.
    """

    name: str
    buckets: tuple[Bucket, ...]
    billed: tuple[Billed, ...]
    traced: tuple[Traced, ...]
    window: Bucket
    amounts: Bucket | None
    quantities: Bucket | None
    half_unit_usd: Fraction = Fraction(0)
    summed: tuple[Traced, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "summed", summed(self.traced))

    def bucket_at(self, slot: int, shift: int = 0) -> Bucket | None:
        """The bucket that holds the slot, where the bill's days begin ``shift`` slots later than in UTC."""
        place = bisect_right(self.buckets, (slot - shift, 1 << 62)) - 1
        if place < 0:
            return None
        begin, end = self.buckets[place]
        return (begin, end) if begin <= slot - shift < end else None


def labelled(provider: str, rows: Iterable[Traced]) -> tuple[Traced, ...]:
    """The rows with the label of their model in place of its name."""
    return tuple(
        Traced(row.slot, provider, model_label(provider, row.model), row.service_tier, row.kind, row.key, row.team,
               row.calls, row.quantity, row.usd, row.unpriced, row.unknown)
        for row in rows
    )  # fmt: skip


def buckets_of(spans: Iterable[tuple[int, int]]) -> tuple[Bucket, ...]:
    """Buckets that do not overlap. spans: from and to of lines, ns UTC. A line of a day or less is of the day in
    which it begins.
    """
    wide = sorted({_bucket(start, end) for start, end in spans})
    merged: list[Bucket] = []
    for begin, end in wide:
        if merged and begin < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((begin, end))
    return tuple(_filled(merged))


def _filled(buckets: list[Bucket]) -> Iterator[Bucket]:
    """The buckets with the days between them: of those the bill has nothing, and the traces may have."""
    is_long = bool(buckets) and buckets[-1][1] - buckets[0][0] > _MOST_DAYS * SLOTS_A_DAY
    for place, bucket in enumerate(buckets):
        yield bucket
        if place + 1 < len(buckets) and not is_long:
            for begin in range(bucket[1], buckets[place + 1][0], SLOTS_A_DAY):
                yield begin, begin + SLOTS_A_DAY


def _bucket(start_ns: int, end_ns: int) -> Bucket:
    begin = start_ns // _SLOT_NS // SLOTS_A_DAY * SLOTS_A_DAY
    if end_ns - start_ns <= SLOTS_A_DAY * _SLOT_NS:
        return begin, begin + SLOTS_A_DAY
    return begin, -(-end_ns // _SLOT_NS // SLOTS_A_DAY) * SLOTS_A_DAY


def billed_lines(
    provider: str,
    rows: Sequence[BilledRow],
    usd: Sequence[Fraction | None],
    buckets: Sequence[Bucket],
    traced_models: Iterable[str],
) -> tuple[Billed, ...]:
    """The lines under the labels of the traces. usd: of each row.  traced_models: as the traces write them."""
    names = {model: model_label(provider, model) for model in traced_models}
    labels: dict[tuple[str, ...], str | None] = {}
    found = []
    for row, amount in zip(rows, usd, strict=True):
        given = tuple(filter(None, (row.model, *row.described)))
        if given not in labels:
            labels[given] = billed_label(provider, given, names)
        begin, _ = _bucket(row.start_ns, row.end_ns)
        place = bisect_right(buckets, (begin, 1 << 62)) - 1
        found.append(
            Billed(
                buckets[place], labels[given] if row.item is None else None, row.kind, row.item, row.charge,
                row.key, row.project, row.calls, row.quantity, amount, row.service_tier,
            )
        )  # fmt: skip
    return tuple(found)
