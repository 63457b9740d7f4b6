"""What graders found: how good the answers of a model were, for one class of requests."""

from __future__ import annotations

import msgspec


class Grade(msgspec.Struct, frozen=True):
    """One row of a file of grades.

    score: mean of n graded answers; where sd is None each was passed or failed, and score is the part that passed.
    sd: standard deviation of the scores.
    """

    request_class: str
    model: str
    score: float
    n: int
    sd: float | None = None
