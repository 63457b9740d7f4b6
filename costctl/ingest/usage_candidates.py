"""Which reading of a record's counts is the one that its own arithmetic allows?

Shape in: the names of one quantity, each a number that may or may not include its parts, and the parts; the totals that
the record states. Shape out: one value a record, or that nothing tells which of several it is.

A reading is a value that every name can stand for, with or without the parts, and that is not less than they are. The
reading by the convention that a name declares goes first; one that a total confirms goes before all others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from costctl.arrays import Bools, Ints

Said = tuple[Ints, Bools, int]  # values, where they are known, and the step by which the name counts


@dataclass(frozen=True, slots=True)
class Candidates:
    """Readings of one quantity. values, allowed, whole, declared: one of each a reading.  known: some name says it.

    whole: readings by which every name holds all of the parts or none of them.

    raw: the number that is written, of the first name that has one.
    """

    values: list[Ints]
    allowed: list[Bools]
    whole: list[Bools]
    declared: list[Bools]
    known: Bools
    raw: Ints
    is_plain: Bools


@dataclass(frozen=True, slots=True)
class Decision:
    """values: where found.  torn: names say something, and it contradicts itself."""

    values: Ints
    found: Bools
    torn: Bools


def candidates(said: Sequence[Said], steps: Sequence[Ints], least: Ints) -> Candidates:
    """The readings. steps: what may have to be added to a number, the first nothing.  least: the parts, which are no
    more than the whole.
    """
    rows = len(least)
    biggest = _largest(said, rows)
    names = [(values, known & ((values != 0) | (biggest == 0)), step) for values, known, step in said]
    known = _any_of([known for _, known, _ in names], rows)
    raw = biggest
    spread = steps[-1]
    readings = [(at, number) for at in range(len(names)) for number in range(len(steps))]
    values, allowed, whole, declared = [], [], [], []
    ends = (steps[0], steps[-1])
    for at, number in readings:
        written, is_known, step = names[at]
        if number and not spread.any():
            continue  # without parts all readings of a name are one
        reading = written + steps[number]
        is_allowed = is_known & (reading >= least) & (written >= 0)
        is_whole = is_allowed & _is_reading(reading, written, ends)
        for other, (theirs, is_theirs, _) in enumerate(names):
            if other != at:
                is_allowed &= ~is_theirs | _is_reading(reading, theirs, steps)
                is_whole &= ~is_theirs | _is_reading(reading, theirs, ends)
        values.append(reading)
        allowed.append(is_allowed)
        whole.append(is_whole)
        declared.append(is_whole & (reading == written + steps[step]))
    return Candidates(values, allowed, whole, declared, known, raw, spread == 0)


def _largest(said: Sequence[Said], rows: int) -> Ints:
    most = np.zeros(rows, dtype=np.int64)
    for values, known, _ in said:
        most = np.where(known & (np.abs(values) > np.abs(most)), values, most)
    return most


def _any_of(masks: Sequence[Bools], rows: int) -> Bools:
    found = np.zeros(rows, dtype=np.bool_)
    for mask in masks:
        found |= mask
    return found


def _is_reading(value: Ints, written: Ints, steps: Sequence[Ints]) -> Bools:
    return _any_of([value == written + step for step in steps], len(value))


def alone(of: Candidates) -> Decision:
    """The reading where no total tells: the one that is declared, else the only one by which names hold all or nothing
    of their parts: that one holds what was read from a cache and not what was written, only a total can show.
    """
    rows = len(of.raw)
    first = _only(of.values, of.declared, rows)
    other = _only(of.values, of.whole, rows)
    is_declared = first.found | first.torn
    found = np.where(is_declared, first.found, other.found)
    values = np.where(is_declared, first.values, other.values)
    return Decision(values, found, of.known & ~found)


def _only(values: Sequence[Ints], chosen: Sequence[Bools], rows: int) -> Decision:
    """The value that all chosen readings have; torn where they differ."""
    value, found = np.zeros(rows, dtype=np.int64), np.zeros(rows, dtype=np.bool_)
    torn = np.zeros(rows, dtype=np.bool_)
    for reading, is_chosen in zip(values, chosen, strict=True):
        torn |= is_chosen & found & (reading != value)
        value = np.where(is_chosen & ~found, reading, value)
        found |= is_chosen
    return Decision(value, found & ~torn, torn)


def together(
    into: Candidates, out: Candidates, totals: Sequence[tuple[Ints, Bools]], has_no_output: Bools
) -> tuple[Decision, Decision]:
    """Input and output that sum to a total, where one is stated; else each alone."""
    has_total = _any_of([known for _, known in totals], len(into.raw))
    lone_in, lone_out = alone(into), alone(out)
    if not has_total.any():
        return lone_in, lone_out
    matched_in, matched_out, is_sure = _pair(into, out, totals)
    both = has_total & into.known & out.known
    is_bare_sum = both & ~is_sure & _is_total(into.raw + out.raw, totals)
    # A total that only adds what is written tells nothing where it cannot be read with what was cached inside.
    is_lone = both & ~is_sure & is_bare_sum & lone_in.found & lone_out.found & (lone_in.values > into.raw)
    is_whole_only = (
        has_total & ~into.known & ~out.known & ~has_no_output
    )  # nothing tells what of it was input
    missing_in, missing_out = _rest(into, out, lone_in, lone_out, totals, has_no_output)
    return (
        _decided(into, lone_in, matched_in, missing_in, both, is_sure, is_lone, is_whole_only),
        _decided(out, lone_out, matched_out, missing_out, both, is_sure, is_lone, is_whole_only),
    )


def _is_total(sums: Ints, totals: Sequence[tuple[Ints, Bools]]) -> Bools:
    return _any_of([known & (total == sums) for total, known in totals], len(sums))


def _pair(
    into: Candidates, out: Candidates, totals: Sequence[tuple[Ints, Bools]]
) -> tuple[Ints, Ints, Bools]:
    """The only pair of readings that sums to a total, and where there is one: of two such nothing tells which it is."""
    values_in, values_out, chosen = [], [], []
    for reading_in, is_in in zip(into.values, into.allowed, strict=True):
        for reading_out, is_out in zip(out.values, out.allowed, strict=True):
            fits = is_in & is_out
            if fits.any():
                values_in.append(reading_in)
                values_out.append(reading_out)
                chosen.append(fits & _is_total(reading_in + reading_out, totals))
    rows = len(into.raw)
    first, second = _only(values_in, chosen, rows), _only(values_out, chosen, rows)
    return first.values, second.values, first.found & second.found


def _rest(
    into: Candidates,
    out: Candidates,
    lone_in: Decision,
    lone_out: Decision,
    totals: Sequence[tuple[Ints, Bools]],
    has_no_output: Bools,
) -> tuple[tuple[Ints, Bools], tuple[Ints, Bools]]:
    """What a total leaves for a side of which no name says anything, where the other has one reading only."""
    total, is_torn = np.zeros(len(into.raw), dtype=np.int64), np.zeros(len(into.raw), dtype=np.bool_)
    for values, known in totals:
        is_torn |= known & (total != 0) & (values != total)
        total = np.where(known & (total == 0), values, total)
    has_one = (total > 0) & ~is_torn
    is_plain_in = into.is_plain & lone_in.found
    is_plain_out = out.is_plain & lone_out.found
    is_all_input = ~into.known & ~out.known & has_no_output & has_one
    gives_in = (has_one & ~into.known & is_plain_out & (total >= lone_out.values)) | is_all_input
    gives_out = has_one & ~out.known & is_plain_in & (total >= lone_in.values)
    rest_in = np.where(is_all_input, total, total - lone_out.values)
    return (rest_in, gives_in), (total - lone_in.values, gives_out)


def _decided(
    of: Candidates,
    lone: Decision,
    matched: Ints,
    missing: tuple[Ints, Bools],
    both: Bools,
    is_sure: Bools,
    is_lone: Bools,
    is_whole_only: Bools,
) -> Decision:
    rest, is_rest = missing
    values = np.where(both & is_sure, matched, np.where(is_rest, rest, lone.values))
    found = np.where(both, is_sure | is_lone, np.where(is_rest, True, lone.found))
    return Decision(values, found, (of.known | is_whole_only) & ~found)
