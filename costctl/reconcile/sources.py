"""Which lines of the files count, so that nothing is counted twice?

In: files as they were read. Out: the lines that count, and of each file how many do not. Of answers of one API with
the same bucket, a line counts once, and where they are grouped otherwise only the most detailed do. Where two formats
give amounts of one provider, those of the first in ``_FIRST`` count; likewise quantities.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Final, NamedTuple

from costctl.billed.row import BilledFile, BilledRow
from costctl.documents.reconciliation import BillFormat
from costctl.reconcile.names import seller_of

# An export of what is invoiced before what an API adds up, and before what a gateway reckons.
_FIRST: Final[tuple[BillFormat, ...]] = (
    "aws_cur",
    "azure",
    "focus",
    "openai_costs",
    "anthropic_cost",
    "openai_usage",
    "anthropic_usage",
    "litellm",
)
_BUCKETED: Final[frozenset[BillFormat]] = frozenset(
    {"openai_usage", "openai_costs", "anthropic_usage", "anthropic_cost"}
)


class Line(NamedTuple):
    """A line with where it stands. file: place of the file; form: its format."""

    file: int
    form: BillFormat
    row: BilledRow


@dataclass
class Counted:
    """lines: those that count.  repeated, unused: by (file, format), how many do not.  amount_formats,
    quantity_formats: by provider, where its amounts and its quantities come from.
    """

    lines: list[Line] = field(default_factory=list)
    repeated: Counter[tuple[int, BillFormat]] = field(default_factory=Counter)
    unused: Counter[tuple[int, BillFormat]] = field(default_factory=Counter)
    amount_formats: dict[str, BillFormat] = field(default_factory=dict)
    quantity_formats: dict[str, BillFormat] = field(default_factory=dict)


def counted_lines(files: tuple[BilledFile, ...], provider_of: dict[str, str]) -> Counted:
    """The lines that count. provider_of: whose the models are of which a line names no provider."""
    found = Counted()
    lines = [
        Line(place, part.format, _placed(row, provider_of))
        for place, file in enumerate(files)
        for part in file.parts
        for row in part.rows
    ]
    once = [line for line in lines if line.form not in _BUCKETED]
    for of_bucket in _by_bucket(line for line in lines if line.form in _BUCKETED):
        once.extend(_once(of_bucket, found))
    _choose(once, found)
    return found


def _placed(row: BilledRow, provider_of: dict[str, str]) -> BilledRow:
    names = tuple(filter(None, (row.model, *row.described)))
    traced = next((provider_of[name] for name in names if name in provider_of), None)
    if row.provider is None and traced is not None:
        return replace(row, provider=traced)
    return replace(row, provider=seller_of(row.provider, names))


def _by_bucket(lines: Iterable[Line]) -> list[list[Line]]:
    buckets: dict[tuple[object, ...], list[Line]] = {}
    for line in lines:
        row = line.row
        buckets.setdefault((line.form, row.part, row.start_ns, row.end_ns), []).append(line)
    return list(buckets.values())


def _once(lines: list[Line], found: Counted) -> list[Line]:
    """The lines of one bucket, each once. Files come in the order of their digests."""
    files: dict[int, list[Line]] = {}
    for line in lines:
        files.setdefault(line.file, []).append(line)
    if len(files) == 1:
        return lines
    detail = {file: max(_detail(line.row) for line in of) for file, of in files.items()}
    grouping = {file: _grouping(of) for file, of in files.items()}
    best = max(files, key=lambda file: (detail[file], -file))
    kept: list[Line] = []
    seen: set[tuple[object, ...]] = set()
    for file in sorted(files, key=lambda file: (file != best, file)):
        own: set[tuple[object, ...]] = set()
        for line in files[file]:
            is_other = grouping[file] != grouping[best] or line.row.dimensions in seen
            if is_other:
                found.repeated[line.file, line.form] += 1
            else:
                own.add(line.row.dimensions)
                kept.append(line)
        seen |= own
    return kept


def _detail(row: BilledRow) -> int:
    return sum(each is not None for each in row.dimensions)


def _grouping(lines: list[Line]) -> tuple[bool, ...]:
    """By which dimensions the lines are told apart: those that any of them has."""
    rows = [line.row for line in lines]
    return tuple(
        any(each is not None for each in column)
        for column in zip(*((row.model, row.key, row.project) for row in rows), strict=True)
    )


def _choose(lines: list[Line], found: Counted) -> None:
    """Of each provider the amounts of one format, and the quantities of one."""
    for form in _FIRST:
        for line in lines:
            provider = str(line.row.provider)
            if line.form == form and line.row.amount is not None:
                found.amount_formats.setdefault(provider, form)
    for provider, form in found.amount_formats.items():
        if any(
            line.form == form and line.row.provider == provider and line.row.quantity is not None
            for line in lines
        ):
            found.quantity_formats[provider] = form
    for form in _FIRST:
        for line in lines:
            if line.form == form and line.row.quantity is not None:
                found.quantity_formats.setdefault(str(line.row.provider), form)
    for line in lines:
        provider = str(line.row.provider)
        has_amount = found.amount_formats.get(provider) == line.form
        has_quantity = found.quantity_formats.get(provider) == line.form
        if not has_amount and not has_quantity:
            found.unused[line.file, line.form] += 1
            continue
        row = line.row
        if not has_amount:
            row = replace(row, amount=None)
        if not has_quantity:
            row = replace(row, quantity=None, calls=None)
        found.lines.append(line._replace(row=row))
