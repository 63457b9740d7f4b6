"""Where loading fails nothing is lost: what was received waits, and those who ask are told why."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from costctl.documents.ingestion import IngestReport
from costctl.errors import StoreError
from costctl.serve.inbox import Inbox
from costctl.serve.keeper import Drawn, Keeper


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (OSError(28, "No space left on device"), "No space left on device."),
        (StoreError("The store is held.", why="By another.", next_step="Wait."), "The store is held."),
    ],
    ids=["of the system", "of the store"],
)
def test_what_could_not_be_loaded_waits_and_the_reason_is_told(
    tmp_path: Path, error: Exception, says: str
) -> None:
    def load(_: Sequence[Path]) -> IngestReport:
        raise error

    inbox = Inbox(tmp_path, 1_000)
    inbox.add("traces", "json", b"{}")
    keeper = Keeper(inbox, load, lambda: Drawn("page", ""), 3600.0)
    keeper.start()
    begin_s = time.monotonic()
    while keeper.state.drawn is None:
        assert time.monotonic() - begin_s < 60.0
        time.sleep(0.01)
    assert keeper.is_running
    keeper.stop()
    assert says in str(keeper.state.trouble)
    assert inbox.waiting_bytes == 3
    assert len(inbox.seal()) == 1
    assert not keeper.is_running
