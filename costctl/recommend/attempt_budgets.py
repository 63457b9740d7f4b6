"""How often was each thing attempted, at which attempt did it succeed, and what would a budget of attempts cut?

In: the attempts of calls, which of them failed, what each cost. Out: ``Tried``, and what is said of a budget. Cost is
USD of bought calls, and accelerator seconds of those on pools.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from costctl.arrays import Bools, Floats, Ints
from costctl.documents.recommendations import Evidence
from costctl.rebill.attempts import Attempts

DEAR: Final = 2.0  # times what a call costs that succeeds at once: dearer successes are a choice
_LEVEL: Final = 0.95
ASSUMPTIONS: Final = (
    "A call is a further attempt where its source says so, or where it follows one that failed, of the same operation "
    "and prompt, in the same request.",
    "The rest of a request stays as it is.",
)


@dataclass(frozen=True, slots=True)
class Tried:
    """n calls. number: of the attempt.  succeeded_at: the number of the first attempt of the same thing that succeeded;
    0 where none did.  is_opening: it is a first attempt.
    """

    number: Ints
    cost: Floats
    is_failed: Bools
    in_first: Bools
    succeeded_at: Ints
    is_opening: Bools

    def of(self, keep: Bools) -> Tried:
        """These of the calls."""
        return Tried(
            self.number[keep],
            self.cost[keep],
            self.is_failed[keep],
            self.in_first[keep],
            self.succeeded_at[keep],
            self.is_opening[keep],
        )

    def beyond(self, most: int, part: Bools) -> Bools:
        """The attempts that a budget would cut."""
        return part & (self.number > most)

    def lost(self, most: int, part: Bools) -> int:
        """Successes that a budget would cut."""
        return int((part & self.is_opening & (self.succeeded_at > most)).sum())

    def went_on(self, most: int, part: Bools) -> int:
        """Of how many things a further attempt was made after so many."""
        return int((part & (self.number == most + 1)).sum())

    def cost_of_success(self, most: int) -> float:
        """Cost of all attempts beyond the budget for each success among them, on the first part."""
        return float(self.cost[self.beyond(most, self.in_first)].sum()) / self.lost(most, self.in_first)

    @property
    def safe(self) -> int:
        """The smallest budget that cuts no success on the first part; 1 at least."""
        budgets = range(1, max(int(self.number.max()), 1) + 1)
        return next(most for most in budgets if not self.lost(most, self.in_first))

    @property
    def dearest(self) -> tuple[int, float, float] | None:
        """The budget that cuts the dearest successes, what one of them costs, and one at the first attempt; None where
        every success is at the first, or none is.
        """
        at_once = self.is_opening & (self.succeeded_at == 1) & self.in_first
        budgets = [most for most in range(1, self.safe) if self.lost(most, self.in_first)]
        if not budgets or not at_once.any():
            return None
        most = max(budgets, key=self.cost_of_success)
        return most, self.cost_of_success(most), float(self.cost[at_once].mean())


def tried_of(attempts: Attempts, is_failed: Bools, cost: Floats, in_first: Bools) -> Tried:
    """The calls, in their order."""
    never = np.iinfo(np.int64).max
    succeeded_at = np.full(is_failed.size, never)
    np.minimum.at(succeeded_at, attempts.first[~is_failed], attempts.number[~is_failed])
    return Tried(
        number=attempts.number,
        cost=cost,
        is_failed=is_failed,
        in_first=in_first,
        succeeded_at=np.where(succeeded_at == never, 0, succeeded_at)[attempts.first],
        is_opening=attempts.first == np.arange(is_failed.size),
    )


def none_succeeded(tried: Tried, most: int) -> Evidence:
    """How many went on beyond the budget, none of which succeeded on the first part, and what that says of others."""
    lost, seen = tried.lost(most, ~tried.in_first), tried.went_on(most, tried.in_first)
    bound = 1.0 - (1.0 - _LEVEL) ** (1.0 / max(seen, 1))
    return Evidence(
        id="successes",
        kind="measured",
        statement=f"{seen:,} calls were attempted more than {_times(most)}, and none of them succeeded: of more of "
        f"them at most {bound:.1%} would. In the hold-out period {lost:,} of "
        f"{tried.went_on(most, ~tried.in_first):,} did.",
        samples=seen,
        value=None,
    )


def decide_on_lost(tried: Tried, most: int) -> str | None:
    """What must be decided where the budget cuts successes in the hold-out period; None where it cuts none."""
    lost = tried.lost(most, ~tried.in_first)
    if not lost:
        return None
    return (
        f"In the hold-out period {_calls(lost)} succeeded only after the {nth(most)} attempt: decide whether they may "
        "fail."
    )


def decide_on_dear(tried: Tried, most: int) -> str:
    """What must be decided where the budget cuts successes that are dear."""
    lost = _calls(tried.lost(most, tried.in_first))
    return f"{lost} of the first part succeeded only after the {nth(most)} attempt: decide whether they may fail."


def nth(number: int) -> str:
    """Such as first, or 4th."""
    return {1: "first", 2: "second", 3: "third"}.get(number, f"{number}th")


def _calls(count: int) -> str:
    return "1 call" if count == 1 else f"{count:,} calls"


def _times(number: int) -> str:
    return {1: "once", 2: "twice"}.get(number, f"{number} times")
