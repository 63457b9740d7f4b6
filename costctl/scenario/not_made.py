"""Which calls of a trace would not have been made, where a class attempts a call so often and no more?

In: the rules of classes, of each call its class and the number of its attempt, and whether it failed. Out: ``NotMade``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from costctl.arrays import Bools, Ints
from costctl.levers.platform import Platform


@dataclass(frozen=True, slots=True)
class NotMade:
    """n calls. is_left_out: the call is not made, and takes no time.  is_lost: and it had succeeded, so that what it
    was made for fails.
    """

    is_left_out: Bools
    is_lost: Bools


def not_made_of(
    platform: Platform, classes: Sequence[str], request_class: Ints, number: Ints, is_failed: Bools
) -> NotMade:
    """The calls beyond the attempts that their class makes. request_class, number, is_failed: by call."""
    most = np.full(len(classes), np.iinfo(np.int64).max)
    for place, name in enumerate(classes):
        rules = platform.classes.get(name)
        if rules is not None and rules.most_attempts is not None:
            most[place] = rules.most_attempts
    is_left_out = number > most[request_class]
    return NotMade(is_left_out, is_left_out & ~is_failed)
