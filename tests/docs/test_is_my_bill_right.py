"""The how-to on the bill: its commands run, they print what the page quotes, and its file is what its script writes."""

from __future__ import annotations

import re
import runpy
import shlex
import subprocess
import sys
from pathlib import Path

PAGE = "docs/how-to/is-my-bill-right.md"
COMMAND = re.compile(r"^\$ costctl (.+)$", re.MULTILINE)
QUOTED = re.compile(r"^```text\n(.+?)\n```$", re.MULTILINE | re.DOTALL)


def one_line(text: str) -> str:
    return " ".join(text.split())


def test_the_commands_print_what_the_page_quotes(repository: Path, tmp_path: Path) -> None:
    (tmp_path / "sample_traces").symlink_to(repository / "sample_traces")
    page = (repository / PAGE).read_text(encoding="utf-8")
    commands, quotes = COMMAND.findall(page), QUOTED.findall(page)
    assert (len(commands), len(quotes)) == (3, 7)
    printed = ""
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
        printed += one_line(done.stdout) + "\n"
    assert [quote for quote in quotes if one_line(quote) not in printed] == []


def test_the_gateways_log_is_what_its_script_writes(repository: Path) -> None:
    script = runpy.run_path(str(repository / "scripts" / "write_gateway_log.py"))
    assert script["PAGE"].read_text(encoding="utf-8") == script["rendered"]()
