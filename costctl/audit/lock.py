"""How do several processes append to one file? One after the other: each holds the file while it does.

The system lets go of what a process that was killed held.
"""

from __future__ import annotations

import errno
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

_TRY_EVERY_S: Final = 0.01
_BUSY: Final = frozenset({errno.EAGAIN, errno.EACCES, errno.EDEADLK})

if sys.platform == "win32":
    import msvcrt

    _FAR: Final = 1 << 40  # a byte that no record reaches: a locked one could not be read meanwhile

    def _take(file: int) -> None:
        import os

        os.lseek(file, _FAR, os.SEEK_SET)
        msvcrt.locking(file, msvcrt.LK_NBLCK, 1)

    def _let_go(file: int) -> None:
        import os

        os.lseek(file, _FAR, os.SEEK_SET)
        msvcrt.locking(file, msvcrt.LK_UNLCK, 1)
else:
    import fcntl

    def _take(file: int) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def _let_go(file: int) -> None:
        fcntl.flock(file, fcntl.LOCK_UN)


@contextmanager
def held(file: int, wait_s: float) -> Iterator[None]:
    """The file is this process's alone meanwhile. file: its descriptor.  Raises TimeoutError after ``wait_s``."""
    give_up_at = time.monotonic() + wait_s
    while True:
        try:
            _take(file)
            break
        except OSError as error:
            if error.errno not in _BUSY:
                raise
            if time.monotonic() >= give_up_at:
                raise TimeoutError(errno.ETIMEDOUT, "Another process holds it") from error
        time.sleep(_TRY_EVERY_S)
    try:
        yield
    finally:
        _let_go(file)
