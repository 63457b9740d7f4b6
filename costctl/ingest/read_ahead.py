"""How are batches parsed while the store takes those before? In other threads, a few batches ahead.

Blocks or batches in, batches out, in the same order; an error of another thread is raised here.
"""

from __future__ import annotations

import queue
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final, TypeVar

from costctl.ingest.batch import Batch

Block = TypeVar("Block")

_BATCHES_AHEAD: Final = 1  # each batch more is a batch more in memory, and no faster


def read_ahead(batches: Iterator[Batch]) -> Generator[Batch, None, None]:
    """The same batches, parsed in another thread while the caller works on the one before.

    To be closed where it is not read to its end: that ends the thread, which must not be parsing when the interpreter
    is finalised (formats/arrow_memory.py says what would happen then).
    """
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


def parsed_ahead(
    parse: Callable[[Block], Iterator[Batch]], blocks: Iterator[Block], threads: int = 2
) -> Iterator[Batch]:
    """The batches of the blocks in order, so many blocks parsed at once: arrow and numpy leave the interpreter free."""
    with ThreadPoolExecutor(threads) as executor:
        underway: deque[Future[list[Batch]]] = deque()
        for block in blocks:
            underway.append(executor.submit(lambda each: list(parse(each)), block))
            if len(underway) >= threads:
                yield from underway.popleft().result()
        while underway:
            yield from underway.popleft().result()


def _discard_one(ready: queue.Queue[Batch | BaseException | None]) -> None:
    if not ready.empty():
        ready.get_nowait()
