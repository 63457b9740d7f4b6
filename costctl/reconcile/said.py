"""How is a part of a difference told: what the data show, and what to do about it?

In: a subject and what was found of it. Out: sentences, without amounts: those stand beside them. Names are as their
side writes them.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Final, NamedTuple

from costctl.documents.reconciliation import Reason
from costctl.legible import in_one_line
from costctl.reconcile.parts import Subject
from costctl.reconcile.tokens import Evidence

_NO_MORE: Final = Fraction(1, 10_000)  # off our price by less than this is our price
_LONGEST: Final = 48  # characters of a name


def shown(name: str | None) -> str:
    """A name in a sentence: in one line, and not all of one that is very long."""
    said = in_one_line(name or "")
    return said if len(said) <= _LONGEST else f"{said[: _LONGEST - 1]}…"


class Facts(NamedTuple):
    """ratio: the bill's price over ours; is_beside: over ours and what is on all models.  since: the first day it
    holds on, where not the first of the bill.  shift_hours: by which the bill's days begin later than UTC's;
    others: shifts that explain as well.  is_named: keys were told by their names.  batched: the part of the tokens
    that the bill has as a batch, and no trace.
    """

    evidence: Evidence
    ratio: Fraction | None = None
    since: str | None = None
    shift_hours: float | None = None
    others: tuple[float, ...] = ()
    is_named: bool = True
    is_beside: bool = False
    batched: Fraction = Fraction(0)


class Words(NamedTuple):
    """said: what the data show.  to_do: what to do."""

    said: str
    to_do: str


def words(subject: Subject, facts: Facts) -> Words:
    """The two sentences."""
    return _WORDS[subject.reason](subject, facts)


def percent(ratio: Fraction) -> str:
    """A part in percent, with as few digits as it takes: 12%, 12.5%."""
    return f"{float(ratio * 100):.3g}%"


def zone_name(shift_hours: float) -> str:
    """The zone in which days begin so much later than in UTC: UTC-8."""
    offset = -shift_hours
    whole, rest = divmod(abs(offset), 1)
    minutes = f":{round(rest * 60):02d}" if rest else ""
    return f"UTC{'-' if offset < 0 else '+'}{int(whole)}{minutes}"


def _key(subject: Subject, facts: Facts) -> Words:
    if subject.cause == "not_billed":
        return Words(
            f"Calls of {shown(subject.name)} are traced, and no line of the bill is theirs.",
            "Is the key of another account, or another file? Pass its bill too.",
        )
    how = "" if facts.is_named else " The traces name no keys; without this one the quantities agree."
    return Words(
        f"Usage of {shown(subject.name)} is on the bill, and no trace has any.{how}",
        "Find who holds this key and instrument it, or revoke it.",
    )


def _model(subject: Subject, _: Facts) -> Words:
    if subject.cause == "not_billed":
        return Words(
            f"{shown(subject.model)} is traced, and no line of the bill is about it.",
            "Is it another account's, or written under a name that costctl does not know? Pass that bill too.",
        )
    return Words(
        f"{shown(subject.model)} is on the bill, and no trace names it.",
        "Find what calls this model and instrument it.",
    )


def _day(subject: Subject, _: Facts) -> Words:
    of = f" of {shown(subject.model)}" if subject.model else ""
    if subject.cause == "not_billed":
        return Words(
            f"Calls{of} of {shown(subject.name)} are traced, and the bill has nothing of that day.",
            "Download the bill again later: providers take hours, clouds up to three days.",
        )
    return Words(
        f"The bill has usage{of} on {shown(subject.name)}, and no trace is of that day.",
        "Load the traces of that day; was the collector down?",
    )


def _hours(subject: Subject, _: Facts) -> Words:
    return Words(
        f"The traces begin or end within {shown(subject.name)}, as the bill cuts it.",
        "Load the traces of the hours that are missing, or compare whole days alone.",
    )


def _share(subject: Subject, facts: Facts) -> Words:
    name = shown(subject.model) or "all models"
    billed, traced = facts.evidence.billed_calls, facts.evidence.traced_calls
    counted = (
        "" if billed is None or traced is None else f" ({billed:,} calls on the bill, {traced:,} traced)"
    )
    if subject.cause == "not_billed":
        return Words(
            f"Fewer tokens of {name} are billed than traced{counted}.",
            "Are some calls traced twice, or of another account? `costctl doctor` shows repeated records.",
        )
    return Words(
        f"A part of the calls of {name} has no trace{counted}.",
        "Is the trace sampled? Keep every model call, or find the service that does not export.",
    )


def _item(subject: Subject, _: Facts) -> Words:
    return Words(
        f"The line “{shown(subject.name)}” is of nothing that traces count.",
        "Nothing, if you use it; declare it where it should be in the cost of classes.",
    )


def _unobserved(subject: Subject, facts: Facts) -> Words:
    calls = facts.evidence.unknown
    return Words(
        f"{calls:,} traced {'call' if calls == 1 else 'calls'} of {shown(subject.model)} have no tokens; the bill has.",
        "Record the usage of streams; `costctl doctor` says how.",
    )


def _price(subject: Subject, facts: Facts) -> Words:
    name = shown(subject.model) or "tokens"
    of = f" {subject.kind.replace('_', ' ')}" if subject.kind else ""
    ratio = facts.ratio
    if facts.batched and ratio is not None:
        return Words(
            f"{name}{of} is billed at {_times(ratio)}; {percent(facts.batched)} of it is a batch, no trace says so.",
            "Have the tool write the service tier; `costctl doctor` shows the attribute.",
        )
    if ratio is None:
        return Words(
            f"The price of {name}{of} is not ours, and differs from day to day.",
            "Are some calls of another service tier or region? Record the tier; `costctl prices list` shows ours.",
        )
    from_ = f", from {facts.since} on" if facts.since else ""
    beside = ", besides what is on all models" if facts.is_beside else ""
    return Words(
        f"{name}{of} is billed at {_times(ratio)}{beside}{from_}.",
        "Compare with your contract and the price list; if the bill is right, take the rate into costctl.toml.",
    )


def _times(ratio: Fraction) -> str:
    off = abs(ratio - 1)
    if off <= _NO_MORE:
        return "our price"
    return f"{percent(off)} {'more' if ratio > 1 else 'less'} than our price"


def _no_price(subject: Subject, _: Facts) -> Words:
    return Words(
        f"No price of {shown(subject.model) or subject.kind or 'it'} is known here.",
        "Add [[prices.rates]] with what the bill charges.",
    )


def _cached(subject: Subject, _: Facts) -> Words:
    return Words(
        f"Both sides have the same input tokens of {shown(subject.model)}, of which other parts came from a cache.",
        "Record cached tokens as the provider counts them; `costctl doctor` lists usage that is not read.",
    )


def _reasoning(subject: Subject, _: Facts) -> Words:
    return Words(
        f"Both sides have the same output tokens of {shown(subject.model)}, split otherwise.",
        "Record reasoning tokens as the provider counts them.",
    )


def _count(subject: Subject, _: Facts) -> Words:
    kind = (subject.kind or "tokens").replace("_", " ")
    return Words(
        f"The other tokens of {shown(subject.model) or 'all models'} agree, and {kind} does not.",
        "Take the counts of the provider's answer, not those of a tokenizer.",
    )


def _shift(_: Subject, facts: Facts) -> Words:
    hours = facts.shift_hours or 0.0
    others = f" (or {', '.join(map(zone_name, facts.others))})" if facts.others else ""
    return Words(
        f"The bill cuts its days at midnight in {zone_name(hours)}{others}: then they agree.",
        "Nothing is wrong; compare whole months, or export the bill in UTC.",
    )


def _ratio(_: Subject, facts: Facts) -> Words:
    ratio = facts.ratio or Fraction(1)
    from_ = f", from {facts.since} on" if facts.since else ""
    kind = "A discount" if ratio < 1 else "A surcharge"
    return Words(
        f"{kind} of {percent(abs(1 - ratio))} on every model{from_}.",
        "If your contract says so, take the rates into costctl.toml; else ask the provider.",
    )


def _line(kind: str) -> Callable[[Subject, Facts], Words]:
    def found(subject: Subject, _: Facts) -> Words:
        name = f" “{shown(subject.name)}”" if subject.name else ""
        return Words(f"The bill has a {kind}{name}.", "Compare with your contract.")

    return found


def _small(_: Subject, __: Facts) -> Words:
    return Words("Rounding, and differences too small to tell.", "Nothing.")


def _no_quantities(subject: Subject, _: Facts) -> Words:
    name = shown(subject.model) or subject.kind or "the provider"
    return Words(
        f"Amounts of {name} are not ours by any one ratio, and the bill has no quantities that could tell why.",
        "Pass the usage report of the same days too.",
    )


def _mixed(subject: Subject, _: Facts) -> Words:
    return Words(
        f"The bill has more tokens of {shown(subject.model) or 'some models'} of one kind, and fewer of another.",
        "Compare a day with `costctl explain`; the kinds of token are in the tables of --detail.",
    )


_WORDS: Final[dict[Reason, Callable[[Subject, Facts], Words]]] = {
    "key": _key,
    "model": _model,
    "day": _day,
    "hours": _hours,
    "share": _share,
    "item": _item,
    "unobserved": _unobserved,
    "price": _price,
    "no_price": _no_price,
    "cached": _cached,
    "reasoning": _reasoning,
    "count": _count,
    "shift": _shift,
    "ratio": _ratio,
    "credit": _line("credit"),
    "discount": _line("discount"),
    "tax": _line("tax"),
    "fee": _line("fee"),
    "small": _small,
    "no_quantities": _no_quantities,
    "mixed": _mixed,
}
