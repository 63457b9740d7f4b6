"""In which unit is a length written: how long a request took, waited, or thought before its first token?

In: the numbers of a column, its name, and what is known besides: end − start, output tokens, the longest that it can
be. Out: the unit and how it is known. Agreement with end − start decides; then what is plausible (a model call lasts
10 ms to 1 h and writes at most some 2,000 tokens a second), and the name among what is; then what is usual.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from costctl.ingest.propose.instants import NS_PER_UNIT, named_unit

Numbers = Sequence[int | float | None]

_SHORTEST_S: Final = 0.01
_LONGEST_S: Final = 3600.0
_SHORTEST_PART_S: Final = 0.0001  # of a wait, or of a first token
_FASTEST_PER_S: Final = 2000.0  # output tokens of one call
_SLOWEST_PER_S: Final = 0.5
_USUAL_PER_S: Final = 50.0
_USUAL_S: Final = 2.0
_AGREES: Final = 0.02
_SHARE: Final = 0.95
_FAR: Final = 1.8  # powers of ten from what is plausible, beyond which a name is not believed


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of the same rows. span_ns: end − start.  resolution_ns: of the instants.  output_tokens: how many.
    most_ns: how long a part of a request can be.  duration_unit: in which the duration is written.
    """

    span_ns: Numbers | None = None
    resolution_ns: int = 1
    output_tokens: Numbers | None = None
    most_ns: Numbers | None = None
    duration_unit: str | None = None


@dataclass(frozen=True, slots=True)
class LengthUnit:
    """unit: s, ms, us or ns.  why: how it is known.  is_agreed: end − start says the same.  is_doubtful: the name says
    another.
    """

    unit: str
    why: str
    is_agreed: bool = False
    is_doubtful: bool = False


def length_unit(path: str, values: Numbers, known: Known, *, is_part: bool = False) -> LengthUnit | None:
    """The unit of a length; None where no unit makes it plausible. is_part: of a wait or a first token."""
    agreed = [unit for unit in NS_PER_UNIT if _agrees(values, known, NS_PER_UNIT[unit])]
    named = named_unit(path)
    if len(agreed) == 1 and not is_part:
        return LengthUnit(agreed[0], f"{agreed[0]}, confirmed by end − start", is_agreed=True)
    far = {unit: _implausibility(values, known, size, is_part) for unit, size in NS_PER_UNIT.items()}
    nearest = min(far.values())
    if math.isinf(nearest):
        return None
    if named is not None and far[named] < nearest + _FAR:
        return LengthUnit(named, f"{named} by its name")
    likely = [unit for unit in far if far[unit] <= nearest + 0.1]
    unit = likely[0] if len(likely) == 1 else min(likely, key=lambda each: _unusual(values, known, each))
    if named is not None:
        why = f"{unit}, though its name says {named}: in {named} it is not plausible; check it"
        return LengthUnit(unit, why, is_doubtful=True)
    if known.duration_unit in likely:
        return LengthUnit(known.duration_unit, f"{known.duration_unit}, as the duration")
    if len(likely) == 1:
        return LengthUnit(unit, f"{unit}: in other units calls would be implausibly short, long or fast")
    return LengthUnit(unit, f"{unit} is a guess: {' and '.join(likely)} are plausible; check it")


def _agrees(values: Numbers, known: Known, size: int) -> bool:
    """Whether the length is end − start on nearly every row that has both."""
    if known.span_ns is None:
        return False
    pairs = [(value * size, span) for value, span in zip(values, known.span_ns, strict=True)
             if value is not None and span is not None]  # fmt: skip
    close = sum(
        abs(length - span) <= max(_AGREES * span, 2 * known.resolution_ns, size) for length, span in pairs
    )
    is_telling = any(span > max(4 * known.resolution_ns, 4 * size) for _, span in pairs)
    return bool(pairs) and is_telling and close >= _SHARE * len(pairs)


def _implausibility(values: Numbers, known: Known, size: int, is_part: bool) -> float:
    """Powers of ten by which the lengths, or the speeds that follow of them, lie outside of what is plausible."""
    said = [value * size / 10**9 for value in values if value is not None and value > 0]
    if not said:
        return 0.0
    if is_part and _is_too_long(values, known.most_ns, size):
        return math.inf
    shortest = _SHORTEST_PART_S if is_part else _SHORTEST_S
    middle = sorted(said)[len(said) // 2]
    far = max(_outside(middle, shortest, _LONGEST_S), _outside(max(said), 0.0, 24 * _LONGEST_S))
    if not is_part:
        rate = _tokens_per_s(values, known, size)
        far = max(far, 0.0 if rate is None else _outside(rate, _SLOWEST_PER_S, _FASTEST_PER_S))
    return far


def _is_too_long(values: Numbers, most_ns: Numbers | None, size: int) -> bool:
    """Whether a part is longer than its whole on any row."""
    if most_ns is None:
        return False
    return any(
        value is not None and most is not None and value * size > most + max(size, 10**6)
        for value, most in zip(values, most_ns, strict=True)
    )


def _outside(value: float, low: float, high: float) -> float:
    if value > high:
        return math.log10(value / high)
    return math.log10(low / value) if 0 < value < low else 0.0


def _tokens_per_s(values: Numbers, known: Known, size: int) -> float | None:
    """The middle speed of the calls."""
    if known.output_tokens is None:
        return None
    rates = sorted(
        tokens / (value * size / 10**9)
        for value, tokens in zip(values, known.output_tokens, strict=True)
        if value is not None and value > 0 and tokens is not None and tokens > 10
    )
    return rates[len(rates) // 2] if rates else None


def _unusual(values: Numbers, known: Known, unit: str) -> float:
    """How far the middle one is from what is usual, in powers of ten; whole numbers are rather ms."""
    size = NS_PER_UNIT[unit]
    rate = _tokens_per_s(values, known, size)
    if rate is not None:
        return abs(math.log10(rate / _USUAL_PER_S))
    said = sorted(value for value in values if value is not None and value > 0)
    if not said:
        return float(unit != "s")
    is_whole = all(value == int(value) for value in said)
    off = abs(math.log10(said[len(said) // 2] * size / 10**9 / _USUAL_S))
    return off + (0.5 if is_whole and unit == "s" else 0.0)
