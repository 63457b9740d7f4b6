"""Is the compiled scan ready? Compiling it takes seconds once, and loading it longer than reading a small file.

In: that a block would be large enough for it. Out: the scan, or None while blocks are read without it. The
second large block starts a thread that loads the scan, and compiles it where no cache holds it yet: a source
of one block is read before the scan could be loaded.
"""

from __future__ import annotations

import importlib
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from costctl.ingest.formats.otlp_flatten import RawSpans

LARGE_BYTES: Final = 2**20
_EXAMPLE: Final = b'{"resourceSpans":[]}\n'


class ScanReadiness:
    """Loads the scan in a thread of its own, once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._asked = 0
        self._thread = threading.Thread(target=self._load, daemon=True)
        self._scan: Callable[[bytes, int], RawSpans | None] | None = None

    def scan(self) -> Callable[[bytes, int], RawSpans | None] | None:
        """The scan, if it is loaded. To be asked once for each large block."""
        with self._lock:
            self._asked += 1
            if self._asked == 2:
                self._thread.start()
        return self._scan

    def _load(self) -> None:
        module = importlib.import_module("costctl.ingest.formats.otlp_scan")
        module.scanned(_EXAMPLE, 1)  # compiles all that a block needs
        self._scan = module.scanned


READINESS: Final = ScanReadiness()
