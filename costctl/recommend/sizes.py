"""Which sizes of a memory are tried, and how are they told? For kinds of advice on what is kept.

In: the bytes from which on everything is found that is needed again. Out: sizes in decimal gigabytes, and words.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from costctl.arrays import Floats
from costctl.units import BYTES_PER_GB

_PARTS: Final = (1 / 64, 1 / 16, 1 / 4, 1 / 2, 1.0)  # of the size that finds everything
_LEAST_GB: Final = 1e-6


def sizes_gb(most_bytes: float) -> Floats:
    """The sizes, ascending; the last finds everything."""
    sizes: Floats = np.unique(np.maximum(np.ceil(np.array(_PARTS) * most_bytes) / BYTES_PER_GB, _LEAST_GB))
    return sizes


def told_gb(gb: float) -> str:
    """Such as 32.1 MB."""
    return f"{gb:.3g} GB" if gb >= 1.0 else f"{gb * 1e3:.3g} MB" if gb >= 1e-3 else f"{gb * 1e6:.3g} kB"
