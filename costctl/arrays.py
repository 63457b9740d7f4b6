"""What kinds of arrays are there? One-dimensional unless a docstring says otherwise."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
SmallInts = NDArray[np.signedinteger[Any]]
Bytes = NDArray[np.uint8]
Codes = NDArray[np.int32]


def only_read(values: Any) -> Any:
    """The same array, not to be written through this name. A loop is compiled once for arrays that may be written and
    once for those that may not: what it only reads is handed over as this, whatever it was.
    """
    view = values.view()
    view.flags.writeable = False
    return view
