"""Which calls would not be made under a plan, and why? They cost nothing, and no cache sees them.

In: calls, a plan, what its waits change. Out: ``LeftOut``. A rule looks at the calls that the rules before it leave:
attempts after longer waits, attempts in all, the steps of a request, answers that were given before.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from costctl.arrays import Bools, Ints
from costctl.levers.plan import Plan
from costctl.rebill.attempts import beyond_attempts, left_out_before
from costctl.rebill.calls import BoughtCalls, limits_of
from costctl.rebill.repeats import answered_from
from costctl.rebill.waits import Waited


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Of n calls. is_waited_out: longer waits come to an answer without it.  is_beyond_attempts: it was attempted often
    enough.  is_beyond_steps: its request was stopped before.  is_answered: an earlier answer was given.
    """

    is_waited_out: Bools
    is_beyond_attempts: Bools
    is_beyond_steps: Bools
    is_answered: Bools

    @property
    def is_any(self) -> Bools:
        """The calls that are not made, for whatever reason."""
        return self.is_waited_out | self.is_beyond_attempts | self.is_beyond_steps | self.is_answered


def left_out(calls: BoughtCalls, plan: Plan, waited: Waited) -> LeftOut:
    """The calls that are not made. waited: under the same plan."""
    most_attempts = limits_of(calls, {name: each.most_attempts for name, each in plan.classes.items()})
    most_steps = limits_of(calls, {name: each.most_steps for name, each in plan.classes.items()})
    attempts = beyond_attempts(calls, most_attempts, waited.is_left_out)
    steps = beyond_steps(calls, most_steps, waited.is_left_out | attempts)
    answered = answered_from(calls, plan, ~(waited.is_left_out | attempts | steps))
    return LeftOut(waited.is_left_out, attempts, steps, answered)


def beyond_steps(calls: BoughtCalls, most: Ints, is_left_out: Bools) -> Bools:
    """The calls that come after so many of their request, those left out not counted; 0 for no limit.

    Calls that pools of your own take count as steps, as they were recorded.
    """
    if not most.any():
        return np.zeros(calls.size, np.bool_)
    place = calls.frame["place"].to_numpy()
    step = place - left_out_before(calls.frame["request_id"].to_numpy(), place, is_left_out)
    found: Bools = (most > 0) & (step > most) & ~is_left_out
    return found
