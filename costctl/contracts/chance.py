"""May chance alone have made a share larger than it was?

In: how many of how many broke a clause in the draft, and how many of how many do now. Out: by how much the share is
larger at the least: the lower bound of the difference of two shares (stats/exact_shares.py). A clause is broken where
that is above 0, and where Fisher's test, which is exact of few requests too, says so as well.

    level = 1 − 0.01 / clauses        so that all clauses of a check together are wrong once in a hundred (Bonferroni)
"""

from __future__ import annotations

from typing import Final

from costctl.stats.exact_shares import chance_of_as_many, least_excess
from costctl.stats.rank_bounds import fewest_for_upper_bound

_WRONG_CHECKS: Final = 0.01
# With so many requests, 95 % of all lie within the least and the most that was seen, on one side, with 95 % confidence
# (S. S. Wilks, Annals of Mathematical Statistics 12, 1941): 59.
FEWEST_REQUESTS: Final = fewest_for_upper_bound(0.95, 0.9)


def level_for(clauses: int) -> float:
    """Of the intervals of a check with so many clauses."""
    return 1.0 - _WRONG_CHECKS / max(clauses, 1)


def more_by(new: tuple[int, int], old: tuple[int, int], level: float) -> float | None:
    """The least by which the share is larger now; None where either has no samples. new, old: broken, samples."""
    if new[1] == 0 or old[1] == 0:
        return None
    return least_excess(new, old, level)


def is_more(new: tuple[int, int], old: tuple[int, int], level: float) -> bool:
    """Whether the share is larger now by more than chance allows."""
    least = more_by(new, old, level)
    return least is not None and least > 0.0 and chance_of_as_many(new, old) <= (1.0 - level) / 2.0


def could_tell(samples: int, old: tuple[int, int], level: float) -> bool:
    """Whether so many requests would show it if all of them broke the clause."""
    return is_more((samples, samples), old, level)
