"""Writes a world: traces, a costctl.toml, and truth.json with what each class really costs.

In: which world, and a folder. Out: the files' paths. The same world and seed give the same bytes.
"""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final, Literal

import msgspec
import numpy as np

from costctl.errors import StoreError
from costctl.synth.demand import demand_of
from costctl.synth.logs import log_lines
from costctl.synth.platform import serve
from costctl.synth.presets import world_from_seed, world_named
from costctl.synth.settings_file import settings_text
from costctl.synth.spans import otlp_lines
from costctl.synth.truth import truth_of

TRACES: Final = {"otlp": "requests.jsonl.gz", "log": "calls.csv.gz"}
SETTINGS: Final = "costctl.toml"
TRUTH: Final = "truth.json"


def synthesize(
    name: str | None,
    seed: int,
    folder: Path,
    form: Literal["otlp", "log"],
    progress: Callable[[str, float | None], None],
) -> tuple[Path, ...]:
    """Write a named world, or the random world of a seed, into a folder; the paths of the files written.

    form: spans as a collector writes them, or a log of calls.  progress: told what is done, and how far along
    it is. Raises UsageError for an unknown name, StoreError where the folder cannot be written.
    """
    world = world_from_seed(seed) if name is None else world_named(name, seed)
    progress(f"Simulating world {world.name}", None)
    demand = demand_of(world)
    served = serve(world, demand, np.ones(demand.requests.start_s.size, np.bool_))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        progress("Writing traces", None)
        lines = otlp_lines if form == "otlp" else log_lines
        _write_gzip(folder / TRACES[form], lines(world, demand, served))
        (folder / SETTINGS).write_text(settings_text(world), encoding="utf-8")
        progress("Rerunning the world without parts of each class", None)
        truth = msgspec.json.encode(truth_of(world, demand, served), order="sorted")
        (folder / TRUTH).write_bytes(msgspec.json.format(truth, indent=2) + b"\n")
    except OSError as error:
        raise StoreError(
            f"Cannot write to {folder}.",
            why=f"{error.strerror or error}.",
            next_step="Pass a folder that you can write to.",
        ) from error
    return folder / TRACES[form], folder / SETTINGS, folder / TRUTH


def _write_gzip(path: Path, lines: Iterable[bytes]) -> None:
    # No name and no time in the header: the same lines give the same file.
    with (
        path.open("wb") as raw,
        gzip.GzipFile(filename="", mode="wb", fileobj=raw, compresslevel=9, mtime=0) as packed,
    ):
        for line in lines:
            packed.write(line)
