"""Which calls would not be made under a plan, and why? They cost nothing, and no cache sees them.

In: calls, a plan. Out: ``LeftOut``. A rule looks at the calls that the rules before it leave.
"""

from __future__ import annotations

from dataclasses import dataclass

from costctl.arrays import Bools
from costctl.levers.plan import Plan
from costctl.rebill.calls import BoughtCalls
from costctl.rebill.repeats import answered_from


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Of n calls: is_answered: an earlier answer was given."""

    is_answered: Bools

    @property
    def is_any(self) -> Bools:
        """The calls that are not made, for whatever reason."""
        return self.is_answered


def left_out(calls: BoughtCalls, plan: Plan) -> LeftOut:
    """The calls that are not made."""
    return LeftOut(is_answered=answered_from(calls, plan))
