"""A file was written: what is in it, what is not, and what to do next, one line each.

In: what was written, what it carries. Out: lines for a terminal.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from costctl.documents.analysis import Analysis
from costctl.documents.coverage import Carried
from costctl.render.cells import usd
from costctl.render.numbers import count, plural
from costctl.render.sections import Facts, Listing, Section, first

if TYPE_CHECKING:
    from costctl.finance.export import FocusExport

_MOST_MISSING: Final = 3
_CHECKED: Final = (
    "ids, references, data boundaries, weights, order of matching, durations, evidence, validity"
)


@dataclass(frozen=True, slots=True)
class Written:
    """A file. size: bytes.  contents: how many of what.  beside: another file that goes with it."""

    name: str
    size: int
    contents: Sequence[tuple[int, str]] = ()
    beside: str | None = None

    def text(self) -> str:
        """What was written."""
        holds = ", ".join(plural(number, noun) for number, noun in self.contents)
        also = "" if self.beside is None else f", and {self.beside}"
        return f"{self.name} ({plural(self.size, 'byte')}{': ' if holds else ''}{holds}){also}"


def written_facts(
    written: Written, lines: Sequence[tuple[str, str]], following: str, verb: str = "Wrote"
) -> Facts:
    """What was written, what is to be said of it, and the next command. verb: such as "Would write"."""
    return Facts(((verb, written.text()), *lines, ("Next", following)))


def carried_lines(carried: Carried, manifest: str | None) -> tuple[tuple[str, str], ...]:
    """What a consumer's file carries of the policy, and the most important of what it does not. manifest: the file that
    says it of each value; None where none is written.
    """
    counts = (
        f"{plural(carried.exact, 'value')} exactly",
        f"{count(carried.rounded)} rounded" if carried.rounded else "",
        f"{count(carried.approximated)} approximately" if carried.approximated else "",
        "" if carried.unsupported else "nothing is left out",
    )
    kept = ("Carried", ", ".join(part for part in counts if part))
    if not carried.unsupported:
        return (kept,)
    named, hidden = first(carried.missing, _MOST_MISSING)
    parts = [f"{each.subject} ({count(each.values)})" for each in named]
    if hidden:
        parts.append(plural(carried.values_beyond(len(named)), "other"))
    where = "--out FILE writes a list of them beside it" if manifest is None else f"listed in {manifest}"
    return (kept, ("Not carried", f"{plural(carried.unsupported, 'value')}: {', '.join(parts)}; {where}"))


def exported_lines(analysis: Analysis, kind: str) -> tuple[tuple[str, str], ...]:
    """What an export carries, and what is not in it. kind: of rows, such as "FOCUS 1.4"."""
    missing = analysis.totals.unit_costs.unpriced_charges
    total_usd = analysis.totals.billed_usd
    billed = "nothing priced" if total_usd is None else f"{usd(total_usd).at_least(missing)} billed"
    carried = ("Carried", f"{billed}, as {kind}")
    if not missing:
        return (carried,)
    return (
        carried,
        ("Not carried", f"{plural(missing, 'charge')} without a price: costctl analyze says which"),
    )


def invoiced_lines(export: FocusExport) -> tuple[tuple[str, str], ...]:
    """What a file of invoices carries, and how much of it the file of costs has."""
    invoices = plural(export.invoice_count, "invoice")
    itemised = usd(export.itemised_usd)
    return (("Carried", f"{invoices}, {usd(export.invoiced_usd)}, of which {itemised} in the file of costs"),)


def checked_sections(
    name: str, findings: Sequence[str], contents: Sequence[tuple[int, str]], boundaries: str, path: str
) -> list[Section]:
    """What is wrong with a policy, or that it is sound, and the next command. boundaries: where data may go.  path: as
    a shell takes it.
    """
    checked = ", ".join(plural(number, noun) for number, noun in contents)
    if findings:
        return [
            Facts((("", f"{name} has {plural(len(findings), 'problem')}, of {checked}:"),)),
            Listing("", "\n".join(findings), ""),
            Facts((("Next", f"fix them, then costctl policy check {path}"),)),
        ]
    return [
        Facts(
            (
                ("Sound", f"{name}: {checked}"),
                ("Data", boundaries),
                ("Checked", _CHECKED),
                ("Next", f"costctl emit --target litellm --policy {path}"),
            )
        )
    ]
