"""Small words of Envoy's configuration: messages by their type, durations."""

from __future__ import annotations

from typing import Any


def named(message: str) -> dict[str, Any]:
    """A message that says its type, such as ``envoy.extensions.filters.http.router.v3.Router``."""
    return {"@type": f"type.googleapis.com/{message}"}


def seconds(us: int) -> str:
    """A duration as protobuf's JSON writes it: exact, without zeros at its end."""
    whole, rest = divmod(us, 1_000_000)
    return f"{whole}s" if rest == 0 else f"{whole}.{rest:06d}".rstrip("0") + "s"
