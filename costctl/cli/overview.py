"""``costctl`` alone: what is at hand, and what to do with it."""

from __future__ import annotations

import os
from pathlib import Path

from costctl.cli.again import again
from costctl.cli.output import say
from costctl.config import DEFAULT_STORE
from costctl.documents.overview import Overview
from costctl.progress import silent


def run() -> None:
    """Say what the store holds and what to ask of it; or how to begin. What a start needs is loaded only then."""
    from costctl.render import overview
    from costctl.render.view import View

    path = Path(os.environ.get("COSTCTL_STORE") or DEFAULT_STORE)
    say(overview.screen(_found(path), View(again=again())))


def _found(path: Path) -> Overview:
    if not path.exists():
        return Overview(str(path), None, None)
    from costctl import verbs

    return verbs.overview(path, silent)
