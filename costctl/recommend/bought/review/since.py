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
from costctl.units import S_PER_WEEK, seconds_between


@dataclass(frozen=True, slots=True)
class Since:
    """The calls that a promise is held to. is_in: of all classes.  own: of its class.  from_ns, to_ns: from the first
    start to the last end of them.
    """

    is_in: Bools
    own: Bools
    from_ns: int
    to_ns: int

    @property
    def length_s(self) -> float:
        """Of that time, seconds."""
        return seconds_between(self.from_ns, self.to_ns)

    @property
    def weeks(self) -> float:
        """The same in weeks."""
        return self.length_s / S_PER_WEEK


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
    return Since(is_in, own, int(start_ns[is_in].min()), to_ns)


def before(study: BoughtStudy, promise: Promise) -> Bools:
    """The calls of its class that it was computed on, as far as they are at hand."""
    start_ns: Ints = study.calls.frame["start_ns"].to_numpy()
    first_ns, end_ns = ns_from_iso(promise.window_from), ns_from_iso(promise.window_to)
    found: Bools = (start_ns >= first_ns) & (start_ns < end_ns)
    return found if promise.request_class is None else found & study.calls.of_class(promise.request_class)
