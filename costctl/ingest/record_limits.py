"""What of a record cannot be, by the record's own limits, and what was it sold as?

Shape in: canonical columns of records. Shape out: the same columns, with what is beyond a limit unknown and named in
usage_conflict.
"""

from __future__ import annotations

from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from costctl.ingest.read_columns import SPEED
from costctl.ingest.token_algebra import BETWEEN_KEYS
from costctl.units import NS_PER_S

# Clocks of a client and its SDK; a duration may be rounded to ms, or to three digits.
_NOISE_S: Final = 0.001
_NOISE_RATIO: Final = 0.01
_FAST: Final = "fast"
_STANDARD_TIERS: Final = ("default", "standard", "auto", "")


def keep_limits(columns: dict[str, pa.Array]) -> None:
    """A first token that came after the end is not known. Changes the columns in place."""
    if "ttft_s" not in columns or "end_ns" not in columns or "start_ns" not in columns:
        return
    duration_s = pc.divide(
        pc.cast(pc.subtract(columns["end_ns"], columns["start_ns"]), pa.float64(), safe=False),
        float(NS_PER_S),
    )
    most_s = pc.add(pc.multiply(duration_s, 1.0 + _NOISE_RATIO), _NOISE_S)
    is_late = pc.fill_null(
        pc.and_(pc.greater(columns["ttft_s"], most_s), pc.greater_equal(duration_s, 0.0)), False
    )
    if not pc.any(is_late).as_py():
        return
    columns["ttft_s"] = pc.if_else(is_late, pa.scalar(None, pa.float64()), columns["ttft_s"])
    add_conflict(columns, pc.if_else(is_late, "ttft_s", pa.scalar(None, pa.string())))


def add_conflict(columns: dict[str, pa.Array], keys: pa.StringArray) -> None:
    """Names more that contradicts itself; NULL where a record has none. Changes the columns in place."""
    known = columns.get("usage_conflict")
    if known is None:
        columns["usage_conflict"] = keys
        return
    columns["usage_conflict"] = pc.coalesce(
        pc.binary_join_element_wise(known, keys, BETWEEN_KEYS), known, keys
    )


def fold_speed(columns: dict[str, pa.Array]) -> None:
    """A call that was sold as fast is so by its service tier, where that says nothing else."""
    speed = columns.pop(SPEED, None)
    if speed is None:
        return
    is_fast = pc.fill_null(pc.equal(pc.utf8_lower(speed), _FAST), False)
    tier = columns.get("service_tier", pa.nulls(len(speed), pa.string()))
    is_standard = pc.fill_null(pc.is_in(pc.utf8_lower(tier), pa.array(_STANDARD_TIERS)), True)
    says_standard = pc.or_(pc.is_null(tier), is_standard)
    columns["service_tier"] = pc.if_else(pc.and_(is_fast, says_standard), _FAST, tier)
