"""What does an array or a key-value list say, as it stands in OTLP/JSON?

Shape in: the JSON of each value.  Shape out: the same JSON text that ``otlp_values`` makes of it, each
distinct value rendered once; UncertainValueError where it is written in a way that is not common.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from costctl.arrays import Bools, Ints
from costctl.ingest.formats.otlp_values import json_text

_INTEGER: Final = re.compile(r"-?(?:0|[1-9][0-9]{0,18})")
_INT64: Final = range(-(2**63), 2**63)
_SCALARS: Final = ("stringValue", "intValue", "doubleValue", "boolValue")


class UncertainValueError(Exception):
    """It is not certain what the other reader would make of this."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """Texts of values: the distinct ones one after another, and where that of each value begins and ends.

    is_deep: values with an element of which nothing was parsed.
    """

    letters: bytes
    begins: Ints
    lengths: Ints
    is_deep: Bools


def rendered(values: pa.StringArray, render: Callable[[str], tuple[str, bool]]) -> Rendered:
    """The texts of the values."""
    encoded = values.dictionary_encode()
    said = [render(value) for value in encoded.dictionary.to_pylist()]
    letters = [text.encode("utf-8") for text, _ in said]
    lengths = np.array([len(each) for each in letters], dtype=np.int64)
    codes: npt.NDArray[np.int32] = np.asarray(encoded.indices)
    return Rendered(
        letters=b"".join(letters),
        begins=(np.cumsum(lengths) - lengths)[codes],
        lengths=lengths[codes],
        is_deep=np.array([is_deep for _, is_deep in said], dtype=np.bool_)[codes],
    )


def array_text(written: str) -> tuple[str, bool]:
    """An arrayValue as a JSON list, and whether an element is deeper than that."""
    texts = [_scalar_text(element) for element in _elements(written)]
    return f"[{','.join(text or 'null' for text in texts)}]", None in texts


def kvlist_text(written: str) -> tuple[str, bool]:
    """A kvlistValue as a JSON object, and whether a value is deeper than that."""
    texts = [(_key_text(pair), _scalar_text(_object(pair.get("value")))) for pair in _elements(written)]
    joined = ",".join(f"{key}:{text or 'null'}" for key, text in texts)
    return f"{{{joined}}}", any(text is None for _, text in texts)


def _elements(written: str) -> list[dict[str, Any]]:
    try:
        document = json.loads(written, object_pairs_hook=_unique, parse_constant=_refused)
    except ValueError as error:
        raise UncertainValueError from error
    values = _object(document).get("values")
    if values is None:
        return []
    if not isinstance(values, list) or not all(isinstance(element, dict) for element in values):
        raise UncertainValueError
    return values


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(dict(pairs)) != len(pairs):
        raise UncertainValueError
    return dict(pairs)


def _refused(constant: str) -> float:
    raise UncertainValueError(constant)


def _object(value: Any) -> dict[str, Any]:
    if value is not None and not isinstance(value, dict):
        raise UncertainValueError
    return value or {}


def _key_text(pair: dict[str, Any]) -> str:
    key = pair.get("key")
    if key is not None and not isinstance(key, str):
        raise UncertainValueError
    return json_text(key or "")


def _scalar_text(value: dict[str, Any]) -> str | None:
    """The JSON of a scalar AnyValue; None where it is none."""
    found = [(name, value[name]) for name in _SCALARS if value.get(name) is not None]
    if not found:
        return None
    ((name, scalar),) = found if len(found) == 1 else [("", None)]
    if name == "stringValue" and isinstance(scalar, str):
        return json_text(scalar)
    if name == "boolValue" and isinstance(scalar, bool):
        return json_text(scalar)
    if name == "intValue" and _is_integer(scalar):
        return str(scalar)
    if name == "doubleValue" and isinstance(scalar, int | float) and not isinstance(scalar, bool):
        return json_text(_finite(scalar))
    raise UncertainValueError


def _is_integer(scalar: Any) -> bool:
    if isinstance(scalar, str):
        return _INTEGER.fullmatch(scalar) is not None and scalar != "-0" and int(scalar) in _INT64
    return isinstance(scalar, int) and not isinstance(scalar, bool) and scalar in _INT64


def _finite(scalar: float) -> float:
    try:
        number = float(scalar)
    except OverflowError as error:
        raise UncertainValueError from error
    if not math.isfinite(number):
        raise UncertainValueError
    return number
