"""What does an answer rest on? One digest of all of it: equal digests give equal answers.

In: a question, what it came to (the state of the store, settings, rules, bounds in time), and what is made of it.
Out: a text of 64 hex digits. Code counts by its source and the versions of what it runs on, so that an answer of an
older costctl, or of prices of an older price book, is no answer.
"""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Mapping, Set
from dataclasses import fields
from functools import cache
from importlib import metadata, resources
from importlib.resources.abc import Traversable
from typing import Any, Final

import msgspec

# Of the dependencies those that figures come from; the others read input or print.
FIGURES_COME_FROM: Final = (
    "duckdb", "genai-prices", "msgspec", "numba", "numpy", "polars", "pyarrow", "scikit-learn", "scipy",
    "statsmodels",
)  # fmt: skip


def basis_of(question: Any, resolved_fields: Set[str], resolved: Mapping[str, Any]) -> str:
    """question: a dataclass. resolved_fields: those of its fields that count as what they came to, in ``resolved``;
    any other counts as it is.

    Raises TypeError for a value that has no one spelling.
    """
    asked = {
        field.name: getattr(question, field.name)
        for field in fields(question)
        if field.name not in resolved_fields
    }
    return digest_of({"asked": asked, "resolved": resolved, "code": code_digest()})


def digest_of(value: Any) -> str:
    """Of plain values, the same whatever the order of keys. Raises TypeError for any other."""
    return hashlib.sha256(msgspec.json.encode(value, order="deterministic")).hexdigest()


@cache
def code_digest() -> str:
    """Of every file of the package, and of the versions that figures come from."""
    versions = [f"{name} {metadata.version(name)}" for name in FIGURES_COME_FROM]
    return digest_of(
        [source_digest(resources.files("costctl")), *versions, platform.python_version(), platform.machine()]
    )


def source_digest(folder: Traversable) -> str:
    """Of every file below a folder, without what Python compiled."""
    sources = hashlib.sha256()
    _add(sources, folder, "")
    return sources.hexdigest()


def _add(sources: Any, folder: Traversable, path: str) -> None:
    for entry in sorted(folder.iterdir(), key=lambda each: each.name):
        name = f"{path}/{entry.name}"
        if entry.is_dir():
            if entry.name != "__pycache__":
                _add(sources, entry, name)
        else:
            content = entry.read_bytes()
            sources.update(f"{name}\0{len(content)}\0".encode() + content)
