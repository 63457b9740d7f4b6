"""What the sources say that calls cost, beside what is charged: a table, and what the differences are due to."""

from __future__ import annotations

from typing import Final

from costctl.documents.witness import Witness, WitnessCause, WitnessGroup
from costctl.render.numbers import NOT_OBSERVED, NOT_PRICED, at_least, count, plural, ratio, usd
from costctl.render.tables import Notes, Section, Table

_MOST_GROUPS: Final = 12
_MOST_CAUSES: Final = 12


def witness_sections(witness: Witness | None) -> list[Section]:
    """Nothing where no record names an amount."""
    if witness is None:
        return []
    columns = ("source", "provider", "model", "calls", "agree", "they say", "we say", "ours/theirs")
    shown = witness.groups[:_MOST_GROUPS]
    table = Table(
        "What the sources say that calls cost, in USD",
        columns,
        tuple(_row(group) for group in shown),
        frozenset({"source", "provider", "model"}),
    )
    return [table, Notes("How far the bill and the sources are apart", _lines(witness))]


def _row(group: WitnessGroup) -> tuple[str, ...]:
    return (
        group.source,
        group.provider or NOT_OBSERVED,
        group.model or NOT_OBSERVED,
        count(group.calls),
        count(group.agreeing_calls),
        usd(group.recorded_usd),
        NOT_PRICED if group.usd is None else at_least(usd(group.usd), group.unknown_calls),
        "" if group.ratio is None else f"{group.ratio:.3f}",
    )


def _lines(witness: Witness) -> tuple[str, ...]:
    named = (
        f"{count(witness.named_calls)} of {plural(witness.calls, 'call')} to providers name an amount: "
        f"{usd(witness.recorded_usd)} together; we say {at_least(usd(witness.usd), witness.unknown_calls)}. "
        f"{count(witness.agreeing_calls)} agree to the micro-dollar."
    )
    lines = [named]
    if witness.unknown_calls:
        lines.append(
            f"Not compared: {plural(witness.unknown_calls, 'call')} of them, for a part without a price here; "
            'what [prices] unpriced = "recorded" charges for them is what the source says.'
        )
    told = [(group, cause) for group in witness.groups for cause in group.causes]
    told.sort(key=lambda pair: -abs(pair[1].difference_usd))
    total = sum(abs(cause.difference_usd) for _, cause in told)
    lines += [_cause(group, cause, total) for group, cause in told[:_MOST_CAUSES]]
    if len(told) > _MOST_CAUSES:
        lines.append(f"{plural(len(told) - _MOST_CAUSES, 'smaller difference')}: in --format json.")
    if len(witness.groups) > _MOST_GROUPS:
        lines.append(f"{plural(len(witness.groups) - _MOST_GROUPS, 'other model')}: in --format json.")
    return (*lines, *witness.notes)


def _cause(group: WitnessGroup, cause: WitnessCause, total_usd: float) -> str:
    more = "more" if cause.difference_usd > 0 else "less"
    share = f", {ratio(abs(cause.difference_usd) / total_usd)} of the difference" if total_usd > 0 else ""
    whose = f"{group.model or 'a model that was not observed'} by {group.source}"
    example = f" (such as trace {cause.trace_id})" if cause.trace_id else ""
    likely = cause.said if cause.kind == "none" else f"likely {cause.said}"
    return (
        f"{plural(cause.calls, 'call')} of {whose}: ours is {usd(abs(cause.difference_usd))} {more}{share}; "
        f"{likely}{example}."
    )
