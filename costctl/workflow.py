"""The way through the house, once: store → relations → inner ring → documents.

In: a ``Question`` (what to read, which settings, which time, which seed). Out: the documents that the verbs
print. Each step is one call; what a step does is written where it is done. The command line and the Python
API both come through here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

Progress = Callable[[str, float | None], None]

DEFAULT_STORE: Final = Path("costctl.duckdb")


@dataclass(frozen=True, slots=True)
class Question:
    """What a verb was asked.

    paths: ingested first; into ``store``, or into a temporary store where none is named.  since, until: RFC
    3339 bounds on the start of requests, the end exclusive.
    """

    paths: tuple[str, ...] = ()
    store: Path | None = None
    config: Path | None = None
    rules: Path | None = None
    mapping: str | None = None
    since: str | None = None
    until: str | None = None
    seed: int = 0
