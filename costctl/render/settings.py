"""The value of a setting as people read it."""

from __future__ import annotations

from costctl.documents.changes import Value
from costctl.render.cells import exact, seconds


def setting_value(lever: str, value: Value, unit: str | None) -> str:
    """Such as 10 ms, 3, unlimited. lever: its name, with or without whose it is, such as class.queue.limit."""
    if value is None:
        if lever.endswith("lane"):
            return "shared"
        return "unlimited" if ".queue." in f".{lever}" else "none"
    if isinstance(value, tuple):
        return ", ".join(value)
    if unit == "s" and isinstance(value, int | float):
        return str(seconds(value))
    return value if isinstance(value, str) else str(exact(value))
