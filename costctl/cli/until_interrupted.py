"""Work that goes on until the user has seen enough: the first Ctrl-C ends it in good order, a second one at once."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def interrupted() -> Iterator[Callable[[], bool]]:
    """A function that says whether the user, or whoever ends the process, has asked to stop."""
    is_stopped = False

    def stop(_number: int, _frame: FrameType | None) -> None:
        nonlocal is_stopped
        if is_stopped:
            raise KeyboardInterrupt
        is_stopped = True

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: is_stopped
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
