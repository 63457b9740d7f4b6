"""Finds and reads the configuration: which file applies, and what it says.

In: a path given by the user, or a folder to search upwards from. Out: ``LoadedConfig``, the settings as
structs with the digest of the file they came from. An unknown key is an error that names the nearest
known one.
"""

from __future__ import annotations

import difflib
import hashlib
import math
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec

from costctl.config_faults import fault
from costctl.documents.setting_names import toml_key
from costctl.documents.settings import Settings
from costctl.errors import UsageError

FILE_NAME: Final = "costctl.toml"
DEFAULT_STORE: Final = Path("costctl.duckdb")
_GLOB: Final = re.compile(r"[*?]")
_MONTH: Final = re.compile(r"\d{4}-(0[1-9]|1[0-2])")


@dataclass(frozen=True, slots=True)
class LoadedConfig:
    """Settings, the file they were read from and its SHA-256; both None where no file was found."""

    settings: Settings
    path: Path | None
    sha256: str | None


def load_config(explicit: Path | None, start: Path) -> LoadedConfig:
    """The configuration from ``explicit``, else from the nearest file at or above ``start``, else the
    defaults.

    Raises UsageError where the file is missing, is no TOML, or says something that costctl does not know.
    """
    path = explicit if explicit is not None else _nearest_file(start)
    if path is None:
        return LoadedConfig(settings=Settings(), path=None, sha256=None)
    return parsed_config(path, _read(path))


def lines_of_tables(path: Path, name: str) -> tuple[int, ...]:
    """The lines, from 1, on which tables such as ``[[gates]]`` begin. Tables that are written inline all have the line
    of their key.
    """
    head = re.compile(rf"\s*\[\[\s*(?:tool\.costctl\.)?{name}\s*\]\]|\s*{name}\s*=")
    lines = _read(path).decode(errors="replace").splitlines()
    return tuple(number for number, line in enumerate(lines, start=1) if head.match(line))


def parsed_config(path: Path, content: bytes) -> LoadedConfig:
    """The configuration that a file of this path and content would be. Raises UsageError as ``load_config`` does."""
    table = _parse(path, content)
    if path.name == "pyproject.toml":
        table = table.get("tool", {}).get("costctl", {})
    return LoadedConfig(
        settings=_settings(path, table), path=path, sha256=hashlib.sha256(content).hexdigest()
    )


def _nearest_file(start: Path) -> Path | None:
    """costctl.toml, or a pyproject.toml with [tool.costctl], in the folder or the nearest one above."""
    folder = start.resolve()
    for candidate in (folder, *folder.parents):
        if (candidate / FILE_NAME).is_file():
            return candidate / FILE_NAME
        project = candidate / "pyproject.toml"
        if project.is_file() and b"[tool.costctl" in project.read_bytes():
            return project
    return None


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(
            f"Cannot read the configuration {path}.",
            why=f"{error.strerror or error}.",
            next_step=(
                "Pass an existing file to --config, or omit it to use the nearest costctl.toml in parent "
                "directories."
            ),
        ) from error


def _parse(path: Path, content: bytes) -> dict[str, Any]:
    try:
        return tomllib.loads(content.decode(), parse_float=_finite)
    except ValueError as error:
        raise UsageError(
            f"Cannot read the configuration {path}.",
            why=f"It is not valid TOML: {error}.",
            next_step="Fix the line; `costctl help configuration` shows every key.",
        ) from error


def _finite(text: str) -> float:
    """The number; nan and inf are TOML but no price, count or share."""
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text} is not a finite number")
    return number


def _settings(path: Path, table: dict[str, Any]) -> Settings:
    for key, known in _unknown_keys(table, msgspec.inspect.type_info(Settings), ""):
        nearest = difflib.get_close_matches(key.rpartition(".")[2], known, n=1)
        raise UsageError(
            f"{path}: unknown key {key}.",
            why=f"The keys here are {', '.join(sorted(known))}.",
            next_step=f"Did you mean {nearest[0]}?" if nearest else "Remove it, or move it where it belongs.",
        )
    try:
        settings = msgspec.convert(table, Settings)
    except msgspec.ValidationError as error:
        raise UsageError(
            f"{path}: invalid value.",
            why=fault(error, table, Settings),
            next_step="Fix the value; `costctl help configuration` shows every key with its unit.",
        ) from error
    _refuse_globs(path, settings)
    _refuse_no_months(path, settings)
    return settings


def _refuse_globs(path: Path, settings: Settings) -> None:
    """A glob is read in match only; elsewhere it would be the name of nothing."""
    named = [
        *((f"pools.{toml_key(name)}.models", each.models) for name, each in settings.pools.items()),
        *((f"commitments.{name}.models", each.models) for name, each in settings.commitments.items()),
        *((f"breakeven.{name}.classes", each.classes) for name, each in settings.breakeven.items()),
        *(
            (f"classes.{toml_key(name)}.allowed_models", each.allowed_models)
            for name, each in settings.classes.items()
        ),
        *(
            (f"classes.{toml_key(name)}.boundary", (*each.boundary.jurisdictions, *each.boundary.regions))
            for name, each in settings.classes.items()
            if each.boundary is not None
        ),
        ("prices.rates", tuple(rate.model for rate in settings.prices.rates)),
        ("prices.aliases", tuple(text for pair in settings.prices.aliases.items() for text in pair)),
        ("bills", tuple(settings.bills)),
        ("billing", tuple(name for name in settings.billing if name != "*")),
    ]
    for key, names in named:
        for text in names:
            if _GLOB.search(text):
                raise UsageError(
                    f"{path}: {key} takes names, but {text!r} is a pattern.",
                    why="A pattern matches nothing here: wildcards (* and ?) work in match only.",
                    next_step='Write each name out, or, of a pool, match = { "gen_ai.request.model" = "llama-*" }.',
                )


def _refuse_no_months(path: Path, settings: Settings) -> None:
    for name, months in settings.bills.items():
        for month in months:
            if not _MONTH.fullmatch(month):
                raise UsageError(
                    f"{path}: {month!r} in [bills] {name} is not a month.",
                    why="An invoice is for one calendar month, written as YYYY-MM.",
                    next_step=f'Write [bills] "{name}" = {{ "2026-11" = 1200.0 }}, for instance.',
                )


def _unknown_keys(value: object, kind: msgspec.inspect.Type, at: str) -> Iterator[tuple[str, list[str]]]:
    """Dotted path of each key that the structs do not have, with the keys they do have at that place."""
    if isinstance(kind, msgspec.inspect.UnionType):
        structs = [option for option in kind.types if isinstance(option, msgspec.inspect.StructType)]
        kind = structs[0] if structs else kind
    if isinstance(kind, msgspec.inspect.StructType) and isinstance(value, dict):
        fields = {field.encode_name: field.type for field in kind.fields}
        for key, inner in value.items():
            if key not in fields:
                yield at + key, list(fields)
            else:
                yield from _unknown_keys(inner, fields[key], f"{at}{key}.")
    elif isinstance(kind, msgspec.inspect.DictType) and isinstance(value, dict):
        for key, inner in value.items():
            yield from _unknown_keys(inner, kind.value_type, f"{at}{key}.")
    elif isinstance(kind, msgspec.inspect.VarTupleType) and isinstance(value, list):
        for number, inner in enumerate(value, start=1):
            yield from _unknown_keys(inner, kind.item_type, f"{at.rstrip('.')}[{number}].")
