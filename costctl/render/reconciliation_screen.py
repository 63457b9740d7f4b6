"""The first screen of ``reconcile``: is the bill right, by how much not, why, and what to do?"""

from __future__ import annotations

from typing import Final

from costctl.documents.reconciliation import Difference, Reconciliation
from costctl.legible import in_one_line
from costctl.render.cells import Quantity, ratio, usd
from costctl.render.numbers import days, plural
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
    told = [each for each in document.differences if each.cause != "rest"]
    shown, hidden = first(told, MOST_DIFFERENCES)
    lines: list[tuple[str, str]] = []
    for each in shown:
        lines.append((str(signed(each.usd)), said(each)))
        lines.append(("", f"→ {each.to_do}{_config(each)}"))
    if hidden:
        lines.append(("", f"{plural(hidden, 'smaller difference')}: see --detail"))
    return [
        Facts((("", headline(document)), ("", verdict(document)))),
        *([Facts((("WHY", _parts(document)),))] if told else []),
        *([Facts(tuple(lines))] if lines else []),
        Facts((*_beside(document), ("Next", _next(document, view)))),
    ]


def headline(document: Reconciliation) -> str:
    """The period, who bills, and both sums."""
    begin = min(each.from_ for each in document.providers)
    end = max(each.to for each in document.providers)
    who = joined([name(each.provider) for each in document.providers], _MOST_NAMES, ", ")
    traced = usd(document.traced_usd).at_least(document.unpriced_charges)
    return f"{days(begin, end)} {begin[:4]} · {who}: billed {usd(document.billed_usd)}, traced {traced}"


def verdict(document: Reconciliation) -> str:
    """Whether the bill is right, as far as the traces tell."""
    difference, rest = document.difference_usd, _of(document, "rest")
    if document.is_agreed:
        left = "to the cent" if not difference else f"but for {usd(abs(difference))} of rounding"
        if abs(rest) > _small(document):
            return f"The bill is {_more(document)} than the traces, and nothing that they show says why."
        return f"The bill is right: both sides agree, {left}."
    asked = _of(document, "priced_otherwise") + _of(document, "discounts_and_credits")
    untraced = _of(document, "not_traced")
    agreed = "The sums agree, and their parts do not."
    parts = [f"The bill is {_more(document)} than the traces." if difference else agreed]
    if untraced:
        parts.append(f"{usd(abs(untraced))} of it no trace has.")
    if asked:
        parts.append(f"{usd(abs(asked))} is its prices and credits.")
    parts.append(
        "All is explained." if abs(rest) <= _small(document) else f"{usd(abs(rest))} is unexplained."
    )
    return " ".join(parts)


def _small(document: Reconciliation) -> float:
    """What is rounding, and no question: a thousandth of the bill."""
    return max(document.unit_usd, 0.001 * abs(document.billed_usd))


def _more(document: Reconciliation) -> str:
    difference = document.difference_usd
    part = ratio(abs(difference) / document.traced_usd) if document.traced_usd else None
    said_part = "" if part is None else f" ({part})"
    return f"{usd(abs(difference))}{said_part} {'more' if difference > 0 else 'less'}"


def _of(document: Reconciliation, cause: str) -> float:
    return sum(part.usd for part in document.parts if part.cause == cause)


def _parts(document: Reconciliation) -> str:
    parts = sorted((part for part in document.parts if part.usd), key=lambda part: -abs(part.usd))
    return joined([f"{CAUSES[part.cause]} {signed(part.usd)}" for part in parts], _MOST_PARTS)


def signed(value: float) -> Quantity:
    """A part of a difference, with its sign."""
    return Quantity(value, "USD", "", is_signed=True)


def said(each: Difference) -> str:
    """What the data show, what is not in the sum, and what explains it as well."""
    moved = f" It moves {usd(each.moved_usd)} between days." if each.moved_usd else ""
    also = (
        f" Or: {', '.join(CAUSES[cause] for cause in each.also)}; the bill does not tell."
        if each.also
        else ""
    )
    return f"{each.said}{moved}{also}"


def _config(each: Difference) -> str:
    return " The lines: --detail." if each.config else ""


def _beside(document: Reconciliation) -> list[tuple[str, str]]:
    """What is not compared."""
    lines = []
    outside = sum(each.outside_usd for each in document.providers)
    if outside:
        lines.append(("NOT COMPARED", f"{usd(outside)} traced before and after the days of the bill"))
    if document.not_billed_providers:
        others = [f"{name(each.provider)} {usd(each.traced_usd)}" for each in document.not_billed_providers]
        lines.append(
            ("" if lines else "NOT COMPARED", f"traced, and no bill given: {joined(others, _MOST_NAMES)}")
        )
    lines.extend(("NOTE" if place == 0 else "", note) for place, note in enumerate(document.notes))
    return lines


def _next(document: Reconciliation, view: View) -> str:
    if view.detail:
        return view.command("doctor")
    offered = any(each.config for each in document.differences)
    return f"--detail for {'rates, ' if offered else ''}days, models, keys and files"


def name(said: str) -> str:
    """A name as its side writes it, in one line, and not all of one that is very long."""
    shown = in_one_line(said)
    return shown if len(shown) <= _LONGEST_NAME else f"{shown[: _LONGEST_NAME - 1]}…"
