"""Values, ids and times of OTLP read one by one: the part of the slow twin that knows no dialect."""

from __future__ import annotations

import base64
import json
import math
import re
from typing import Any

import pyarrow as pa


def plain_of(value: dict[str, Any]) -> Any:
    for name, inner in value.items():
        kind = re.sub(r"_(\w)", lambda match: match[1].upper(), name)
        if kind == "intValue":
            return int(inner)
        if kind == "doubleValue":
            return float(inner)
        if kind == "arrayValue":
            return [plain_of(element) for element in inner.get("values", [])]
        if kind == "kvlistValue":
            return {pair["key"]: plain_of(pair.get("value") or {}) for pair in inner.get("values", [])}
        return inner
    return None


def text_of(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return pa.scalar(value).cast(pa.string()).as_py()
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def hex_id(written: Any, digits: int) -> str | None:
    if not written:
        return None
    if re.fullmatch(r"[0-9a-fA-F]+", written) and len(written) <= digits:
        found = written.lower().rjust(digits, "0")
    else:
        found = base64.b64decode(written).hex()
    return found if len(found) == digits and set(found) != {"0"} else None


def instant_ns(written: Any, unit: int) -> int | None:
    return int(written) * unit if int(written or 0) > 0 else None


def unit_of(start: int) -> int:
    unit = 1 if start >= 10**17 else 10**3 if start >= 10**14 else 10**6 if start >= 10**11 else 10**9
    return unit if start * unit <= 2**62 else 1


def word_of(written: Any, prefix: str, words: tuple[str, ...]) -> str | None:
    if isinstance(written, int):
        return words[written - 1].lower() if 0 < written <= len(words) else None
    short = (written or "").upper().removeprefix(prefix)
    return short.lower() if short in words else None


def number_of(value: Any) -> float | None:
    if isinstance(value, bool) or value is None:
        return None
    try:
        return float(value) if math.isfinite(float(value)) else None
    except (TypeError, ValueError):
        return None
