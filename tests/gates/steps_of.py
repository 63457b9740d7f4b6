"""Runs what a pipeline would run: the shell of a composite action's steps, and of a GitLab job."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

_EXPRESSION: Final = re.compile(r"\$\{\{\s*inputs\.([\w-]+)\s*\}\}")


@dataclass(frozen=True, slots=True)
class Ran:
    """code: of the last step that ran.  out: what all wrote to stdout.  err: to stderr."""

    code: int
    out: str
    err: str


def run_action(action: Path, given: Mapping[str, str], place: Path, runner: Mapping[str, str]) -> Ran:
    """The steps of a composite action, until one fails. given: its inputs.  place: the checkout.  runner: what GitHub
    sets.
    """
    text = yaml.safe_load(action.read_text(encoding="utf-8"))
    inputs = {name: str(each.get("default", "")) for name, each in text["inputs"].items()} | dict(given)
    assert text["runs"]["using"] == "composite"
    missing = [name for name, each in text["inputs"].items() if each.get("required") and name not in given]
    assert missing == []
    ran = []
    for step in text["runs"]["steps"]:
        assert step["shell"] == "bash"
        assert "${{" not in step["run"], "an expression in a script is text that anyone may write"
        variables = {name: _filled(value, inputs) for name, value in step.get("env", {}).items()}
        ran.append(_run(["-eo", "pipefail", "-c", step["run"]], place, {**runner, **variables}))
        if ran[-1].code:
            break
    return Ran(ran[-1].code, "".join(each.out for each in ran), "".join(each.err for each in ran))


def run_job(include: Path, job: str, variables: Mapping[str, str], place: Path) -> Ran:
    """The scripts of a GitLab job, line by line in one shell. variables: those that a project sets."""
    text: dict[str, Any] = yaml.safe_load(include.read_text(encoding="utf-8"))[job]
    lines = [*text.get("before_script", []), *text["script"]]
    return _run(
        ["-eo", "pipefail", "-c", "\n".join(lines)],
        place,
        {**text["variables"], **variables, "CI_PROJECT_DIR": str(place)},
    )


def _filled(value: str, inputs: Mapping[str, str]) -> str:
    return _EXPRESSION.sub(lambda found: inputs[found[1]], value)


def _run(words: list[str], place: Path, variables: Mapping[str, str]) -> Ran:
    """costctl is the one that is tested."""
    tools = place / ".tools"
    tools.mkdir(exist_ok=True)
    (tools / "costctl").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m costctl "$@"\n')
    (tools / "costctl").chmod(0o755)
    package = Path(__file__).resolve().parents[2]
    done = subprocess.run(
        ["bash", "--noprofile", "--norc", *words],
        cwd=place,
        env={
            "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(place),
            "PYTHONPATH": str(package),
            **variables,
        },
        capture_output=True,
        text=True,
        check=False,
    )
    return Ran(done.returncode, done.stdout, done.stderr)
