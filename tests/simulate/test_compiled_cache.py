"""Compiled code is kept where that is possible, and does without where it is not."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from costctl.simulate import event_loop

REPLAY_ONE_CALL = """
import numpy as np
from costctl.simulate import event_loop
from costctl.simulate.replay import replay
from costctl.simulate.workload import Lanes, PoolSetup, ServiceModel, Workload
one, none = np.zeros(1), np.full(1, -1)
workload = Workload(one, none, one, np.ones(1, int), np.zeros(1, int), np.zeros(1, int), none)
setup = PoolSetup(1, 1, "round_robin", 0.0, Lanes.plain(1))
outcome = replay(workload, ServiceModel("continuous", 0.1, 0.1, 0.5), setup)
print(outcome.end_s[0], event_loop.__file__)
print(sum(event_loop.run.stats.cache_hits.values()))
"""


def replay_one_call(package: Path, cache: Path) -> int:
    """How often a fresh process found the loop compiled."""
    environment = {
        **os.environ,
        "PYTHONPATH": str(package),
        "NUMBA_CACHE_DIR": str(cache),
        "XDG_CACHE_HOME": str(cache),
    }
    command = [sys.executable, "-c", REPLAY_ONE_CALL]
    run = subprocess.run(command, env=environment, cwd=package, capture_output=True, text=True, check=True)
    end_s, source, hits = run.stdout.split()
    assert float(end_s) == 0.5
    assert Path(source).is_relative_to(package)
    return int(hits)


def test_a_replay_runs_where_no_cache_can_be_written_and_is_found_compiled_where_one_can(
    repository: Path, tmp_path: Path
) -> None:
    shutil.copytree(
        repository / "costctl", tmp_path / "costctl", ignore=shutil.ignore_patterns("__pycache__")
    )
    in_the_way = tmp_path / "costctl" / "simulate" / "__pycache__"
    in_the_way.write_text("a file where a directory would be made")
    assert replay_one_call(tmp_path, in_the_way / "cache") == 0
    assert replay_one_call(tmp_path, tmp_path / "cache") == 0
    assert replay_one_call(tmp_path, tmp_path / "cache") == 1
    with (tmp_path / "costctl" / "simulate" / "lines.py").open("a") as a_part:
        a_part.write("# changed\n")
    assert replay_one_call(tmp_path, tmp_path / "cache") == 0


def test_the_loop_is_compiled_anew_when_any_file_with_a_part_of_it_changes(repository: Path) -> None:
    with_parts = {
        path.stem
        for path in (repository / "costctl" / "simulate").glob("*.py")
        if "part\ndef " in path.read_text(encoding="utf-8")
    }
    watched = {module.__name__.rpartition(".")[2] for module in event_loop.PARTS}
    assert with_parts - watched == {"event_loop"}
