"""Write docs/explanation/architecture.md: the packages as layers, from the imports that are there.

Run by ``make schemas``; a test keeps it in step. A package stands above everything that it imports: the layer is the
longest way down. Fails where imports go in a circle.
"""

from __future__ import annotations

import ast
from graphlib import TopologicalSorter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "costctl"
if not PACKAGE.exists():  # run beside an empty copy of docs/, by the test
    import costctl

    PACKAGE = Path(costctl.__file__).parent
PAGE = ROOT / "docs" / "explanation" / "architecture.md"
Graph = dict[str, set[str]]
_INTRODUCTION = (
    "Traces go in at `ingest` and become relations in a store; frames of them go to functions that know no file,",
    "clock or database; documents come out, and `render` and `policy` write them down. Imports go one way: a package",
    "stands above everything that it imports. Written by scripts/write_architecture_page.py from the imports that are",
    "there; `tests/architecture` holds which package may import which.",
)
_ROOMS = "[a kind of advice](../how-to/add-a-kind-of-advice.md), [a consumer](../how-to/add-a-consumer.md)"


def packages() -> dict[str, list[Path]]:
    """Files by package; a module that lies beside the packages is one of its own."""
    found: dict[str, list[Path]] = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        name = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
        if name not in {"__init__", "__main__"}:
            found.setdefault(name, []).append(path)
    return found


def imports(files: dict[str, list[Path]]) -> Graph:
    """By package, the others that its files import."""
    graph: Graph = {name: set() for name in files}
    for name, paths in files.items():
        for path in paths:
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                graph[name] |= {each for each in _named(node) if each in files and each != name}
    return graph


def _named(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        names = [alias.name for alias in node.names]
    elif isinstance(node, ast.ImportFrom) and node.module:
        is_root = node.module == "costctl"
        names = [f"costctl.{alias.name}" for alias in node.names] if is_root else [node.module]
    else:
        return []
    return [name.split(".")[1] for name in names if name.startswith("costctl.")]


def layers(graph: Graph) -> list[list[str]]:
    """The packages from the top down: each above all that it imports. Raises graphlib.CycleError."""
    depth: dict[str, int] = {}
    for name in TopologicalSorter(graph).static_order():
        depth[name] = max((depth[each] + 1 for each in graph[name]), default=0)
    return [
        sorted(name for name, found in depth.items() if found == level)
        for level in sorted(set(depth.values()), reverse=True)
    ]


def without_detours(graph: Graph) -> Graph:
    """The arrows that no longer way through other packages replaces."""
    reach: dict[str, set[str]] = {}
    for name in TopologicalSorter(graph).static_order():
        reach[name] = set().union(*({each} | reach[each] for each in graph[name]))
    return {
        name: {each for each in below if not any(each in reach[other] for other in below - {each})}
        for name, below in graph.items()
    }


def question_of(name: str) -> str:
    """The first sentence of the package's docstring."""
    path = PACKAGE / name / "__init__.py"
    path = path if path.exists() else PACKAGE / f"{name}.py"
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    first = " ".join(text.split("\n\n")[0].split())
    ends = [at for mark in ("? ", ". ") if (at := first.find(mark)) >= 0]
    return first[: min(ends) + 1] if ends else first


def rendered() -> str:
    """The page."""
    files = packages()
    graph = imports(files)
    levels = layers(graph)
    arrows = [
        f"  {name} --> {each}"
        for name, below in sorted(without_detours(graph).items())
        for each in sorted(below)
    ]
    drawn = [f"  subgraph L{place}[ ]\n    {'; '.join(names)}\n  end" for place, names in enumerate(levels)]
    rows = [
        f"| {place} | `{name}` | {question_of(name)} | {len(files[name])} | {', '.join(sorted(graph[name])) or '-'} |"
        for place, names in enumerate(levels, start=1)
        for name in names
    ]
    return "\n".join(
        [
            "# Architecture",
            "",
            *_INTRODUCTION,
            "",
            "The drawing leaves out arrows that a longer way replaces; the table has all.",
            "",
            "```mermaid",
            "flowchart TD",
            *drawn,
            *arrows,
            "```",
            "",
            "| layer | package | question | files | imports |",
            "|---|---|---|---|---|",
            *rows,
            "",
            f"New rooms: {_ROOMS}.",
            "",
        ]
    )


if __name__ == "__main__":
    PAGE.write_text(rendered(), encoding="utf-8")
