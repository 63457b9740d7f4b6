"""Every command of the tutorial runs, in order, as it stands on the page."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

PAGE = "docs/tutorial/from-traces-to-a-policy.md"
COMMAND = re.compile(r"^\$ costctl (.+)$", re.MULTILINE)


def test_the_commands_of_the_tutorial_run(repository: Path, tmp_path: Path) -> None:
    (tmp_path / "sample_traces").symlink_to(repository / "sample_traces")
    commands = COMMAND.findall((repository / PAGE).read_text(encoding="utf-8"))
    assert len(commands) >= 8
    for command in commands:
        done = subprocess.run(
            [sys.executable, "-m", "costctl", *shlex.split(command)],
            cwd=tmp_path,
            env={"PYTHONPATH": str(repository), "PATH": "/usr/bin:/bin", "HOME": str(tmp_path)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{command}\n{done.stderr}"
    for name in ("policy.json", "litellm.yaml", "litellm.yaml.coverage.json", "config.pbtxt", "classes.csv"):
        assert (tmp_path / name).stat().st_size > 0, name
