"""The command line in this process: what a user would see, without the second that a new interpreter takes.

Where the process itself is the point (signals, aborts, standard input, a locked store) tests start one.
"""

from __future__ import annotations

import contextlib
import io
import os
from collections.abc import Mapping
from pathlib import Path
from subprocess import CompletedProcess
from unittest import mock

from costctl.cli.app import main


def costctl(folder: Path, *words: str, environment: Mapping[str, str] | None = None) -> CompletedProcess[str]:
    """``costctl WORDS`` in a folder that is also its home. environment: what is set besides PATH and HOME."""
    outside = {"PATH": os.environ["PATH"], "HOME": str(folder), **(environment or {})}
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True) for _ in range(2))
    with (
        mock.patch.dict(os.environ, outside, clear=True),
        contextlib.chdir(folder),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        code = main(words)
    return CompletedProcess(words, code, *(stream.buffer.getvalue().decode() for stream in (out, err)))
