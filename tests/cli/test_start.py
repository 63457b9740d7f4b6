"""``costctl --help`` starts at once: it loads nothing that only a verb needs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HEAVY = ("duckdb", "pyarrow", "polars", "numpy", "numba", "scipy", "sklearn", "genai_prices", "yaml", "ptars")


def test_help_loads_no_heavy_library(repository: Path) -> None:
    program = (
        "import sys; sys.argv = ['costctl', '--help']\n"
        "from costctl.cli.app import main\n"
        "try:\n    main()\nexcept SystemExit as end:\n    assert not end.code, end.code\n"
        f"loaded = [name for name in {HEAVY} if name in sys.modules]\n"
        "assert not loaded, loaded\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=repository, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "From traces of AI inference traffic" in done.stdout
