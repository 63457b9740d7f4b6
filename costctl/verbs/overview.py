"""What is at hand: the store and the configuration that commands without options would use."""

from __future__ import annotations

from pathlib import Path

from costctl.documents.overview import Overview
from costctl.observation import configured
from costctl.progress import Progress
from costctl.verbs.store import store_info


def overview(store: Path, progress: Progress) -> Overview:
    """The overview of a store that is there. It reads what is stored and computes no figure."""
    path = configured(None).path
    return Overview(str(store), store_info(store, 0.0, progress), None if path is None else _from_here(path))


def _from_here(path: Path) -> str:
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)
