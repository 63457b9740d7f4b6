"""``costctl --help`` and ``import costctl`` start at once: they load nothing that only a verb needs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = ("duckdb", "pyarrow", "polars", "numpy", "numba", "scipy", "sklearn", "genai_prices", "yaml", "ptars")


def loaded_by(program: str, repository: Path) -> subprocess.CompletedProcess[str]:
    """The program, run; its last line of output names the heavy libraries that it loaded."""
    program += f"\nimport sys; print([name for name in {HEAVY} if name in sys.modules])"
    return subprocess.run(
        [sys.executable, "-c", program], cwd=repository, capture_output=True, text=True, check=True
    )


@pytest.mark.parametrize("verb", [(), ("analyze",), ("store", "prune")])
def test_help_loads_no_heavy_library(repository: Path, verb: tuple[str, ...]) -> None:
    arguments = [*verb, "--help"]
    program = f"from costctl.cli.app import main\nassert main({arguments!r}) == 0"
    first, *_, last = loaded_by(program, repository).stdout.splitlines()
    assert first.startswith(f"Usage: {' '.join(['costctl', *verb])} [OPTIONS]")
    assert last == "[]"


def test_importing_the_library_loads_no_heavy_library(repository: Path) -> None:
    program = "import costctl\ncostctl.open_store('none.duckdb')"
    assert loaded_by(program, repository).stdout.splitlines() == ["[]"]
