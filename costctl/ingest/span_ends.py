"""When did a span end, if the clocks that timed it disagree?

Shape in: starts, ends and which spans are model calls.  Shape out: the ends that can be believed, and which spans are
kept without theirs or cannot be.

An end before its start is a clock's doing: the start was read from one clock and the length from another, or the clock
was set back between them (https://github.com/open-telemetry/opentelemetry-js-contrib/issues/1209: 0.337 ms). What a
model call counted is true all the same and costs money, so it is kept however large the gap, its end unknown; of any
other span nothing is known but its times, and a gap of more than a second leaves nothing to believe.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa

from costctl.arrays import Bools
from costctl.ingest.formats.nested_arrow import integers, is_present
from costctl.units import NS_PER_S

CLOCK_NOISE_NS: Final = NS_PER_S  # clocks that are synchronised over a network keep within milliseconds


@dataclass(frozen=True, slots=True)
class Ends:
    """end_ns: int64, NULL where unknown.  is_dropped: an end before the start.  is_impossible: no such span can be."""

    end_ns: pa.Int64Array
    is_dropped: Bools
    is_impossible: Bools


def believed_ends(start_ns: pa.Array, end_ns: pa.Array, is_model_call: pa.Array) -> Ends:
    """The ends that do not lie before their starts; NULL where either is NULL."""
    start, end = integers(start_ns), integers(end_ns)
    is_known = is_present(end_ns)
    is_dropped = is_known & is_present(start_ns) & (end < start)
    is_call = np.asarray(is_model_call.fill_null(False))
    is_impossible = is_dropped & ~is_call & (start - end > CLOCK_NOISE_NS)
    return Ends(pa.array(end, pa.int64(), mask=~is_known | is_dropped), is_dropped, is_impossible)
