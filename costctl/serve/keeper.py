"""What happens behind the receiver? One thread: what was received is loaded into the store, then the page is made anew.

In: an inbox, and what to call for each. Out: ``State``, for those who ask. Loading and reading take turns in the one
thread, since a store that is written to is nobody else's. A store that another process holds is waited for: what was
received stays in the inbox until then.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from costctl.documents.ingestion import IngestReport
from costctl.errors import CostctlError
from costctl.serve.inbox import Inbox

_LOOKS_EVERY_S: Final = 1.0
Load = Callable[[Sequence[Path]], IngestReport]


@dataclass(frozen=True, slots=True)
class Drawn:
    """What is made of the store. page: HTML.  metrics: OpenMetrics text without its end, which others may follow."""

    page: str
    metrics: str


Draw = Callable[[], Drawn]


@dataclass(frozen=True, slots=True)
class State:
    """What is known now. drawn: None before the first; drawn_at_s: when it was tried last.  trouble: why loading or
    drawing failed last, None where it did not.  spans, rejected, duplicates, refused: since the start; refused: files
    that could not be loaded.
    """

    drawn: Drawn | None = None
    drawn_at_s: float | None = None
    trouble: str | None = None
    spans: int = 0
    rejected: int = 0
    duplicates: int = 0
    refused: int = 0


class Keeper:
    """refresh_s: seconds between two drawings of the page, at least."""

    def __init__(self, inbox: Inbox, load: Load, draw: Draw, refresh_s: float) -> None:
        self._inbox, self._load, self._draw, self._refresh_s = inbox, load, draw, refresh_s
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="costctl-keeper", daemon=True)
        self._state = State()
        self._is_stale = True

    @property
    def state(self) -> State:
        """As it is now; it does not change any more."""
        return self._state

    @property
    def is_running(self) -> bool:
        """Whether the thread is there: only a bug ends it."""
        return self._thread.is_alive()

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Load what is there, and end."""
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._look()
            self._stopping.wait(_LOOKS_EVERY_S)
        self._load_what_waits()

    def _look(self) -> None:
        self._load_what_waits()
        now_s, drawn_s = time.monotonic(), self._state.drawn_at_s
        if self._is_stale and (drawn_s is None or now_s - drawn_s >= self._refresh_s):
            self._draw_anew()

    def _load_what_waits(self) -> None:
        paths = self._inbox.seal()
        if not paths:
            return
        try:
            report = self._load(paths)
        except (CostctlError, OSError) as error:
            self._tell(trouble=_said(error))
            return
        refused = {each.uri for each in report.sources if each.state in ("refused", "skipped")}
        for path in paths:
            if str(path) in refused:
                self._inbox.set_aside(path)
            else:
                self._inbox.forget((path,))
        self._is_stale = True
        was, totals = self._state, report.totals
        self._tell(
            trouble=None,
            spans=was.spans + totals.spans,
            rejected=was.rejected + totals.rejected,
            duplicates=was.duplicates + totals.duplicates,
            refused=was.refused + len(refused),
        )

    def _draw_anew(self) -> None:
        try:
            drawn = self._draw()
        except (CostctlError, OSError) as error:
            self._tell(trouble=_said(error), drawn_at_s=time.monotonic())
            return
        self._is_stale = False
        self._tell(drawn=drawn, drawn_at_s=time.monotonic(), trouble=None)

    def _tell(self, **changed: Any) -> None:
        self._state = replace(self._state, **changed)


def _said(error: CostctlError | OSError) -> str:
    """What went wrong: of the system's errors what the system calls it."""
    return str(error) if isinstance(error, CostctlError) else f"{error.strerror or type(error).__name__}."
