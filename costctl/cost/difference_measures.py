"""What changed, in numbers that a person can check: requests, tokens an attempt, the cached part of the input.

In: lines, their sums on both sides, and the effect that is named. Out: ``Measure``.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from costctl.arrays import Bools, Floats
from costctl.cost.difference_lines import Lines, Sums
from costctl.documents.difference import EffectName, Measure, MeasureUnit

_MILLION: Final = 1e6


def measure_of(
    effect: EffectName, lines: Lines, sums: tuple[Sums, Sums], own: Bools, effects: Floats
) -> Measure | None:
    """own: the lines of what the effect is of.  effects: of it, by line. None where no one number says it."""
    cells = np.zeros(len(lines.cells), np.bool_)
    cells[lines.cell[own]] = True
    models = np.zeros(lines.parent.size, np.bool_)
    models[lines.model_cell[own & (lines.model_cell >= 0)]] = True
    called = cells[lines.parent]

    def pair(what: str, unit: MeasureUnit, top: list[float], bottom: list[float]) -> Measure:
        before, after = (x / y if y else None for x, y in zip(top, bottom, strict=True))
        return Measure(what, unit, before, after)

    requests = [float(side.requests[cells].sum()) for side in sums]
    first = [float(side.first_calls[cells].sum()) for side in sums]
    calls = [float(side.charged_calls[called].sum()) for side in sums]
    per, by = (calls, "call") if min(calls) > 0 else (requests, "request")
    match effect:
        case "length":
            return Measure("of time", "length_s", *lines.seconds)
        case "volume":
            return Measure("requests", "count", requests[0], requests[1])
        case "mix":
            return pair("of all requests", "ratio", requests, [float(side.requests.sum()) for side in sums])
        case "steps":
            return pair("calls per request", "number", first, requests)
        case "retries":
            return pair("billed attempts per call", "number", calls, first)
        case "model":
            name, share = _model(lines, sums, called)
            return pair(f"of the calls to {name}", "ratio", share, calls)
        case "input_tokens":
            return pair(f"input tokens per {by}", "tokens", _quantity(sums, own & lines.is_input), per)
        case "output_tokens":
            is_output = np.array(
                [str(key["resource"]).endswith(("/output", "/reasoning")) for key in lines.keys]
            )
            return pair(f"output tokens per {by}", "tokens", _quantity(sums, own & is_output), per)
        case "cache":
            is_read = np.array([str(key["resource"]).endswith("/cached_input") for key in lines.keys])
            read, whole = (_quantity(sums, own & each & lines.is_input) for each in (is_read, lines.is_input))
            return pair("of the input cached", "ratio", read, whole)
        case "replica_time":
            is_time = np.array([key["component"] == "accelerator" for key in lines.keys])
            return pair(f"replica time per {by}", "s", _quantity(sums, own & is_time), per)
        case "price":
            return _price(lines, sums, own, effects)
    return None


def _quantity(sums: tuple[Sums, Sums], chosen: Bools) -> list[float]:
    return [float(side.quantity[chosen].sum()) for side in sums]


def _model(lines: Lines, sums: tuple[Sums, Sums], called: Bools) -> tuple[str, list[float]]:
    """The model whose part of the calls rose most, and its calls on both sides."""
    names = sorted({lines.models[place] for place in np.flatnonzero(called)})
    calls = {
        name: [
            float(
                side.charged_calls[
                    [bool(c) and m == name for c, m in zip(called, lines.models, strict=True)]
                ].sum()
            )
            for side in sums
        ]
        for name in names
    }
    whole = [sum(each[side] for each in calls.values()) or 1.0 for side in (0, 1)]
    name = max(calls, key=lambda each: calls[each][1] / whole[1] - calls[each][0] / whole[0])
    return name, calls[name]


def _price(lines: Lines, sums: tuple[Sums, Sums], own: Bools, effects: Floats) -> Measure | None:
    """The price that did most, of a million tokens or of an hour of a replica."""
    place = int(np.argmax(np.abs(np.where(own, effects, 0.0))))
    resource = str(lines.keys[place]["resource"])
    same = np.array([own[i] and str(key["resource"]) == resource for i, key in enumerate(lines.keys)])
    prices = [
        float(side.usd[same].sum() / side.priced[same].sum()) if side.priced[same].sum() > 0 else None
        for side in sums
    ]
    match lines.keys[place]["unit"]:
        case "tokens":
            kind = resource.rpartition("/")[2].replace("_", " ")
            what, units = f"price of {kind} tokens per M", _MILLION
        case "s" if lines.keys[place]["component"] == "accelerator":
            what, units = "price of a replica per hour", 3600.0
        case unit:
            what, units = f"price per {unit}", 1.0
    before, after = (None if each is None else each * units for each in prices)
    return Measure(what, "USD", before, after)
