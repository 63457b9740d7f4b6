"""In which order do members of a list stand, where the first that fits wins?

In: a file as dicts, lists and scalars, and the keys of such lists. Out: the same, with the names of each list's members
beside it, so that two files that differ in nothing but their order are told apart.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any


def with_order(value: Any, keys: Collection[str]) -> Any:
    """keys: of lists whose members have a name."""
    if isinstance(value, list):
        return [with_order(each, keys) for each in value]
    if not isinstance(value, dict):
        return value
    found = {key: with_order(each, keys) for key, each in value.items()}
    for key in keys:
        members = value.get(key)
        if isinstance(members, list):
            names = [each.get("name") for each in members if isinstance(each, dict)]
            found[f"{key} in order"] = ", ".join(str(name) for name in names if name is not None)
    return found
