"""What the store holds, and what becomes of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from costctl.observed_window import instant_ns
from costctl.progress import Progress
from costctl.store import kept
from costctl.store.database import open_store
from costctl.store.waiting import saying

if TYPE_CHECKING:
    from costctl.documents.store_info import StoreInfo
    from costctl.store.upkeep import Pruned


def store_info(path: Path, wait_s: float, progress: Progress) -> StoreInfo:
    """What the store holds."""
    from costctl.store.upkeep import store_info as info_of

    with open_store(path, read_only=True, wait_s=wait_s, waiting=saying(progress)) as connection:
        return info_of(connection, path)


def prune_store(path: Path, before: str, wait_s: float, progress: Progress) -> Pruned:
    """Drop the traces that ended before the instant."""
    from costctl.store.upkeep import prune_before

    before_ns = instant_ns(before, "--before")
    with _existing(path, wait_s, progress) as connection:
        progress("Deleting old traces", None)
        kept.clear(path)
        return prune_before(connection, before_ns or 0)


def compact_store(path: Path, wait_s: float, progress: Progress) -> int:
    """Write the store anew; bytes saved."""
    from costctl.store.upkeep import compacted

    with _existing(path, wait_s, progress) as connection:
        progress("Compacting the store", None)
        kept.clear(path)
        return compacted(connection, path)


def _existing(path: Path, wait_s: float, progress: Progress) -> duckdb.DuckDBPyConnection:
    """The store, to be changed; one that is missing is not made."""
    open_store(path, read_only=True, wait_s=wait_s, waiting=saying(progress)).close()
    return open_store(path, wait_s=wait_s, waiting=saying(progress))
