"""The first screen of ``reconcile``: is the bill right, by how much not, why, and what to do?"""

from __future__ import annotations

from typing import Final

from costctl.documents.reconciliation import Difference, Reconciliation
from costctl.legible import in_one_line
from costctl.render.cells import Quantity, ratio, usd
from costctl.render.numbers import decimal_places, period, plural, shortened
from costctl.render.sections import Facts, Section, first, joined
from costctl.render.view import View

MOST_DIFFERENCES: Final = 4
_MOST_PARTS: Final = 5
_MOST_NAMES: Final = 3
_LONGEST_NAME: Final = 40
CAUSES: Final = {
    "not_traced": "not traced",
    "not_billed": "not billed",
    "priced_otherwise": "priced otherwise",
    "tokens_counted_otherwise": "tokens counted otherwise",
    "time_zones": "time zones",
    "discounts_and_credits": "discounts and credits",
    "rest": "unexplained",
}


def screen(document: Reconciliation, view: View) -> list[Section]:
    """The verdict, the causes by their amounts, and the largest differences with what to do about each."""
    shown, hidden = first(document.told, MOST_DIFFERENCES)
    lines: list[tuple[str, str]] = []
    for each in shown:
        lines.append((str(signed(each.usd, document)), said(each)))
        lines.append(("", f"→ {each.to_do}{' The lines: --detail.' if each.config else ''}"))
    if hidden:
        lines.append(("", f"{plural(hidden, 'smaller difference')}: see --detail"))
    return [
        Facts((("", headline(document)), ("", verdict(document)))),
        *([Facts((("WHY", _parts(document)),))] if document.told else []),
        *([Facts(tuple(lines))] if lines else []),
        Facts((*_beside(document), ("Next", _next(document, view)))),
    ]


def answer(document: Reconciliation) -> tuple[str, ...]:
    """The same in a few lines: both sums, the verdict, and the causes by their amounts."""
    causes = (_parts(document),) if document.told else ()
    return (headline(document), verdict(document), *causes)


def headline(document: Reconciliation) -> str:
    """The period, who bills, and both sums."""
    when = period(document.first_day, document.last_day)
    who = joined([name(each.provider) for each in document.providers], _MOST_NAMES, ", ")
    traced = written(document.traced_usd, document).at_least(document.unpriced_charges)
    return f"{when} · {who}: billed {written(document.billed_usd, document)}, traced {traced}"


def verdict(document: Reconciliation) -> str:
    """Whether the bill is right, as far as the traces tell."""
    difference = document.difference_usd
    rest = written(document.size_of("rest"), document)
    if document.is_agreed and not document.is_explained:
        return f"The bill is {_more(document)} than the traces, and nothing that they show says why."
    if document.is_agreed:
        left = f"but for {rest} of rounding" if difference else "to the cent"
        return f"The bill is right: both sides agree, {left}."
    agreed = "The sums agree, and their parts do not."
    parts = [f"The bill is {_more(document)} than the traces." if difference else agreed]
    if document.of("not_traced"):
        parts.append(f"No trace has {written(document.size_of('not_traced'), document)} of it.")
    if document.of("priced_otherwise", "discounts_and_credits"):
        asked = written(document.size_of("priced_otherwise", "discounts_and_credits"), document)
        takes = document.of("priced_otherwise", "discounts_and_credits") < 0
        parts.append(f"Other prices and credits {'take off' if takes else 'add'} {asked}.")
    parts.append("All is explained." if document.is_explained else f"{rest} is unexplained.")
    return " ".join(parts)


def _more(document: Reconciliation) -> str:
    part = document.difference_ratio
    more = "more" if document.difference_usd > 0 else "less"
    size = written(document.difference_size_usd, document)
    return f"{size} {more}{'' if part is None else f' ({ratio(part)})'}"


def _parts(document: Reconciliation) -> str:
    parts = [f"{CAUSES[part.cause]} {signed(part.usd, document)}" for part in document.largest_parts]
    return joined(parts, _MOST_PARTS)


def signed(value: float, document: Reconciliation) -> Quantity:
    """A part of a difference, with its sign, to the last digit that the document writes."""
    return Quantity(value, "USD", "", is_signed=True, places=decimal_places(document.unit_usd))


def written(value: float | None, document: Reconciliation, why: str = "") -> Quantity:
    """An amount, to the last digit that the document writes."""
    return Quantity(value, "USD", why, places=decimal_places(document.unit_usd))


def said(each: Difference) -> str:
    """What the data show, what is not in the sum, and what explains it as well."""
    moved = f" It moves {usd(each.moved_usd)} between days." if each.moved_usd else ""
    also = (
        f" Or: {', '.join(CAUSES[cause] for cause in each.also)}; the bill does not tell."
        if each.also
        else ""
    )
    return f"{each.said}{moved}{also}"


def _beside(document: Reconciliation) -> list[tuple[str, str]]:
    """What is not compared."""
    lines = []
    if document.outside_usd:
        lines.append(
            ("NOT COMPARED", f"{usd(document.outside_usd)} traced before and after the days of the bill")
        )
    if document.not_billed_providers:
        others = [f"{name(each.provider)} {usd(each.traced_usd)}" for each in document.not_billed_providers]
        label = "" if lines else "NOT COMPARED"
        lines.append((label, f"traced, and no bill given: {joined(others, _MOST_NAMES)}"))
    lines.extend(("NOTE" if place == 0 else "", note) for place, note in enumerate(document.notes))
    return lines


def _next(document: Reconciliation, view: View) -> str:
    offered = any(each.config for each in document.differences)
    return (
        f"--detail for {'rates, ' if offered else ''}days, models, keys and files · {view.command('doctor')}"
    )


def name(said: str) -> str:
    """A name as its side writes it, in one line, and not all of one that is very long."""
    return shortened(in_one_line(said), _LONGEST_NAME)
