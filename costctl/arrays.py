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
