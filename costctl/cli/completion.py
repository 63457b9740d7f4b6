"""What may stand next on the command line, for a shell that asks.

In: what is typed so far. Out: the names that begin with it; none where the settings cannot be read, which the command
itself will explain. Nothing is printed, written or waited for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import typer

from costctl import names
from costctl.errors import CostctlError


def targets(incomplete: str) -> list[str]:
    """Consumers of policies."""
    return _beginning(incomplete, names.targets)


def documents(incomplete: str) -> list[str]:
    """Documents that have a schema."""
    return _beginning(incomplete, names.documents)


def topics(incomplete: str) -> list[str]:
    """Topics of the documentation."""
    from costctl import handbook

    return _beginning(incomplete, handbook.topics)


def classes(context: typer.Context, incomplete: str) -> list[str]:
    """Classes of the settings, and those that are built in."""
    return _beginning(incomplete, lambda: names.classes(_config(context)))


def changes(context: typer.Context, incomplete: str) -> list[str]:
    """Settings of each pool and class."""
    return _beginning(incomplete, lambda: names.changes(_config(context)))


def failing(context: typer.Context, incomplete: str) -> list[str]:
    """Pools, as --fail takes them."""
    return _beginning(incomplete, lambda: [f"{pool}:" for pool in names.pools(_config(context))])


def _beginning(incomplete: str, all_names: Callable[[], Iterable[str]]) -> list[str]:
    try:
        return [name for name in all_names() if name.startswith(incomplete)]
    except (CostctlError, OSError):
        return []


def _config(context: typer.Context) -> Path | None:
    """The settings file that is named on the line."""
    given = context.params.get("config")
    return None if given is None else Path(given)
