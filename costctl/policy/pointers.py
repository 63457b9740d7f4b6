"""Which values does a policy hold, and which text stands for it as a whole?

In: a policy document. Out: the JSON Pointers (RFC 6901) of its leaves in document order, and its digest.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

import msgspec

from costctl.documents.policy import Policy


def leaf_pointers(policy: Policy) -> tuple[str, ...]:
    """Pointers of every scalar and every empty container of the document, each once, in its order."""
    return tuple(_leaves(msgspec.to_builtins(policy), ""))


def policy_digest(policy: Policy) -> str:
    """SHA-256 of the document as canonical JSON: keys sorted, no spaces, absent values left out."""
    return "sha256:" + hashlib.sha256(msgspec.json.encode(policy, order="sorted")).hexdigest()


def escaped(key: str) -> str:
    """A key as a part of a pointer: "~" and "/" are written ~0 and ~1."""
    return key.replace("~", "~0").replace("/", "~1")


def resolves(document: Any, pointer: str) -> bool:
    """Whether the pointer names something in the document (dicts, lists and scalars)."""
    here = document
    for part in pointer.split("/")[1:]:
        key = part.replace("~1", "/").replace("~0", "~")
        if isinstance(here, dict) and key in here:
            here = here[key]
        elif isinstance(here, list) and key.isdecimal() and int(key) < len(here):
            here = here[int(key)]
        else:
            return False
    return True


def _leaves(value: Any, pointer: str) -> Iterator[str]:
    if isinstance(value, dict) and value:
        for key, item in value.items():
            yield from _leaves(item, f"{pointer}/{escaped(key)}")
    elif isinstance(value, list | tuple) and value:
        for index, item in enumerate(value):
            yield from _leaves(item, f"{pointer}/{index}")
    else:
        yield pointer
