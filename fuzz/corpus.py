"""Inputs to begin with: every format and layout that the tests generate, and real files where they lie beside
the checkout.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tests.ingest.generated_inputs import generated

ROOT = Path(__file__).resolve().parents[1]
REAL = ROOT.parent / "shared" / "traces"
LARGEST_BYTES = 20_000


def real() -> Iterator[tuple[str, bytes]]:
    """The beginnings of real files, none where there are none."""
    for path in sorted(REAL.rglob("*")) if REAL.is_dir() else []:
        if path.is_file() and path.suffix not in (".md", ""):
            with path.open("rb") as file:
                yield str(path.relative_to(REAL)).replace("/", "_"), file.read(LARGEST_BYTES)


def write_corpus(folder: Path) -> int:
    """One file an input; how many."""
    inputs = [*generated(), *real()]
    for name, data in inputs:
        (folder / name).write_bytes(data[:LARGEST_BYTES])
    return len(inputs)
