"""Which rows lie inside what an interface or an export wraps around them?

Shape in: one JSON object, and the mapping that its rows are for, None where any built-in one may be. Shape out: the
rows: the object itself where it is one, or has none that is known inside. Seen are pages of interfaces
(``{"data": […]}``, ``{"result": […]}``), Azure's ``{"records": […]}``, and events of CloudWatch, whose ``message`` is
the row as JSON text.
"""

from __future__ import annotations

from typing import Any, Final

from costctl.ingest.attribute_text import parsed_json
from costctl.ingest.mapping import Mapping, best_fitting

# Keys under which rows are wrapped; those of JSON texts too. Content never stands alone under any of them.
_WRAPPERS: Final = (
    "records",
    "data",
    "result",
    "results",
    "events",
    "logEvents",
    "requests",
    "items",
    "rows",
    "logs",
    "value",
    "message",
    "@message",
)
WRAPPED_TEXTS: Final = ("@message", "message")  # columns of a table whose cells may be rows
_DEEPEST: Final = 3


def unwrapped(value: Any, mapping: Mapping | None) -> list[Any]:
    """The rows that the value wraps; the value alone where none is known inside it."""
    if not isinstance(value, dict) or _is_row(value, mapping):
        return [value]
    inside = _inside(value, mapping, _DEEPEST)
    return [value] if inside is None else inside


def _is_row(value: dict[str, Any], mapping: Mapping | None) -> bool:
    if mapping is None:
        return best_fitting(value) is not None
    if mapping.marks:
        return mapping.marks_in(value) > 0
    return mapping.when not in mapping.columns or any(
        path.split(".", 1)[0] in value for path in mapping.columns[mapping.when].paths
    )


def _inside(value: dict[str, Any], mapping: Mapping | None, depth: int) -> list[Any] | None:
    """The rows below the first wrapping key that has any."""
    for key in _WRAPPERS:
        inner = value.get(key)
        inner = parsed_json(inner) if isinstance(inner, str) and inner[:1] in ("{", "[") else inner
        rows = _rows(inner, mapping, depth - 1)
        if rows is not None:
            return rows
    return None


def _rows(
    inner: Any, mapping: Mapping | None, depth: int, *, is_field_list: bool = False
) -> list[Any] | None:
    """The rows of one wrapped value: an object, or a list of them; None where no row is known among them. Of a list
    inside a list, which is a record cut into fields, only the known rows are meant.
    """
    if isinstance(inner, dict):
        if _is_row(inner, mapping):
            return [inner]
        return _inside(inner, mapping, depth) if depth else None
    if not isinstance(inner, list):
        return None
    found = [_rows(each, mapping, depth, is_field_list=isinstance(each, list)) for each in inner]
    if all(rows is None for rows in found):
        return None
    if is_field_list:
        return [row for rows in found for row in rows or ()]
    return [
        row for each, rows in zip(inner, found, strict=True) for row in ([each] if rows is None else rows)
    ]
