"""Imports go one way, and the inner ring knows nothing of the outside world."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

# Each package and those of the project that it may import, besides itself, documents, instants, units and errors.
ALLOWED: dict[str, set[str]] = {
    "arrays": set(),
    "documents": set(),
    "units": set(),
    "instants": set(),
    "compiled": set(),
    "errors": set(),
    "legible": set(),
    "progress": set(),
    "config_faults": set(),
    "config": {"config_faults"},
    "grades": set(),
    "saved": set(),
    "no_pandas": set(),
    "observed_window": set(),
    "handbook": set(),
    "names": {"config", "levers", "policy"},
    "relations": set(),
    "stats": set(),
    "frames": {"stats"},
    "reuse": set(),
    "simulate": {"stats"},
    "segment": {"stats"},
    "proposal": {"stats"},
    "telemetry": {"stats"},
    "pricing": {"stats"},
    "explain": {"segment", "stats"},
    "behaviour": {"frames", "segment", "stats"},
    "service_model": {"frames", "reuse", "simulate", "stats"},
    "cost": {
        "behaviour",
        "frames",
        "levers",
        "pricing",
        "segment",
        "service_model",
        "simulate",
        "stats",
        "telemetry",
    },
    "billed": {"ingest", "pricing"},
    "reconcile": {"billed", "legible", "pricing", "stats"},
    "contracts": {"policy", "stats"},
    "gates": {"frames", "stats"},
    "forecast": {"cost", "frames", "stats", "telemetry"},
    "finance": {"cost", "frames", "stats"},
    "policy": {"levers", "pricing"},
    "rollout": {"levers", "policy", "stats"},
    "levers": set(),
    "rebill": {"levers", "pricing", "stats"},
    "scenario": {"frames", "levers", "reuse", "service_model", "simulate", "stats"},
    "recommend": {
        "cost",
        "frames",
        "levers",
        "rebill",
        "reuse",
        "scenario",
        "service_model",
        "simulate",
        "stats",
    },
    "store": set(),
    "span_trees": {"store"},
    "engine": {"pricing", "relations", "segment", "span_trees", "stats", "store"},
    "ingest": {"store"},
    "synth": {"simulate"},
    "render": {"finance"},
    "report": {"render"},
    "serve": set(),
    "observation_warnings": {"cost", "engine", "segment", "telemetry"},
    "basis": set(),
    "observation": {
        "basis",
        "config",
        "engine",
        "ingest",
        "observation_warnings",
        "observed_window",
        "pricing",
        "relations",
        "segment",
        "store",
    },
    "answers": {"basis", "observation", "store"},
    "audit": set(),
    "verbs": {
        "answers",
        "audit",
        "behaviour",
        "billed",
        "config",
        "contracts",
        "cost",
        "engine",
        "explain",
        "finance",
        "forecast",
        "frames",
        "gates",
        "grades",
        "ingest",
        "observation",
        "observed_window",
        "policy",
        "pricing",
        "proposal",
        "recommend",
        "reconcile",
        "relations",
        "reuse",
        "scenario",
        "segment",
        "service_model",
        "simulate",
        "stats",
        "store",
        "synth",
        "telemetry",
        "rebill",
        "rollout",
        "saved",
        "no_pandas",
    },
    "api_weekly": {"observation", "render", "verbs"},
    "api": {"api_weekly", "finance", "observation", "render", "verbs"},
    "cli": {
        "config",
        "handbook",
        "names",
        "no_pandas",
        "observation",
        "render",
        "report",
        "saved",
        "serve",
        "verbs",
    },
}
EVERYWHERE = {
    "arrays",
    "compiled",
    "documents",
    "errors",
    "instants",
    "legible",
    "progress",
    "units",
    "__init__",
}
INNER_RING = (
    "reuse",
    "levers",
    "span_trees",
    "stats",
    "frames",
    "segment",
    "behaviour",
    "telemetry",
    "explain",
    "pricing",
    "proposal",
    "service_model",
    "cost",
    "gates",
    "simulate",
    "scenario",
    "recommend",
    "policy",
    "rollout",
    "finance",
    "forecast",
)
OUTSIDE = {"duckdb", "typer", "rich", "pathlib", "os", "sys", "time", "io", "subprocess", "socket", "logging"}


def modules(repository: Path) -> Iterator[tuple[str, Path]]:
    package = repository / "costctl"
    for path in sorted(package.rglob("*.py")):
        first = path.relative_to(package).parts[0]
        yield first.removesuffix(".py"), path


@cache
def imported(path: Path) -> tuple[str, ...]:
    """The modules that a file imports, and for ``from costctl import a`` costctl.a too."""
    return tuple(_imported(path))


def _imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield "." * node.level + (node.module or "")
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


def test_no_import_is_relative(repository: Path) -> None:
    relative = {
        str(path) for _, path in modules(repository) if any(n.startswith(".") for n in imported(path))
    }
    assert relative == set()


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


def test_no_two_files_of_tests_have_one_name(repository: Path) -> None:
    """Pytest imports each by its name alone: of two it would run the first."""
    names = [path.name for path in (repository / "tests").rglob("test_*.py")]
    assert sorted(name for name in {*names} if names.count(name) > 1) == []


def test_each_verb_of_the_command_line_is_served_by_a_module_of_its_name(repository: Path) -> None:
    help_of_verbs = {
        "again",
        "app",
        "commands",
        "completion",
        "examples",
        "file_format",
        "groups",
        "help",
        "loading",
        "options",
        "output",
        "progress",
        "recording",
        "running",
        "until_interrupted",
        "__init__",
    }
    served = {path.stem for path in (repository / "costctl" / "verbs").glob("*.py")}
    verbs = {path.stem for path in (repository / "costctl" / "cli").glob("*.py")} - help_of_verbs
    assert verbs - served == set()
