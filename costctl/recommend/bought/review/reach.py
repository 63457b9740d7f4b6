"""How many came so far that a change concerns them, and what did it cost from there on?

In: the calls, a setting that leaves calls or tokens out. Out: ``Reach``, an entry for each that came so far, which the
change does not alter:

| setting | came so far | costs from there on |
|---|---|---|
| attempts of a call at most N | calls of which the N-th attempt failed | attempts after the N-th |
| wait between attempts W | calls that failed at first and were answered in the end | their other attempts that failed |
| calls of a request at most M | requests with M calls or more | calls after the M-th |
| tokens of a prompt at most M | calls that generate | what the bill is smaller where M is kept |
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from costctl.arrays import Bools, Floats, Ints
from costctl.levers.settings import Setting
from costctl.rebill.attempts import Attempts, attempts_of, following, left_out_before, waits_s
from costctl.recommend.bought.study import BoughtStudy

_KEPT: Final = 0.99  # of a wait: clocks are not exact


@dataclass(frozen=True, slots=True)
class Reach:
    """n that came so far. call: an index, of the call by which they came there, ascending.  usd: what it cost from
    there on.  is_as_before: whether what was made of it is what the change forbids.
    """

    call: Ints
    usd: Floats
    is_as_before: Bools


# In which order changes of one class act: each concerns the calls that those before it leave.
ORDER: Final = ("least_wait_s", "most_attempts", "most_steps", "most_input_tokens")


def reach_of(study: BoughtStudy, made: Setting, given: Sequence[Setting] = ()) -> Reach:
    """given: settings of the same class that act before it; it is told what the change adds to them."""
    before = study.bill(given) if given else study.today
    saved_usd = before.usd - study.bill((*given, made)).usd
    left = before.left_out.is_any
    own = study.calls.of_class(made.subject) & ~left
    match made.lever.field:
        case "least_wait_s":
            return _of_waits(study, own, float(str(made.value)))
        case "most_attempts":
            return _of_attempts(study, own, int(str(made.value)), saved_usd)
        case "most_steps":
            return _of_steps(study, own, int(str(made.value)), saved_usd, left)
        case _:
            return _of_prompts(study, own, saved_usd)


def _of_attempts(study: BoughtStudy, own: Bools, most: int, saved_usd: Floats) -> Reach:
    attempts = attempts_of(study.calls)
    is_failed = study.calls.frame["is_failed"].to_numpy()
    call = _first_of_each(attempts.first, own & is_failed & (attempts.number == most))
    beyond = own & (attempts.number > most)
    return Reach(
        call,
        _sum_by(attempts.first, saved_usd)[attempts.first[call]],
        _sum_by(attempts.first, beyond.astype(np.float64))[attempts.first[call]] > 0,
    )


def _of_waits(study: BoughtStudy, own: Bools, wait_s: float) -> Reach:
    """No bill is run: what further attempts cost that failed is known, with the wait and without it."""
    attempts = attempts_of(study.calls)
    is_failed = study.calls.frame["is_failed"].to_numpy()
    is_answered = _sum_by(attempts.first, (~is_failed).astype(np.float64))[attempts.first] > 0
    call = np.flatnonzero(own & is_failed & is_answered & (attempts.first == np.arange(own.size)))
    again = is_failed & (attempts.first != np.arange(own.size))
    return Reach(
        call,
        _sum_by(attempts.first, np.where(again, study.today.usd, 0.0))[call],
        _sum_by(attempts.first, _too_soon(study, attempts, is_failed, wait_s))[call] > 0,
    )


def _too_soon(study: BoughtStudy, attempts: Attempts, is_failed: Bools, wait_s: float) -> Floats:
    """1 where an attempt began sooner than that after one that had failed."""
    before, after = following(attempts)
    is_soon = is_failed[before] & (waits_s(study.calls, before, after) < _KEPT * wait_s)
    found = np.zeros(is_failed.size)
    found[after[is_soon]] = 1.0
    return found


def _of_steps(study: BoughtStudy, own: Bools, most: int, saved_usd: Floats, left: Bools) -> Reach:
    request = np.unique(study.calls.frame["request_id"].to_numpy(), return_inverse=True)[1].astype(np.int64)
    place = study.calls.frame["place"].to_numpy()
    place = place - left_out_before(request, place, left)
    call = _first_of_each(request, own & (place >= most))
    beyond = own & (place > most)
    return Reach(
        call,
        _sum_by(request, np.where(own, saved_usd, 0.0))[request[call]],
        _sum_by(request, beyond.astype(np.float64))[request[call]] > 0,
    )


def _of_prompts(study: BoughtStudy, own: Bools, saved_usd: Floats) -> Reach:
    """A prompt is cut where it costs less, or more, cut."""
    frame = study.calls.frame
    call = np.flatnonzero(
        own & frame["is_generation"].to_numpy() & (frame["input_tokens"].fill_null(0).to_numpy() > 0)
    )
    return Reach(call, saved_usd[call], saved_usd[call] != 0.0)


def _first_of_each(group: Ints, part: Bools) -> Ints:
    """Of each group the first call that is of the part, ascending."""
    calls = np.flatnonzero(part)
    return np.sort(calls[np.unique(group[calls], return_index=True)[1]])


def _sum_by(group: Ints, values: Floats) -> Floats:
    return np.bincount(group, values).astype(np.float64)
