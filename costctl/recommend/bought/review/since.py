"""Which calls is a promise held to, and which does it rest on?

In: the study of all calls at hand, a promise, the time that it is held to. Out: ``Since``, and the calls before.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from costctl.arrays import Bools, Ints
from costctl.documents.review import Promise
from costctl.instants import ns_from_iso
from costctl.recommend.bought.review.promises import Standing
from costctl.recommend.bought.study import BoughtStudy
from costctl.stats.week import times_a_week
from costctl.units import NS_PER_S, seconds_between


@dataclass(frozen=True, slots=True)
class Since:
    """The calls that a promise is held to. is_in: of all classes.  own: of its class.  from_ns, to_ns: from the first
    start to the last end of them.  a_week: how many there are in a week of one of its class, on average over them.
    """

    is_in: Bools
    own: Bools
    from_ns: int
    to_ns: int
    a_week: float

    @property
    def length_s(self) -> float:
        """Of that time, seconds."""
        return seconds_between(self.from_ns, self.to_ns)


def since_of(study: BoughtStudy, held: Standing) -> Since | None:
    """The calls since; None where none has started."""
    start_ns: Ints = study.calls.frame["start_ns"].to_numpy()
    is_in = start_ns >= held.from_ns
    if held.until_ns is not None:
        is_in &= start_ns < held.until_ns
    if not is_in.any():
        return None
    end_ns = study.calls.frame["end_ns"].fill_null(0).to_numpy()
    to_ns = int(np.maximum(start_ns, end_ns)[is_in].max()) + 1
    name = held.promise.request_class
    own = is_in if name is None else is_in & study.calls.of_class(name)
    return since_between(is_in, own, start_ns, int(start_ns[is_in].min()), to_ns)


def since_between(is_in: Bools, own: Bools, start_ns: Ints, from_ns: int, to_ns: int) -> Since:
    """The calls of a time. start_ns: of all calls."""
    at_s = (start_ns[own if own.any() else is_in] - from_ns) / NS_PER_S
    a_week = times_a_week(at_s, seconds_between(from_ns, to_ns)).mean()
    return Since(is_in, own, from_ns, to_ns, float(a_week))


def before(study: BoughtStudy, promise: Promise) -> Bools:
    """The calls of its class that it was computed on, as far as they are at hand."""
    start_ns: Ints = study.calls.frame["start_ns"].to_numpy()
    first_ns, end_ns = ns_from_iso(promise.window_from), ns_from_iso(promise.window_to)
    found: Bools = (start_ns >= first_ns) & (start_ns < end_ns)
    return found if promise.request_class is None else found & study.calls.of_class(promise.request_class)
