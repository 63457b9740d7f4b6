"""Which names may stand on a command line? What a shell completes: classes, pools, settings, targets, documents.

In: the path of a settings file, or None for the nearest. Out: names, in order. Only small files are read: the settings,
and the class rules that are built in; no store is opened, and nothing is written.
"""

from __future__ import annotations

import tomllib
from importlib import resources
from pathlib import Path

from costctl.config import load_config
from costctl.documents.settings import Settings


def targets() -> tuple[str, ...]:
    """The consumers that a policy can be written for."""
    from costctl.policy.targets.registry import NAMES

    return NAMES


def documents() -> tuple[str, ...]:
    """The documents that have a schema."""
    from costctl.documents.schemas import NAMES

    return NAMES


def classes(config: Path | None) -> tuple[str, ...]:
    """The classes of the settings, then those of the built-in rules. Raises UsageError."""
    return tuple(dict.fromkeys((*_settings(config).classes, *_built_in_classes())))


def pools(config: Path | None) -> tuple[str, ...]:
    """The pools of the settings. Raises UsageError."""
    return tuple(_settings(config).pools)


def changes(config: Path | None) -> tuple[str, ...]:
    """What can be set for each pool and class: ``pool.gpu.replicas=``. Raises UsageError."""
    from costctl.levers.table import LEVERS

    owners = {"pool": pools(config), "class": classes(config)}
    return tuple(
        f"{owner}.{name}.{lever.name}="
        for owner, names in owners.items()
        for name in names
        for lever in LEVERS
        if lever.owner == owner
    )


def _settings(config: Path | None) -> Settings:
    return load_config(config, Path.cwd()).settings


def _built_in_classes() -> list[str]:
    text = (resources.files("costctl.segment") / "default_rules.toml").read_text(encoding="utf-8")
    return [rule["class"] for rule in tomllib.loads(text)["rules"] if "class" in rule]
