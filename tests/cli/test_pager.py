"""What is longer than the terminal goes through the pager; a pipe never does."""

from __future__ import annotations

import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios

import pytest

PROGRAM = "from costctl.cli.output import write_text; write_text('line\\n' * {lines}, None)"
ENVIRONMENT = {**os.environ, "PAGER": "sed s/^/paged-/"}


def on_a_terminal(lines: int, height: int) -> str:
    """What a person sees who has so many lines printed in a terminal so high."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", height, 80, 0, 0))
    child = subprocess.Popen(
        [sys.executable, "-c", PROGRAM.format(lines=lines)],
        stdin=theirs,
        stdout=theirs,
        stderr=subprocess.STDOUT,
        env={name: value for name, value in ENVIRONMENT.items() if name not in {"LINES", "COLUMNS"}},
    )
    os.close(theirs)
    seen = b""
    try:
        while part := os.read(ours, 65_536):
            seen += part
    except OSError:  # the terminal is gone with the last process that held it
        child.wait(timeout=60)
    os.close(ours)
    return seen.decode()


@pytest.mark.parametrize(("lines", "paged"), [(60, 60), (20, 0)])
def test_only_what_is_more_than_a_screen_is_paged(lines: int, paged: int) -> None:
    seen = on_a_terminal(lines, height=24)
    assert (seen.count("line"), seen.count("paged-")) == (lines, paged)


def test_a_pipe_is_never_paged() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(lines=60)],
        capture_output=True,
        text=True,
        env=ENVIRONMENT,
        check=True,
    )
    assert done.stdout == "line\n" * 60
