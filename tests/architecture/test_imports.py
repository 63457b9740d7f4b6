"""Imports go one way, and the inner ring knows nothing of the outside world."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

# Each package and those of the project that it may import, besides itself, documents, instants, units and errors.
ALLOWED = {
    "documents": set(),
    "units": set(),
    "instants": set(),
    "compiled": set(),
    "errors": set(),
    "quantiles": set(),
    "progress": set(),
    "simulate": set(),
    "cost": {"segment", "simulate"},
    "segment": set(),
    "finance": {"cost"},
    "policy": set(),
    "scenario": {"cost", "simulate"},
    "recommend": {"cost", "scenario", "simulate"},
    "store": set(),
    "span_trees": {"store"},
    "engine": {"relations", "store", "cost", "segment", "documents", "span_trees"},
    "relations": set(),
    "ingest": {"store"},
    "config": set(),
    "synth": {"simulate"},
    "observed_window": set(),
    "observation_warnings": {"engine", "segment", "cost"},
    "observation": {
        "observation_warnings",
        "observed_window",
        "config",
        "ingest",
        "engine",
        "relations",
        "segment",
        "store",
        "cost",
    },
    "workflow": {
        "observed_window",
        "observation",
        "ingest",
        "engine",
        "store",
        "segment",
        "cost",
        "scenario",
        "recommend",
        "policy",
        "finance",
        "relations",
    },
    "cli": {"workflow", "observation", "cost", "store", "synth", "policy", "finance", "engine", "relations"},
}
EVERYWHERE = {"compiled", "documents", "instants", "units", "errors", "progress", "quantiles", "__init__"}
INNER_RING = ("span_trees", "segment", "cost", "simulate", "scenario", "recommend", "policy", "finance")
OUTSIDE = {"duckdb", "typer", "rich", "pathlib", "os", "sys", "time", "io", "subprocess", "socket", "logging"}


def modules(repository: Path) -> Iterator[tuple[str, Path]]:
    package = repository / "costctl"
    for path in sorted(package.rglob("*.py")):
        first = path.relative_to(package).parts[0]
        yield first.removesuffix(".py"), path


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield node.module or ""
            if node.module == "costctl":
                yield from (f"costctl.{alias.name}" for alias in node.names)


def test_every_package_imports_only_what_lies_further_in(repository: Path) -> None:
    wrong = []
    for own, path in modules(repository):
        if own in {"__init__", "__main__"}:
            continue
        for name in imported(path):
            parts = name.split(".")
            if parts[0] != "costctl" or len(parts) == 1:
                continue
            if parts[1] not in {own, *EVERYWHERE, "__version__", *ALLOWED[own]}:
                wrong.append(f"{path.relative_to(repository)} imports {name}")
    assert wrong == []


@pytest.mark.parametrize("ring", INNER_RING)
def test_the_inner_ring_touches_neither_files_nor_clock_nor_database(repository: Path, ring: str) -> None:
    wrong = [
        f"{path.relative_to(repository)} imports {name}"
        for own, path in modules(repository)
        if own == ring
        for name in imported(path)
        if name.split(".")[0] in OUTSIDE
    ]
    assert wrong == []


def test_no_file_is_longer_than_400_lines(repository: Path) -> None:
    long = {
        str(path.relative_to(repository)): count
        for folder in ("costctl", "tests", "scripts", "bench")
        for path in (repository / folder).rglob("*.py")
        if (count := len(path.read_text(encoding="utf-8").splitlines())) > 400
    }
    assert long == {}
