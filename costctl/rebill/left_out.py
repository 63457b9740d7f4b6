"""Which calls would not be made under a plan, and why? They cost nothing, and no cache sees them.

In: calls, a plan. Out: ``LeftOut``. A rule looks at the calls that the rules before it leave: attempts, then the steps
of a request, then answers that were given before.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from costctl.arrays import Bools, Ints
from costctl.levers.plan import Plan
from costctl.rebill.attempts import beyond_attempts
from costctl.rebill.calls import BoughtCalls, limits_of
from costctl.rebill.repeats import answered_from


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Of n calls. is_beyond_attempts: it was attempted often enough.  is_beyond_steps: its request was stopped before.
    is_answered: an earlier answer was given.
    """

    is_beyond_attempts: Bools
    is_beyond_steps: Bools
    is_answered: Bools

    @property
    def is_any(self) -> Bools:
        """The calls that are not made, for whatever reason."""
        return self.is_beyond_attempts | self.is_beyond_steps | self.is_answered


def left_out(calls: BoughtCalls, plan: Plan) -> LeftOut:
    """The calls that are not made."""
    most_attempts = limits_of(calls, {name: each.most_attempts for name, each in plan.classes.items()})
    most_steps = limits_of(calls, {name: each.most_steps for name, each in plan.classes.items()})
    attempts = beyond_attempts(calls, most_attempts)
    steps = beyond_steps(calls, most_steps, attempts)
    answered = answered_from(calls, plan, ~(attempts | steps))
    return LeftOut(attempts, steps, answered)


def beyond_steps(calls: BoughtCalls, most: Ints, is_left_out: Bools) -> Bools:
    """The calls that come after so many of their request, those left out not counted; 0 for no limit.

    Calls that pools of your own take count as steps, as they were recorded.
    """
    if not most.any():
        return np.zeros(calls.size, np.bool_)
    step = calls.frame["place"].to_numpy() - _left_out_before(calls, is_left_out)
    found: Bools = (most > 0) & (step > most) & ~is_left_out
    return found


def _left_out_before(calls: BoughtCalls, is_left_out: Bools) -> Ints:
    """How many calls of its request are left out before each."""
    if not is_left_out.any():
        return np.zeros(calls.size, np.int64)
    request = calls.frame["request_id"].to_numpy()
    order = np.lexsort((calls.frame["place"].to_numpy(), request))
    out = is_left_out[order].astype(np.int64)
    before = np.cumsum(out) - out
    _, first, group = np.unique(request[order], return_index=True, return_inverse=True)
    found = np.empty(calls.size, np.int64)
    found[order] = before - before[first][group]
    return found
