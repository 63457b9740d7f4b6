"""What is a setting that can be changed? Its owner, unit, scope, bounds, and the place in a policy that carries it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from costctl.documents.settings import Discipline

Owner = Literal["class", "pool", "commitment"]
Kind = Literal[
    "count",
    "duration",
    "number",
    "ratio",
    "choice",
    "class",
    "pool",
    "pools",
    "storages",
    "weights",
    "fallbacks",
    "model",
    "schedule",
    "hours",
    "sizes",
]
Scope = Literal["global", "backend", "replica", "caller"]
Form = Literal[
    "plain",
    "microseconds",
    "timeout",
    "rate",
    "limit",
    "lane",
    "expiry",
    "targets",
    "weights",
    "fallbacks",
    "attempts",
    "model",
    "bytes",
    "schedule",
    "hours",
    "sizes",
]

DISPATCH: Final = ("recorded", "round_robin", "least_outstanding", "prefix_affinity")
REFUSED: Final = ("reject", "demote")
OWN_LIMIT: Final = "the consumer's own limit, where it has one"
MOST_COUNT: Final = 2**31 - 1  # as policies carry counts
MOST_GB: Final = 1e6
MOST_REPLICAS: Final = 10_000  # of one pool: a replay holds a record for each
MOST_S: Final = (2**53 - 1) / 1e6  # as policies carry durations


@dataclass(frozen=True, slots=True)
class Lever:
    """One setting that can be changed, of a pool, a class or an offer of capacity.

    name: as in ``--set``.  field: of ``PoolRules`` or ``ClassRules``.  unit: of the value, None for a choice.
    scope: over what the value counts.  absent: what holds where a policy does not say it.  pointer: the place in a
    policy, below each backend of the pool or each entry of the class, and form: how the value is written there.
    least, most: bounds, inclusive.  is_limit: None is a value, and means "no limit".  discipline: of the pools that
    have it; None for all.
    """

    owner: Owner
    name: str
    field: str
    kind: Kind
    unit: str | None
    scope: Scope
    meaning: str
    absent: str = "as deployed"
    pointer: str | None = None
    form: Form = "plain"
    least: float = 0
    most: float = MOST_COUNT
    choices: tuple[str, ...] = ()
    is_limit: bool = False
    discipline: Discipline | None = None

    @property
    def id(self) -> str:
        """Such as class.queue.limit."""
        return f"{self.owner}.{self.name}"
