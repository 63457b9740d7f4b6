"""Which settings does a policy hold, of what, and where? Classes, backends and the policy itself, groups taken apart.

In: a policy. Out: its settings with their names and pointers, in the order of the document. What only tells where a
policy comes from is none.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from costctl.documents.policy import Policy

_NONE: Final = frozenset({"id", "why", "calls", "request_class", "answers_as"})
_TAKEN_APART: Final = frozenset({"queue", "admission", "placement", "batch", "routing", "caps"})


@dataclass(frozen=True, slots=True)
class PlacedSetting:
    """of: such as "class chat".  setting: its name, such as queue.depth.  value: in JSON's types.

    is_of_backend: it is a backend's.
    """

    of: str
    setting: str
    value: Any
    pointer: str
    is_of_backend: bool = False


def placed_settings(policy: Policy) -> list[PlacedSetting]:
    """Every setting of the policy, each once."""
    found = [
        PlacedSetting(
            f"{word} {item.id}",
            name,
            value,
            f"/{section}/{number}/{name.replace('.', '/')}",
            is_of_backend=section == "backends",
        )
        for section, word in (("classes", "class"), ("backends", "backend"))
        for number, item in enumerate(getattr(policy, section))
        for name, value in _parts(msgspec.to_builtins(item))
    ]
    return [
        *found,
        PlacedSetting("policy", "lanes", [lane.id for lane in policy.lanes], "/lanes"),
        PlacedSetting("policy", "order of classes", [kind.id for kind in policy.classes], "/classes"),
        PlacedSetting("policy", "default_class", policy.default_class, "/default_class"),
        PlacedSetting("policy", "validity", msgspec.to_builtins(policy.validity), "/validity"),
    ]


def _parts(item: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Its settings, groups taken apart."""
    for name, value in item.items():
        if name in _TAKEN_APART:
            yield from ((f"{name}.{part}", inner) for part, inner in value.items())
        elif name not in _NONE:
            yield name, value
