"""Synthetic traces whose true costs are known."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from costctl.progress import Progress


def synth(
    world: str | None,
    seed: int,
    folder: Path,
    form: Literal["otlp", "log"],
    progress: Progress,
    *,
    has_metrics: bool = False,
) -> tuple[Path, ...]:
    """Write the traces, a costctl.toml and truth.json of a named world, or of the random world of a seed; the paths.

    has_metrics: also scrapes of its engines' metrics.

    Raises UsageError for an unknown world, StoreError where the folder cannot be written.
    """
    from costctl.synth.write import synthesize

    return synthesize(world, seed, folder, form, progress, has_metrics=has_metrics)
