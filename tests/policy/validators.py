"""The consumers' own code, each in an environment of its own: what it says of a file."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

ENVIRONMENT = {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "PATH": "/usr/bin:/bin"}


def validator(repository: Path, name: str) -> Path:
    """The Python that has the consumer's code. Skips where it is not installed."""
    python = repository / ".validators" / name / "bin" / "python"
    if not python.exists():
        pytest.skip("the consumers' own validators are not installed; run: make validators")
    return python


def program(repository: Path, name: str, command: str) -> Path:
    """A program of the consumer that its environment has. Skips where it is not installed."""
    return validator(repository, name).with_name(command)


def said_by(python: Path, program: str | Path, text: str) -> str:
    """What a program prints that is given the text. program: its text, or the file that it is in."""
    arguments = [str(program)] if isinstance(program, Path) else ["-c", program]
    done = subprocess.run(
        [str(python), *arguments], input=text, capture_output=True, text=True, check=False, env=ENVIRONMENT
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
