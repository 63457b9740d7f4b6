"""How the cost of the window went over time, and what changed within it: part of costctl.analysis/v2.

In the attributed cost: idle time is paid for evenly, and is no part of a change. A request is counted, with all that it
was charged, when it started. Only equal lengths of time are compared.

    change = volume effect + unit cost effect (+ mix effect, of the total)
"""

from __future__ import annotations

from typing import Final, Literal

import msgspec

from costctl.documents.cuts import CutRowKind

# A difference of four standard errors comes about by chance once in 16,000; a report compares hundreds.
STANDARD_ERRORS: Final = 4.0
# A day counts as whole with up to an hour of it missing, which is 4% of it.
LEAST_RATIO: Final = 0.05
# Of the cost of the longer side: less is not what a person would act on first.
LEAST_SHARE: Final = 0.01

Effect = Literal["volume", "unit_cost", "mix"]


class Spent(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What was charged in some time. usd: null where there were requests and none has an amount.

    unpriced_charges: charges without an amount: where there are any, usd is a lower bound.
    """

    requests: int
    usd: float | None
    usd_per_request: float | None
    unpriced_charges: int


class Change(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """By how much the cost of something differs between two times of equal length, USD.

    of: total, class, model, tenant, or a cut that was asked for; kind, value: which row of that cut.  change_ratio,
    requests_ratio, unit_cost_ratio: of what was spent, of the requests and of what each cost before; null where that
    was nothing.
    volume_usd: for there were more requests, or fewer.  unit_cost_usd: for each cost more, or less.  mix_usd: of the
    total: for other classes made them up; null of its parts.  These add up to change_usd.  mainly: the largest of them.
    noise_usd: the standard error of change_usd.  is_listed: the change is more than noise and large enough to name.
    first_request: of a mover, the trace of the first request that shows it: in the later time, of what is gone in the
    earlier; null where none is told apart so.
    """

    of: str
    kind: CutRowKind
    value: str | None
    before: Spent
    after: Spent
    change_usd: float
    change_ratio: float | None
    requests_ratio: float | None
    unit_cost_ratio: float | None
    volume_usd: float
    unit_cost_usd: float
    mix_usd: float | None
    mainly: Effect
    noise_usd: float
    is_listed: bool
    first_request: str | None = None


class Comparison(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Two times of equal length, RFC 3339, ends exclusive. seconds: of each.  days: of each, where they are whole UTC
    days, else 0.  is_same_time_of_day: they cover the same hours of the day; where not, the daily rhythm of the traffic
    is a part of every change.  movers: what is listed, the largest change first.
    """

    before_from: str
    before_to: str
    after_from: str
    after_to: str
    seconds: float
    days: int
    is_same_time_of_day: bool
    total: Change
    movers: tuple[Change, ...]


class Changes(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What changed within the window. halves: its first half and its second, by whole days where it has two or more.
    days: each whole day and the one before it; none where there are two, which are the halves.  reason: why nothing is
    compared; null where something is.

    Named are changes of at least so many standard errors, of this ratio of what was there before, and of this share of
    the cost of the side that costs more.
    """

    halves: Comparison | None
    days: tuple[Comparison, ...]
    reason: str | None
    least_standard_errors: float = STANDARD_ERRORS
    least_ratio: float = LEAST_RATIO
    least_share: float = LEAST_SHARE


class Slot(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"from_": "from"}):
    """An hour or a day. observed_s: how much of it lies in the window.  is_whole: but for an hour of a day, or a minute
    of an hour.
    """

    from_: str
    observed_s: float
    is_whole: bool


class Series(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One number a slot. request_class: null for all.  usd: null where there were requests and none has an amount."""

    request_class: str | None
    requests: tuple[int, ...]
    usd: tuple[float | None, ...]


class Timeline(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Requests and attributed cost by UTC day, by hour where the window is shorter than two days. slot_s: length, s."""

    slot_s: float
    slots: tuple[Slot, ...]
    total: Series
    classes: tuple[Series, ...]


def leading_movers(comparison: Comparison) -> tuple[Change, ...]:
    """Of each cut what changed most: the same money, seen by class, by model and by tenant."""
    first: dict[str, Change] = {}
    for mover in comparison.movers:
        first.setdefault(mover.of, mover)
    return tuple(first.values())


def notable_days(changes: Changes, most: int) -> tuple[Comparison, ...]:
    """The days on which most changed against the day before, the largest change first."""
    found = [day for day in changes.days if day.movers]
    found.sort(key=lambda day: (-max(abs(mover.change_usd) for mover in day.movers), day.after_from))
    return tuple(found[:most])


def movers_of(changes: Changes, of: str) -> tuple[tuple[Comparison, Change], ...]:
    """What changed of one cut: between the halves first, then from day to day."""
    halves = () if changes.halves is None else (changes.halves,)
    return tuple(
        (compared, mover)
        for compared in (*halves, *changes.days)
        for mover in compared.movers
        if mover.of == of
    )
