"""How is a span written as OTLP/JSON? Its attributes and its id, for every world that writes spans."""

from __future__ import annotations

from typing import Any

Attributes = dict[str, str | int | float | bool]


def pairs(attributes: Attributes) -> list[dict[str, Any]]:
    """Attributes as keys with typed values."""
    return [{"key": key, "value": _value(value)} for key, value in attributes.items()]


def span_id(request: int, number: int) -> str:
    """Of the span of this number within its request."""
    return f"{request + 1:012x}{number + 1:04x}"


def _value(value: str | int | float | bool) -> dict[str, Any]:
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue": str(value)}
    return {"doubleValue": value} if isinstance(value, float) else {"stringValue": value}
