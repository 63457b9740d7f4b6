"""A relation that breaks a law ends each verb that rests on it with exit code 70, the evidence, and no figure."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

# Of a process of its own: there, request_class holds each request once more for every number below two.
DAMAGED = """
import sys
from dataclasses import replace
from costctl.relations import load_relations

relations = load_relations("duckdb")
sql = relations["request_class"].sql
twice = f"SELECT * FROM (\\n{sql}\\n) UNION ALL (SELECT * FROM (\\n{sql}\\n) WHERE request_id < 2)"
relations["request_class"] = replace(relations["request_class"], sql=twice)

from costctl.cli.app import main

raise SystemExit(main())
"""


@pytest.mark.parametrize("verb", ["analyze", "simulate"])
def test_a_broken_law_is_exit_70_with_the_evidence(
    sample_store: Path, repository: Path, tmp_path: Path, verb: str
) -> None:
    store = shutil.copy(sample_store, tmp_path)  # beside which no answer is kept
    config = repository / "sample_traces" / "costctl.toml"
    done = subprocess.run(
        [sys.executable, "-c", DAMAGED, verb, "--store", str(store), "--config", str(config), "-q"],
        cwd=repository,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 70, done.stderr
    assert done.stdout == ""
    assert done.stderr.startswith("Error: A law does not hold: classes partition requests.\n")
    assert "There are 2; the first: request_id 0, classes 2; request_id 1, classes 2." in done.stderr
    assert "Next: Report this message" in done.stderr
