"""No thread outlives the interpreter and aborts the process: the commands are run as processes, many times over, on one
processor, where Arrow's threads let go of their input last.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from tests.thoroughness import how_many

ROOT = Path(__file__).parents[2]
RUNS = how_many(3, thorough=20)
FEW = how_many(1, thorough=6)
PLAIN = "timestamp,model,prompt_tokens,completion_tokens\n2026-11-20T10:00:00Z,gpt-4o,1000,100\n"
AZURE = "TIMESTAMP,ContextTokens,GeneratedTokens\n2026-11-20 10:00:00,1000,100\n2026-11-20 10:01:00,9,8\n"


def exits(folder: Path, *arguments: str, runs: int) -> Counter[int]:
    """How often the command ended with which code; a signal is below zero."""
    processor = min(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None
    pinned = [] if processor is None else [
        "-c", f"import os, sys; os.sched_setaffinity(0, {{{processor}}}); from costctl.cli.app import main; "
        "sys.exit(main())"
    ]  # fmt: skip
    command = [sys.executable, *(pinned or ["-m", "costctl"]), *arguments]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return Counter(
        subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=False).returncode
        for _ in range(runs)
    )


def test_a_draft_of_a_small_csv_never_aborts(tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text(PLAIN)
    assert exits(tmp_path, "ingest", "--propose-mapping", "log.csv", runs=RUNS) == {0: RUNS}


def test_a_draft_of_a_small_parquet_never_aborts(tmp_path: Path) -> None:
    table = pa.table({"timestamp": ["2026-11-20T10:00:00Z"], "prompt_tokens": [1], "completion_tokens": [2]})
    pq.write_table(table, tmp_path / "log.parquet")
    assert exits(tmp_path, "ingest", "--propose-mapping", "log.parquet", runs=FEW) == {0: FEW}


def test_an_ingest_of_a_small_csv_never_aborts(tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text(AZURE)
    assert exits(tmp_path, "ingest", "log.csv", "-q", runs=FEW) == {0: FEW}
