"""The value of a setting as people read it."""

from __future__ import annotations

from costctl.documents.changes import Value
from costctl.render.cells import duration, exact


def setting_value(value: Value, unit: str | None, *, is_limit: bool) -> str:
    """Such as 10 ms, 3, unlimited. is_limit: None is "no limit"; of other settings it is none."""
    if value is None:
        return "unlimited" if is_limit else "none"
    if isinstance(value, tuple):
        return ", ".join(value)
    if unit == "GB" and isinstance(value, int | float):
        return f"{exact(value)} GB"
    if unit == "s" and value == 0:
        return "0 s"
    if unit == "s" and isinstance(value, int | float):
        return str(duration(value))
    return value if isinstance(value, str) else str(exact(value))
