"""Kubernetes objects as a file: several YAML documents, written and read.

In: objects as plain dicts. Out: text, the objects in their order; and back, by what each is and is called, so that two
files are compared object by object.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec
import yaml

from costctl.documents.policy import Lane
from costctl.policy.reading import read_yaml

Object = dict[str, Any]
UNBOUNDED: Final = 2**53 - 1  # where a number must be said and 0 or nothing would mean another
_LONGEST_MS: Final = 100_000 * 3_600_000 - 1  # a part of a duration has five digits at most
_UNITS_MS: Final = (("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1))

_Dumper: Any = type("_Dumper", (yaml.SafeDumper,), {})
_Dumper.add_representer(
    str,
    lambda dumper, text: dumper.represent_scalar(
        "tag:yaml.org,2002:str", text, style="|" if "\n" in text else None
    ),
)


def object_of(api: str, kind: str, name: str, **parts: Any) -> Object:
    """An object. api: its group and version.  parts: what it has besides, such as ``spec``."""
    return {"apiVersion": api, "kind": kind, "metadata": {"name": name}, **parts}


def documents_text(objects: Sequence[Object]) -> str:
    """All objects, each a document of its own; what stands in two places is written in both."""
    return "".join(f"---\n{yaml_text(each)}" for each in objects)


def yaml_text(value: Any) -> str:
    """One document; lines within a text stay lines."""
    apart = msgspec.json.decode(msgspec.json.encode(value))
    text: str = yaml.dump(apart, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110)
    return text


def read_documents(text: str) -> dict[str, Any]:
    """Objects by kind and name; YAML in a ConfigMap is read too. Raises ValueError, which quotes nothing, also where
    two objects of a kind have one name: a cluster would keep the last.
    """
    found: dict[str, Any] = {}
    for number, part in enumerate(_documents(text)):
        if not isinstance(part, dict):
            raise ValueError(f"document {number + 1} is no object")
        metadata = part.get("metadata")
        name = metadata.get("name") if isinstance(metadata, dict) else None
        called = f"{part.get('kind')} {name}"
        if called in found:
            raise ValueError(f"document {number + 1} is the same object as one before")
        found[called] = _unfolded(part)
    return found


def priority_of(place: int, lanes: Sequence[Lane]) -> int:
    """The highest is first. The last lane has 0, which is also that of what names no priority. place: in the order."""
    return len(lanes) - 1 - place


def gateway_ms(us: int) -> int:
    """The milliseconds that Gateway API keeps of a duration: rounded up, eleven years at most."""
    return min(-(-us // 1000), _LONGEST_MS)


def gateway_duration(us: int) -> str:
    """A duration of Gateway API (GEP-2257), such as ``1m30s``: whole milliseconds, rounded up."""
    rest = gateway_ms(us)
    parts = []
    for unit, size_ms in _UNITS_MS:
        count, rest = divmod(rest, size_ms)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"


def _documents(text: str) -> Iterable[Any]:
    """Each document by itself: a line of ``---`` begins one."""
    parts: list[list[str]] = [[]]
    for line in text.splitlines(keepends=True):
        if line.rstrip() == "---":
            parts.append([])
        else:
            parts[-1].append(line)
    read = (read_yaml("".join(part)) for part in parts)
    return (each for each in read if each is not None)


def _unfolded(part: Object) -> Object:
    data = part.get("data")
    if part.get("kind") != "ConfigMap" or not isinstance(data, dict):
        return part
    return {**part, "data": {name: _read(name, text) for name, text in data.items()}}


def _read(name: Any, text: Any) -> Any:
    is_yaml = isinstance(text, str) and str(name).endswith((".yaml", ".yml"))
    return read_yaml(text) if is_yaml else text
