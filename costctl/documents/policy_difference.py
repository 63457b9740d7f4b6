"""costctl.policy_difference/v1: how two policies differ, in words, what matters most first."""

from __future__ import annotations

from typing import Final, Literal

import msgspec

from costctl.documents.policy import Digest, Id, Text

SCHEMA_VERSION: Final = "costctl.policy_difference/v1"

Matter = Literal[
    "data boundary", "limit", "placement", "match", "order of service", "backend", "purchase", "other"
]
Direction = Literal["wider", "narrower", "other"]


class PolicySide(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One of the two. name: what it was called when it was asked about."""

    name: Text
    policy_id: Id
    digest: Digest


class PolicyChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One value that differs. of: the class, backend or lane.  setting: its name in the policy, such as queue.depth.

    before, after: in words; null where one side says nothing.  direction: of a boundary, whether data may go to more
    places (wider); of a limit, whether more is let in.  is_required: of a boundary, whether either side requires it.
    pointer: into the newer policy, or into the older where the newer has nothing there.
    """

    matter: Matter
    of: Text
    setting: Text
    before: str | None
    after: str | None
    direction: Direction
    is_required: bool
    pointer: str


class PolicyDifference(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """changes: data boundaries first, those that widen before others; then limits. same: settings that are alike.

    problems: that `costctl policy check` finds in the newer policy.
    """

    schema_version: Literal["costctl.policy_difference/v1"]
    base: PolicySide
    new: PolicySide
    changes: tuple[PolicyChange, ...]
    same: int
    problems: int

    @property
    def widened(self) -> int:
        """In how many settings data may go to more places."""
        return sum(each.matter == "data boundary" and each.direction == "wider" for each in self.changes)
