"""A shell is told what may stand next: at once, in silence, and without a trace."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = ("duckdb", "polars", "numpy", "numba", "scipy", "sklearn", "genai_prices")
SETTINGS = "[pools.gpu]\nusd_per_replica_hour = 2.0\nmatch = { service = 'llm' }\n[classes.chat.slo]\ne2e_p95 = '5s'\n"
PROGRAM = f"""
import atexit, sys
atexit.register(lambda: print([name for name in {HEAVY} if name in sys.modules], file=sys.stderr))
from costctl.cli.app import main
sys.exit(main())
"""


def completed(folder: Path, typed: str) -> tuple[list[str], str]:
    """What bash is offered for a line, and what is said on stderr: the heavy libraries that were loaded."""
    words = typed.split(" ")
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "PYTHONPATH": str(Path(__file__).parents[2]),
        "_COSTCTL_COMPLETE": "complete_bash",
        "COMP_WORDS": typed,
        "COMP_CWORD": str(len(words) - 1),
    }
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.split(), done.stderr.strip()


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("costctl emit --target l", ["litellm", "llm-d"]),
        ("costctl schema anal", ["analysis"]),
        ("costctl help marginal-c", ["marginal-cost"]),
        ("costctl explain ch", ["chat"]),
        ("costctl simulate --set pool.gpu.repl", ["pool.gpu.replicas="]),
        ("costctl simulate --config costctl.toml --set class.chat.lan", ["class.chat.lane="]),
        ("costctl simulate --fail g", ["gpu:"]),
        ("costctl store pr", ["prune"]),
    ],
)
def test_a_name_is_completed_without_loading_a_heavy_library(
    tmp_path: Path, typed: str, offered: list[str]
) -> None:
    (tmp_path / "costctl.toml").write_text(SETTINGS)
    assert completed(tmp_path, typed) == (offered, "[]")
    assert [path.name for path in tmp_path.iterdir()] == ["costctl.toml"]


@pytest.mark.parametrize("typed", ["costctl simulate --set pool.", "costctl explain ch"])
def test_settings_that_cannot_be_read_complete_nothing(tmp_path: Path, typed: str) -> None:
    (tmp_path / "costctl.toml").write_text("[pools\n")
    assert completed(tmp_path, typed) == ([], "[]")
