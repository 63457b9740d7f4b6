"""Compiled code is kept where that is possible, does without where it is not, and is made anew when a part changes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from costctl.compiled import digest, part
from costctl.simulate import event_loop

LOOP = """
from costctl.compiled import compiled_with_package
@compiled_with_package("small")
def run(values):
    total = 0.0
    for value in values:
        total += value
    return 1.0 + total
"""
RUN_SMALL = """
import numpy as np
from small.loop import run
print(run(np.ones(2)), sum(run.stats.cache_hits.values()))
"""
ARGUMENT = "class {}(NamedTuple):\n    values: object\n"
NAMED_LOOP = """
from costctl.compiled import compiled_with_package
@compiled_with_package("small")
def run(argument):
    total = 0.0
    for value in argument.values:
        total += value
    return 1.0 + total
"""
RUN_NAMED = """
import numpy as np
from small.part import {0}
from small.loop import run
print(run({0}(np.ones(2))), sum(run.stats.cache_hits.values()))
"""
RUN_REPLAY = """
import numpy as np
from costctl.simulate import event_loop
from costctl.simulate.network import replay_network
from costctl.simulate.lanes import (Lanes)
from costctl.simulate.workload import (Pool, PoolSetup, ServiceModel, Workload)
one, none = np.zeros(1), np.full(1, -1)
workload = Workload(one, none, one, np.ones(1, int), np.zeros(1, int), np.zeros(1, int), none)
setup = PoolSetup(1, 1, "round_robin", 0.0, Lanes.plain(1))
pool = Pool(ServiceModel("continuous", 0.1, 0.1, 0.5), setup)
outcome = replay_network(workload, np.zeros(1, int), [pool])
print(outcome.end_s[0], sum(event_loop.run.stats.cache_hits.values()))
"""


def result_and_hits(program: str, folder: Path, **environment: str) -> tuple[float, int]:
    """What a fresh process prints: the result, and how often it found the loop compiled."""
    command = [sys.executable, "-c", program]
    run = subprocess.run(
        command, env={**os.environ, **environment}, cwd=folder, capture_output=True, text=True, check=True
    )
    result, hits = run.stdout.split()
    return float(result), int(hits)


@pytest.fixture
def small_package(tmp_path: Path) -> Path:
    """A package whose loop is compiled anew when any of its files changes, as the replay is."""
    package = tmp_path / "small"
    package.mkdir()
    for name, text in (("__init__", ""), ("part", "WEIGHT = 1\n"), ("loop", LOOP)):
        (package / f"{name}.py").write_text(text)
    return package


def test_a_loop_is_found_compiled_until_a_part_of_its_package_changes(
    repository: Path, small_package: Path
) -> None:
    kept = {
        "PYTHONPATH": f"{small_package.parent}:{repository}",
        "NUMBA_CACHE_DIR": str(small_package.parent / "kept"),
    }
    hits = [result_and_hits(RUN_SMALL, repository, **kept) for _ in range(2)]
    assert hits == [(3.0, 0), (3.0, 1)]
    with (small_package / "part.py").open("a") as part:
        part.write("# changed\n")
    assert result_and_hits(RUN_SMALL, repository, **kept) == (3.0, 0)


@pytest.fixture
def read_only(repository: Path, small_package: Path) -> dict[str, str]:
    """The environment of a process that can write neither beside the package nor in the home of its user."""
    in_the_way = small_package / "__pycache__"
    in_the_way.write_text("a file where a directory would be made")
    nowhere = str(in_the_way / "cache")
    return {
        "PYTHONPATH": f"{small_package.parent}:{repository}",
        "NUMBA_CACHE_DIR": "",
        "XDG_CACHE_HOME": nowhere,
        "HOME": nowhere,
        "TMPDIR": str(small_package.parent),
    }


def test_a_loop_is_kept_in_the_users_cache_where_the_package_cannot_be_written(
    repository: Path, read_only: dict[str, str], tmp_path: Path
) -> None:
    kept = {**read_only, "XDG_CACHE_HOME": str(tmp_path / "caches")}
    hits = [result_and_hits(RUN_SMALL, repository, **kept) for _ in range(2)]
    assert hits == [(3.0, 0), (3.0, 1)]


def test_a_loop_is_kept_among_temporary_files_where_nothing_else_can_be_written(
    repository: Path, read_only: dict[str, str], tmp_path: Path
) -> None:
    hits = [result_and_hits(RUN_SMALL, repository, **read_only) for _ in range(2)]
    assert hits == [(3.0, 0), (3.0, 1)]
    (folder,) = tmp_path.glob("costctl-compiled-*")
    assert folder.stat().st_mode & 0o777 == 0o700


def test_code_is_not_run_from_a_temporary_folder_that_others_can_write(
    repository: Path, read_only: dict[str, str], tmp_path: Path
) -> None:
    result_and_hits(RUN_SMALL, repository, **read_only)
    (folder,) = tmp_path.glob("costctl-compiled-*")
    folder.chmod(0o777)
    assert result_and_hits(RUN_SMALL, repository, **read_only) == (3.0, 0)


def test_the_next_process_finds_the_replay_compiled(repository: Path) -> None:
    result_and_hits(RUN_REPLAY, repository)
    assert result_and_hits(RUN_REPLAY, repository) == (0.5, 1)


def test_the_replay_is_kept_under_the_digest_of_its_package() -> None:
    assert event_loop.run.py_func.__qualname__ == f"run_{digest('costctl.simulate'):x}"


def test_code_kept_by_a_version_whose_classes_are_gone_is_not_opened(
    repository: Path, small_package: Path
) -> None:
    kept = {
        "PYTHONPATH": f"{small_package.parent}:{repository}",
        "NUMBA_CACHE_DIR": str(small_package.parent / "kept"),
    }
    (small_package / "loop.py").write_text(NAMED_LOOP)
    (small_package / "part.py").write_text(f"from typing import NamedTuple\n{ARGUMENT.format('Older')}")
    assert result_and_hits(RUN_NAMED.format("Older"), repository, **kept) == (3.0, 0)
    (small_package / "part.py").write_text(f"from typing import NamedTuple\n{ARGUMENT.format('Newer')}")
    assert result_and_hits(RUN_NAMED.format("Newer"), repository, **kept) == (3.0, 0)


def test_the_digest_changes_with_any_file_of_the_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "loops"
    package.mkdir()
    for name in ("__init__.py", "loop.py", "constants.py", "notes.txt"):
        (package / name).write_text("# as it was\n", encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    before = digest("loops")
    (package / "notes.txt").write_text("no source\n", encoding="utf-8")
    assert digest("loops") == before
    (package / "constants.py").write_text("SERVED = 1\n", encoding="utf-8")
    assert digest("loops") != before


def test_what_changes_capacity_is_compiled_only_where_something_does(repository: Path) -> None:
    program = RUN_REPLAY + "print(len(event_loop.run.signatures), 0)\n"
    lines = subprocess.run(
        [sys.executable, "-c", program], cwd=repository, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    assert lines[-1] == "1 0"


def test_python_runs_a_part_as_it_stands() -> None:
    assert part(shifted)(2.0) == 3.0
    assert part(shifted) is shifted


def shifted(value: float) -> float:
    return value + 1.0
