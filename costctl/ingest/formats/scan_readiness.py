"""Is the compiled scan ready? Compiling it takes seconds once, and loading it longer than reading a small file.

In: that a block would be large enough for it. Out: the scan, or None while blocks are read without it. The second
large block starts a thread that loads the scan: a source of one block is read before the scan could be loaded. Where no
cache holds it yet, many more blocks pass before it is compiled.
"""

from __future__ import annotations

import importlib
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from costctl.ingest.formats.otlp_flatten import RawSpans

LARGE_BYTES: Final = 2**20
_WORTH_LOADING: Final = 2  # large blocks, of up to 16 MiB
_WORTH_COMPILING: Final = 16
_EXAMPLE: Final = b'{"resourceSpans":[]}\n'


class ScanReadiness:
    """Loads the scan in a thread of its own, once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._asked = 0
        self._is_long = threading.Event()
        self._thread = threading.Thread(target=self._load, daemon=True)
        self._scan: Callable[[bytes, int], RawSpans | None] | None = None

    def scan(self) -> Callable[[bytes, int], RawSpans | None] | None:
        """The scan, if it is loaded. To be asked once for each large block."""
        with self._lock:
            self._asked += 1
            if self._asked == _WORTH_LOADING:
                self._thread.start()
            if self._asked == _WORTH_COMPILING:
                self._is_long.set()
        return self._scan

    def _load(self) -> None:
        module = importlib.import_module("costctl.ingest.formats.otlp_scan")
        if not module.is_compiled():
            self._is_long.wait()
        warm_up()
        self._scan = module.scanned


def warm_up() -> None:
    """Load the scan, or compile it: all that a block needs."""
    module = importlib.import_module("costctl.ingest.formats.otlp_scan")
    module.scanned(_EXAMPLE, 1)


READINESS: Final = ScanReadiness()
