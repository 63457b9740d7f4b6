"""The first screen of a diagnosis: what is missing, and what does it cost me?"""

from __future__ import annotations

from typing import Final

from costctl.documents.diagnosis import Check, Diagnosis, EngineTelemetry
from costctl.documents.usage_gaps import UsageGaps
from costctl.documents.witness import Witness
from costctl.render.cells import Cell, Quantity, Row, count, number, ratio, seconds, usd, usd_column
from costctl.render.numbers import plural
from costctl.render.sections import Facts, Section, Table, first, joined
from costctl.render.view import View

_MOST_GAPS: Final = 12
_MOST_KEYS: Final = 2
_MISSING: Final = "missing"
_FOUND: Final = "found"
_AFFECTS: Final = "affects"


def screen(document: Diagnosis, view: View) -> list[Section]:
    """What was examined, the gaps by the money that they affect, and what to add first."""
    gaps = [check for check in document.checks if check.state in ("missing", "partial")]
    parts: list[Section] = [Facts((("", _examined(document)), ("", _scores(document))))]
    if gaps:
        parts.append(_gaps(gaps, view))
    return [*parts, Facts(tuple(_facts(document, gaps, view)), frozenset({"CHECK"}))]


def _examined(document: Diagnosis) -> str:
    return (
        f"{plural(document.requests, 'request')}, {plural(document.calls, 'model call')}, "
        f"{plural(document.spans, 'span')} examined"
    )


def _scores(document: Diagnosis) -> str:
    scores = [f"{each.phase} {number(each.score, 'n/a', places=0)}" for each in document.phases]
    return f"Telemetry score, of 100: {' · '.join(scores)}"


def _gaps(gaps: list[Check], view: View) -> Table:
    shown, _ = first(gaps, view.top or _MOST_GAPS)
    costs = usd_column(None if check.cost is None else check.cost.usd for check in shown)
    return Table(
        "MISSING",
        (_MISSING, _FOUND, "their cost", _AFFECTS),
        tuple(_gap(check, cost) for check, cost in zip(shown, costs, strict=True)),
        frozenset({_MISSING, _AFFECTS}),
        is_compact=True,
        least=(_FOUND,),
    )


def _gap(check: Check, cost: Quantity) -> Row:
    """Of calls and requests it is told what they cost."""
    affected: Cell = "" if check.cost is None else cost.at_least(check.cost.unpriced_charges)
    return (check.about, ratio(check.ratio), affected, check.affects)


def _facts(document: Diagnosis, gaps: list[Check], view: View) -> list[tuple[str, str]]:
    _, hidden = first(gaps, view.top or _MOST_GAPS)
    lines = [("", f"{plural(hidden, 'more gap')}: see --detail")] if hidden else []
    checks = [*_usage(document.usage), *_recorded(document.witness)]
    lines.extend(("CHECK" if place == 0 else "", line) for place, line in enumerate(checks))
    lines.extend(("ENGINES" if place == 0 else "", line) for place, line in enumerate(engine_lines(document)))
    if gaps:
        best, *_ = gaps
        lines.append(("FIRST", f"add {best.add}"))
    else:
        lines.append(("OK", "nothing is missing"))
    lines.append(("Next", f"{view.command('doctor --detail')} says what to add for each, with examples"))
    return lines


def engine_lines(document: Diagnosis) -> list[str]:
    """What engines tell of themselves, and what they leave out, a line for each kind and model."""
    return [_of_engines(each) for each in document.engines]


def _of_engines(engines: EngineTelemetry) -> str:
    told = plural(engines.samples, "sample")
    every = f", every {seconds(engines.median_interval_s)}" if engines.median_interval_s else ""
    named = " ".join(filter(None, (engines.engine, engines.model))) or "an unnamed engine"
    lacking = joined([each.about for each in engines.untold], len(engines.untold), ", ")
    said = f"not told: {lacking}" if lacking else "tells all that is read"
    return f"{named}: {plural(engines.engines, 'replica')}, {told}{every}; {said}"


def _usage(gaps: UsageGaps) -> list[str]:
    """What records say of usage that is in no figure."""
    shown, hidden = first(gaps.unread, _MOST_KEYS)
    lines = [f"usage not read on {plural(each.records, 'record')}: {each.key}" for each in shown]
    if hidden:
        lines.append(f"usage not read: {plural(hidden, 'more key')}")
    if gaps.conflicts:
        calls = plural(gaps.conflicting_calls, "call")
        keys = joined([each.keys for each in gaps.conflicts], _MOST_KEYS, "; ")
        lines.append(f"counts of {calls} contradict each other and are treated as not observed: {keys}")
    if gaps.windows:
        calls = plural(gaps.oversized_calls, "call")
        models = joined([each.model for each in gaps.windows], _MOST_KEYS, ", ")
        lines.append(f"{calls} with more input than the model can read, priced as reported: {models}")
    return lines


def _recorded(witness: Witness | None) -> list[str]:
    if witness is None:
        return []
    return [
        f"recorded cost {usd(witness.recorded_usd)}, computed {usd(witness.usd).at_least(witness.unknown_calls)}; "
        f"{count(witness.agreeing_calls)} of {plural(witness.named_calls, 'call')} agree"
    ]
