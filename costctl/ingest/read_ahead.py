"""How is the next batch parsed while the store takes the one before? In a second thread, one batch ahead.

Batches in, the same batches out, in the same order; an error of the reading thread is raised here.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from typing import Final

from costctl.ingest.batch import Batch

_BATCHES_AHEAD: Final = 1  # each batch more is a batch more in memory, and no faster


def read_ahead(batches: Iterator[Batch]) -> Iterator[Batch]:
    """The same batches, parsed in another thread while the caller works on the one before."""
    ready: queue.Queue[Batch | BaseException | None] = queue.Queue(_BATCHES_AHEAD)
    is_stopped = threading.Event()

    def fill() -> None:
        try:
            for batch in batches:
                if is_stopped.is_set():
                    return
                ready.put(batch)
            ready.put(None)
        except BaseException as error:  # handed to the reader, which raises it
            ready.put(error)

    thread = threading.Thread(target=fill, daemon=True)
    thread.start()
    try:
        while (item := ready.get()) is not None:
            if isinstance(item, BaseException):
                raise item
            yield item
    finally:
        is_stopped.set()
        while thread.is_alive():
            _discard_one(ready)
            thread.join(0.01)


def _discard_one(ready: queue.Queue[Batch | BaseException | None]) -> None:
    if not ready.empty():
        ready.get_nowait()
