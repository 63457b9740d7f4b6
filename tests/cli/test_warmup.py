"""``costctl warmup`` leaves nothing to compile, and says where compiled code lies; what compiles is named."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from costctl.cli.app import main

# Runs verbs in one process and prints, after each, how many functions it compiled.
PROGRAM = """
import sys
from costctl.cli.app import main
from costctl.compiled import compiling

for arguments in sys.argv[1:]:
    with compiling(lambda said: None) as names:
        assert main(arguments.split()) == 0
    print(f"compiled: {len(names)}", file=sys.stderr)
"""


def test_after_a_warmup_nothing_is_compiled(repository: Path, tmp_path: Path) -> None:
    sample = repository / "sample_traces"
    config = f"--config {sample / 'costctl.toml'} -q"
    until = "--until 2026-11-03T05:35:00Z"
    done = subprocess.run(
        [
            sys.executable, "-c", PROGRAM, "warmup", "warmup",
            f"ingest {sample / 'requests.jsonl.gz'} --store s.duckdb -q",
            f"analyze --store s.duckdb {until} {config}", f"recommend --store s.duckdb {until} {config}",
            f"analyze {sample / 'gateway_spend.jsonl'} -q",
        ],
        env={**os.environ, "NUMBA_CACHE_DIR": str(tmp_path / "kept"), "PYTHONPATH": str(repository)},
        cwd=tmp_path, capture_output=True, text=True, check=True,
    )  # fmt: skip
    counts = [int(count) for count in re.findall(r"^compiled: (\d+)$", done.stderr, re.MULTILINE)]
    assert counts[0] > 20
    assert counts[1:] == [0] * 5
    first, second = done.stdout.splitlines()[:2]
    where = f"kept in {tmp_path / 'kept'}."
    assert re.fullmatch(rf"Compiled {counts[0]} functions in [\d.]+ s; {re.escape(where)}", first)
    assert second == f"Nothing left to compile; compiled code is {where}"
    assert "Compiling the span trees (once per installation, ~4 s)\n" in done.stderr
    assert "Compiling the replay (once per installation, ~12 s)\n" in done.stderr


def test_where_nothing_else_can_be_written_temporary_files_are_named(
    repository: Path, tmp_path: Path
) -> None:
    shutil.copytree(
        repository / "costctl", tmp_path / "costctl", ignore=shutil.ignore_patterns("__pycache__")
    )
    for folder in ("span_trees", "stats", "simulate", "synth", "ingest/formats"):
        (tmp_path / "costctl" / folder / "__pycache__").write_text("a file where a directory would be made")
    log = repository / "sample_traces" / "gateway_spend.jsonl"
    done = subprocess.run(
        [sys.executable, "-m", "costctl", "analyze", str(log)],
        env={
            **os.environ,
            "PYTHONPATH": str(tmp_path),
            "PYTHONDONTWRITEBYTECODE": "1",
            "NUMBA_CACHE_DIR": "",
            "XDG_CACHE_HOME": "/dev/null/cache",
            "HOME": "/dev/null",
            "TMPDIR": str(tmp_path),
        },
        cwd=tmp_path, capture_output=True, text=True, check=True,
    )  # fmt: skip
    (folder,) = tmp_path.glob("costctl-compiled-*")
    said = f"Compiling the span trees (~4 s; kept in {folder}: set NUMBA_CACHE_DIR to keep it for good)"
    assert said in done.stderr.splitlines()


def test_a_warmup_that_has_nothing_to_do_is_well(capsys: pytest.CaptureFixture[str]) -> None:
    main(["warmup", "--quiet"])
    capsys.readouterr()
    assert main(["warmup", "--quiet"]) == 0
    assert capsys.readouterr().out.startswith("Nothing left to compile; ")
