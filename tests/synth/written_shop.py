"""A team that buys tokens, as the traces and settings that a user would have of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from costctl.observation import Question
from costctl.synth.shop.bounds import bounded
from costctl.synth.shop.presets import shop, shop_with_outages, shop_with_waste, weeks
from costctl.synth.shop.provider import usage_of
from costctl.synth.shop.settings_file import settings_text
from costctl.synth.shop.spans import otlp_lines
from costctl.synth.shop.traffic import Call, traffic_of
from costctl.synth.shop.world import Shop

TRACES, SETTINGS = "requests.jsonl", "costctl.toml"


def small_shop(seed: int = 7, part: float = 0.05) -> Shop:
    """The shop with a part of its sessions."""
    whole = shop(seed)
    return replace(
        whole,
        apps=tuple(replace(app, sessions=app.sessions * part) for app in whole.apps),
        characters_per_token=0.1,
    )


def small_shop_with_waste(seed: int = 7, part: float = 1.0) -> Shop:
    """A part of the shop whose applications make calls that come to nothing, or send more than they need."""
    whole = shop_with_waste(seed)
    return replace(
        whole,
        apps=tuple(replace(app, sessions=app.sessions * part) for app in whole.apps),
        characters_per_token=0.1,
    )


def small_shop_with_outages(seed: int = 7, part: float = 1.0) -> Shop:
    """A part of the shop whose calls time out."""
    whole = shop_with_outages(seed)
    return replace(
        whole,
        apps=tuple(replace(app, sessions=app.sessions * part) for app in whole.apps),
        characters_per_token=0.1,
    )


def written(world: Shop, calls: Sequence[Call], folder: Path) -> Question:
    """The files in the folder, and the question about them. calls: before the bounds of the applications."""
    calls = bounded(world, calls)
    (folder / TRACES).write_bytes(b"".join(otlp_lines(world, calls, usage_of(world, calls))))
    (folder / SETTINGS).write_text(settings_text(world), encoding="utf-8")
    return Question(paths=(str(folder / TRACES),), config=folder / SETTINGS)


def small_shop_in(folder: Path) -> tuple[Shop, tuple[Call, ...], Question]:
    """The small shop, its traffic, and the question about it."""
    world = small_shop()
    calls = traffic_of(world)
    return world, calls, written(world, calls, folder)


def weeks_in(folder: Path, days: float = 23.5, part: float = 0.2, seed: int = 7) -> Question:
    """The question about weeks with a part of their sessions."""
    whole = weeks(seed, days)
    apps = tuple(replace(app, sessions=app.sessions * part) for app in whole.apps)
    world = replace(whole, apps=apps)
    return written(world, traffic_of(world), folder)
