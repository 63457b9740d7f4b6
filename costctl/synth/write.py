"""Writes a world: traces, a costctl.toml, and truth.json with what each class really costs.

In: which world, and a folder. Out: the files' paths. The same world and seed give the same bytes.
"""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import msgspec
import numpy as np

from costctl.errors import StoreError, UsageError
from costctl.synth.days import days_world
from costctl.synth.demand import demand_of
from costctl.synth.engine_metrics import metric_lines
from costctl.synth.logs import log_lines
from costctl.synth.platform import serve
from costctl.synth.presets import world_from_seed, world_named
from costctl.synth.settings_file import settings_text
from costctl.synth.shop.advised import advised, advised_later
from costctl.synth.shop.presets import buyers, weeks
from costctl.synth.shop.presets import shop as shop_of
from costctl.synth.shop.provider import usage_of
from costctl.synth.shop.settings_file import settings_text as shop_settings
from costctl.synth.shop.spans import otlp_lines as shop_lines
from costctl.synth.shop.traffic import traffic_of
from costctl.synth.shop.truth import truth_of as truth_of_shop
from costctl.synth.shop.world import Shop
from costctl.synth.spans import otlp_lines
from costctl.synth.truth import truth_of
from costctl.synth.world import World

TRACES: Final = {"otlp": "requests.jsonl.gz", "log": "calls.csv.gz"}
SETTINGS: Final = "costctl.toml"
TRUTH: Final = "truth.json"
METRICS: Final = "engines.prom.gz"
_SCRAPE_S: Final = 1.0  # between scrapes of an engine

SHOPS: Final[Mapping[str, Callable[[int], Shop]]] = {
    "shop": shop_of,
    "buyers": buyers,
    "weeks": weeks,
    "advised": advised,
    "advised-later": advised_later,
}

Form = Literal["otlp", "log"]
Tell = Callable[[str, float | None], None]


@dataclass(frozen=True, slots=True)
class _World:
    """What is written: lines of traces, the text of the settings, the truth, found when it is asked for, and lines of
    engines' metrics where these are asked for.
    """

    lines: Iterable[bytes]
    settings: str
    truth: Callable[[], msgspec.Struct]
    metrics: Iterable[bytes] | None = None


def synthesize(
    name: str | None, seed: int, folder: Path, form: Form, progress: Tell, *, has_metrics: bool = False
) -> tuple[Path, ...]:
    """Write a named world, or the random world of a seed, into a folder; the paths of the files written.

    form: spans as a collector writes them, or a log of calls.  progress: told what is done, and how far along
    it is.  has_metrics: also what its engines report of themselves.

    Raises UsageError for an unknown name, and for a shop as a log or with engines, StoreError where the folder cannot
    be written.
    """
    shop = None if name is None else SHOPS.get(name)
    if shop is None:
        made = _platform(name, seed, form, progress, has_metrics=has_metrics)
    else:
        made = _shop(shop(seed), form, progress, has_metrics=has_metrics)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        progress("Writing traces", None)
        _write_gzip(folder / TRACES[form], made.lines)
        if made.metrics is not None:
            _write_gzip(folder / METRICS, made.metrics)
        (folder / SETTINGS).write_text(made.settings, encoding="utf-8")
        progress("Finding what is true of it", None)
        truth = msgspec.json.encode(made.truth(), order="sorted")
        (folder / TRUTH).write_bytes(msgspec.json.format(truth, indent=2) + b"\n")
    except OSError as error:
        raise StoreError(
            f"Cannot write to {folder}.",
            why=f"{error.strerror or error}.",
            next_step="Pass a folder that you can write to.",
        ) from error
    written = (folder / TRACES[form], folder / SETTINGS, folder / TRUTH)
    return written if made.metrics is None else (*written, folder / METRICS)


def _platform(
    name: str | None, seed: int, form: Form, progress: Tell, *, has_metrics: bool = False
) -> _World:
    """A platform with accelerators of its own."""
    world = world_from_seed(seed) if name is None else _named(name, seed)
    progress(f"Simulating world {world.name}", None)
    demand = demand_of(world)
    scrape_s = _SCRAPE_S if has_metrics else 0.0
    served = serve(world, demand, np.ones(demand.requests.start_s.size, np.bool_), scrape_s=scrape_s)
    lines = otlp_lines if form == "otlp" else log_lines
    return _World(
        lines(world, demand, served),
        settings_text(world),
        lambda: truth_of(world, demand, served),
        metric_lines(world, served, scrape_s) if has_metrics else None,
    )


def _named(name: str, seed: int) -> World:
    """A named world. Raises UsageError where there is none of that name."""
    return days_world(seed) if name == "days" else world_named(name, seed)


def _shop(shop: Shop, form: Form, progress: Tell, *, has_metrics: bool = False) -> _World:
    """A team that buys tokens."""
    if has_metrics:
        raise UsageError(
            f"The world {shop.name} has no engines.",
            why="It buys tokens from providers.",
            next_step="Omit --engine-metrics, or --world.",
        )
    if form == "log":
        raise UsageError(
            f"The world {shop.name} cannot be written as a log.",
            why="What its prompts share is only in spans.",
            next_step="Omit --as.",
        )
    progress(f"Simulating world {shop.name}", None)
    calls = traffic_of(shop)
    usages = usage_of(shop, calls)
    return _World(
        shop_lines(shop, calls, usages), shop_settings(shop), lambda: truth_of_shop(shop, calls, usages)
    )


def _write_gzip(path: Path, lines: Iterable[bytes]) -> None:
    # No name and no time in the header: the same lines give the same file.
    with (
        path.open("wb") as raw,
        gzip.GzipFile(filename="", mode="wb", fileobj=raw, compresslevel=9, mtime=0) as packed,
    ):
        for line in lines:
            packed.write(line)
