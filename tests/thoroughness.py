"""How much of the long laws runs: a part of it by default, all of it under ``COSTCTL_THOROUGH=1``.

Examples of hypothesis, seeds, damaged inputs, killed processes and planted worlds are counted by ``how_many`` alone.
Continuous integration sets the variable to 1, so that everything runs; ``COSTCTL_THOROUGH=20`` runs twenty times that.
Up to there the examples are the same at every run, so that a run that fails fails again; beyond, new ones are drawn.
"""

from __future__ import annotations

import os

_TIMES = int(os.environ.get("COSTCTL_THOROUGH", "0"))

ARE_EXAMPLES_NEW = _TIMES > 1


def how_many(usual: int, thorough: int) -> int:
    """``usual`` by default, else ``thorough`` times the number that COSTCTL_THOROUGH is set to."""
    return usual if _TIMES == 0 else thorough * _TIMES
