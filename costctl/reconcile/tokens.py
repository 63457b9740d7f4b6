"""Why are the quantities of the bill other than those of the traces? As far as they show it.

In: gaps, each of a bucket and cell, valued at the bill's price. Out: of each gap its subject. What one side has
nothing of is told first: a model, a day, the hours beyond the end of the traces. What is left of a model is looked at
as a whole:

    calls whose tokens the traces lack, and more of everything     those calls
    another number of calls                                        a share of the calls
    the same input, or output, of other kinds                      cached, or reasoning, counted otherwise
    the same calls, or the same input or output, and not the other tokens counted otherwise
    more, or less, of all, and the bill counts no calls            a share of the calls, or counted otherwise: either
    more of one and less of another                                nothing is claimed
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from typing import Final

from costctl.documents.reconciliation import Cause, Reason
from costctl.reconcile.cells import NOTHING, Cell, Cells, Group
from costctl.reconcile.parts import Subject
from costctl.reconcile.sides import Bucket, Provider
from costctl.reconcile.traced import SLOTS_A_DAY

SAME: Final = Fraction(1, 1000)  # two counts that differ by less are one
_MAY_BE_CUT: Final = 2  # half hours before the first, and after the last, call of the traces
_EPOCH: Final = date(1970, 1, 1)
_INPUT: Final = ("input", "cache")


@dataclass(frozen=True, slots=True)
class Gap:
    """Quantities of one bucket and cell on both sides. price_usd: of one, on the bill.  unknown: charges of the
    traces without a quantity.
    """

    bucket: Bucket
    cell: Cell
    billed: Fraction
    traced: Fraction
    price_usd: Fraction
    unknown: int

    @property
    def usd(self) -> Fraction:
        """What the bill takes for the difference."""
        return (self.billed - self.traced) * self.price_usd


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is to be said of a subject besides. billed_calls, traced_calls: None where the bill counts none.
    unknown: calls whose tokens the traces lack.  also: causes that explain it as well.
    """

    billed_calls: int | None = None
    traced_calls: int | None = None
    unknown: int = 0
    also: tuple[Cause, ...] = ()


def day_of(bucket: Bucket) -> str:
    """The day with which the bucket begins, YYYY-MM-DD."""
    return (_EPOCH + timedelta(days=bucket[0] // SLOTS_A_DAY)).isoformat()


def is_cut(provider: Provider, bucket: Bucket, shift: int) -> bool:
    """Whether the traces begin or end within the bucket."""
    begin, end = provider.window
    return bucket[0] + shift < begin - _MAY_BE_CUT or bucket[1] + shift > end + _MAY_BE_CUT


def subjects(
    gaps: Sequence[Gap], provider: Provider, cells: Cells, shift: int
) -> Iterator[tuple[Gap, Subject, Evidence]]:
    """Each gap with its subject."""
    traced_models, billed_models = _models(cells)
    traced_buckets = {bucket for (bucket, _), used in cells.traced.items() if used.quantity or used.usd}
    traced_buckets |= {bucket for (bucket, _), calls in cells.traced_calls.items() if calls}
    billed_buckets = {bucket for (bucket, _), quantity in cells.billed.items() if quantity}
    left: dict[str | None, list[Gap]] = {}
    for gap in gaps:
        model = gap.cell.model
        if model is not None and model not in traced_models:
            yield gap, Subject("not_traced", "model", model=model), Evidence()
        elif model is not None and model not in billed_models:
            yield gap, Subject("not_billed", "model", model=model), Evidence()
        elif gap.bucket not in traced_buckets:
            yield gap, Subject("not_traced", "day", day_of(gap.bucket)), Evidence()
        elif gap.bucket not in billed_buckets:
            yield gap, Subject("not_billed", "day", day_of(gap.bucket)), Evidence()
        elif gap.billed > gap.traced and is_cut(provider, gap.bucket, shift) and _lacks_calls(gap, cells):
            yield gap, Subject("not_traced", "hours", day_of(gap.bucket)), Evidence()
        else:
            left.setdefault(model, []).append(gap)
    for model, of_model in left.items():
        yield from _of_model(model, of_model, cells)


def _lacks_calls(gap: Gap, cells: Cells) -> bool:
    """Whether calls are missing, as far as the bill counts them."""
    billed = cells.billed_calls.get((gap.bucket, gap.cell.model)) if gap.cell.model is not None else None
    return billed is None or billed > cells.traced_calls.get((gap.bucket, str(gap.cell.model)), 0)


def _models(cells: Cells) -> tuple[set[str | None], set[str | None]]:
    traced = {
        cell.model for (_, cell), used in cells.traced.items() if used.quantity or used.usd or used.unknown
    }
    billed = {cell.model for (_, cell), quantity in cells.billed.items() if quantity}
    billed |= {group.model for (_, group), usd in cells.amounts.items() if usd}
    return traced, billed


def _of_model(model: str | None, gaps: list[Gap], cells: Cells) -> Iterator[tuple[Gap, Subject, Evidence]]:
    kinds = _sums(gaps, by_family=False)
    families = _sums(gaps, by_family=True)
    evidence = _calls(model, gaps, cells)
    off = {kind for kind, (billed, traced) in kinds.items() if not _same(billed, traced)}
    verdict = _verdict(kinds, families, off, evidence)
    for gap in gaps:
        family = _family(gap.cell.kind)
        cause, reason, is_of_kind = verdict
        if cause == "tokens_counted_otherwise" and _same(*families[family]):
            reason, is_of_kind = ("cached" if family == "input" else "reasoning"), False
        yield (
            gap,
            Subject(cause, reason, model=model, kind=gap.cell.kind if is_of_kind else None),
            evidence if cause in ("not_traced", "not_billed") else Evidence(),
        )


_Verdict = tuple[Cause, Reason, bool]
_Sums = dict[str, tuple[Fraction, Fraction]]


def _verdict(kinds: _Sums, families: _Sums, off: set[str], evidence: Evidence) -> _Verdict:
    """Cause, reason, and whether each kind is a subject of its own."""
    if not off:
        return "rest", "small", False
    more = all(kinds[kind][0] > kinds[kind][1] for kind in off)
    less = all(kinds[kind][0] < kinds[kind][1] for kind in off)
    if evidence.unknown and more:
        return "not_traced", "unobserved", False
    families_off = {name for name in families if not _same(*families[name])}
    if not families_off:
        return "tokens_counted_otherwise", "cached", False
    if evidence.billed_calls is not None and evidence.traced_calls is not None:
        if _same(Fraction(evidence.billed_calls), Fraction(evidence.traced_calls)):
            return "tokens_counted_otherwise", "count", True
        if evidence.billed_calls > evidence.traced_calls and more:
            return "not_traced", "share", False
        if evidence.billed_calls < evidence.traced_calls and less:
            return "not_billed", "share", False
        return "rest", "mixed", False
    if any(name in families and name not in families_off for name in ("input", "output")):
        return "tokens_counted_otherwise", "count", True
    if more or less:
        return ("not_traced" if more else "not_billed"), "share", False
    return "rest", "mixed", False


def _calls(model: str | None, gaps: list[Gap], cells: Cells) -> Evidence:
    buckets = {gap.bucket for gap in gaps}
    unknown: dict[str, int] = {}
    for gap in gaps:
        unknown[gap.cell.kind] = unknown.get(gap.cell.kind, 0) + gap.unknown
    billed = [
        calls
        for (bucket, of), calls in cells.billed_calls.items()
        if bucket in buckets and model in (None, of)
    ]
    traced = sum(
        calls
        for (bucket, of), calls in cells.traced_calls.items()
        if bucket in buckets and model in (None, of)
    )
    counts = sum(billed) if billed else None
    return Evidence(
        billed_calls=counts,
        traced_calls=traced,
        unknown=max(unknown.values(), default=0),
        also=() if billed and not any(unknown.values()) else ("tokens_counted_otherwise",),
    )


def _sums(gaps: list[Gap], *, by_family: bool) -> _Sums:
    sums: _Sums = {}
    for gap in gaps:
        name = _family(gap.cell.kind) if by_family else gap.cell.kind
        billed, traced = sums.get(name, (NOTHING, NOTHING))
        sums[name] = (billed + gap.billed, traced + gap.traced)
    return sums


def _family(kind: str) -> str:
    """Input and output hold kinds that are told apart by what was cached, and by what was reasoning."""
    if kind.startswith(_INPUT) and not kind.endswith(("_s", "_characters")):
        return "input"
    return "output" if kind.startswith(("output", "reasoning")) and not kind.endswith("_s") else kind


def _same(billed: Fraction, traced: Fraction) -> bool:
    return abs(billed - traced) <= SAME * max(billed, traced)


def absent(
    provider: Provider,
    cells: Cells,
    group: Group,
    bucket: Bucket,
    shift: int,
    billed: Fraction,
    ours: Fraction,
) -> Subject | None:
    """What one side has nothing of, of an amount without quantities; None where both have something."""
    traced_models, billed_models = _models(cells)
    day = day_of(bucket)
    if billed and not ours:
        if group.model is not None and group.model not in traced_models:
            return Subject("not_traced", "model", model=group.model)
        is_dark = not any(other == bucket and used.usd for (other, _), used in cells.traced.items())
        return Subject("not_traced", "day", day, model=None if is_dark else group.model)
    if ours and not billed:
        if group.model is not None and group.model not in billed_models:
            return Subject("not_billed", "model", model=group.model)
        is_blank = not any(other == bucket and usd for (other, _), usd in cells.amounts.items())
        return Subject("not_billed", "day", day, model=None if is_blank else group.model)
    if billed > ours and is_cut(provider, bucket, shift):
        return Subject("not_traced", "hours", day)
    return None
