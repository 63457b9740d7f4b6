"""Commands that need no pandas do not load it, though pyarrow would wherever it is installed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

LOADED = (
    "import sys; from costctl.cli.app import main; code = main(sys.argv[1:]); "
    "print('pandas' in sys.modules, code); import pandas; print(bool(pandas.DataFrame))"
)


def test_an_analysis_loads_no_pandas_and_leaves_it_to_others(repository: Path, tmp_path: Path) -> None:
    log = repository / "sample_traces" / "gateway_spend.jsonl"
    done = subprocess.run(
        [sys.executable, "-c", LOADED, "analyze", str(log), "--no-store", "-q", "-o", "analysis.json"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.splitlines()[-2:] == ["False 0", "True"], done.stderr
