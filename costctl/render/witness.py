"""What the sources say that calls cost, beside what is charged: a table, and what the differences are due to."""

from __future__ import annotations

from typing import Final

from costctl.documents.witness import Witness, WitnessCause, WitnessGroup, by_size
from costctl.render.cells import NOT_OBSERVED, Cell, count, number, ratio, usd
from costctl.render.numbers import more_or_less, plural
from costctl.render.sections import Notes, Section, Table, first

_MOST_GROUPS: Final = 12
_MOST_CAUSES: Final = 12


def witness_sections(witness: Witness | None) -> list[Section]:
    """Nothing where no record names an amount."""
    if witness is None:
        return []
    columns = ("source", "provider", "model", "calls", "agree", "recorded", "computed", "computed/recorded")
    shown, _ = first(witness.groups, _MOST_GROUPS)
    table = Table(
        "Cost recorded by the sources, in USD",
        columns,
        tuple(_row(group) for group in shown),
        frozenset({"source", "provider", "model"}),
    )
    return [table, Notes("Recorded against computed cost", _lines(witness))]


def _row(group: WitnessGroup) -> tuple[Cell, ...]:
    return (
        group.source,
        group.provider or NOT_OBSERVED,
        group.model or NOT_OBSERVED,
        count(group.calls),
        count(group.agreeing_calls),
        usd(group.recorded_usd),
        usd(group.usd).at_least(group.unknown_calls),
        number(group.ratio, "", places=3),
    )


def _lines(witness: Witness) -> tuple[str, ...]:
    named = (
        f"{count(witness.named_calls)} of {plural(witness.calls, 'call')} to providers name an amount: "
        f"{usd(witness.recorded_usd)} together; computed: {usd(witness.usd).at_least(witness.unknown_calls)}. "
        f"{count(witness.agreeing_calls)} agree to the micro-dollar."
    )
    lines = [named]
    if witness.unknown_calls:
        lines.append(
            f"Not compared: {plural(witness.unknown_calls, 'call')} of them, for a part without a price here; "
            'what [prices] unpriced = "recorded" charges for them is what the source says.'
        )
    shown, smaller = first(by_size(witness), _MOST_CAUSES)
    lines.extend(cause_in_words(group, cause) for group, cause in shown)
    if smaller:
        lines.append(f"{plural(smaller, 'smaller difference')}: in --format json.")
    _, others = first(witness.groups, _MOST_GROUPS)
    if others:
        lines.append(f"{plural(others, 'other model')}: in --format json.")
    return (*lines, *witness.notes)


def cause_in_words(group: WitnessGroup, cause: WitnessCause) -> str:
    """How many calls differ, by how much, and what that is likely due to."""
    share = "" if cause.difference_ratio is None else f", {ratio(cause.difference_ratio)} of the difference"
    whose = f"{group.model or 'a model that was not observed'} by {group.source}"
    example = f" (such as trace {cause.trace_id})" if cause.trace_id else ""
    likely = cause.said if cause.kind == "none" else f"likely {cause.said}"
    return (
        f"{plural(cause.calls, 'call')} of {whose}: the computed cost is {more_or_less(cause.difference_usd)}{share}; "
        f"{likely}{example}."
    )
