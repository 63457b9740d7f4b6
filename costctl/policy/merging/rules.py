"""What must be known of a consumer to merge into its file? Which of its entries are the same, and which values are its
owner's.

In: places, such as ("model_list",); members of lists stand there by what they are called, in brackets.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from costctl.documents.policy import Policy

Place = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Together:
    """A merged file as a whole. present: its values without us.  ours: what the policy asks for.  merged: both.

    adopted: by list of ours, the number of the member that each became one with; None for those that were added.
    is_whole: whether all of ours is in it; values in the way are not.
    """

    policy: Policy
    present: Mapping[str, Any]
    ours: Mapping[str, Any]
    merged: Mapping[str, Any]
    adopted: Mapping[Place, tuple[int | None, ...]]
    is_whole: bool


@dataclass(frozen=True, slots=True)
class MergeRules:
    """is_set: whether the order of a list does not count.  is_list_of_named: whether its members are told by name; what
    is neither is one value.  matches: which members are the same thing as one of ours.

    adapted: ours as they must be beside what is there.  joined: what of a member of ours is asked of the one that it
    becomes one with.  faults: what would be wrong with the merged file, a sentence each; raises InfeasibleError where
    it would not keep a required data boundary.  conditions: what must be so for it.
    """

    is_set: Callable[[Place], bool]
    is_list_of_named: Callable[[Place], bool]
    matches: Callable[[Place, Any, Sequence[Any]], list[int]]
    adapted: Callable[[Mapping[str, Any], Mapping[str, Any]], dict[str, Any]]
    joined: Callable[[Place, Any], Any]
    faults: Callable[[Together], tuple[str, ...]]
    conditions: Callable[[Together], tuple[str, ...]]
