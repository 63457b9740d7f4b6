"""The laws of sql/checks on real traces: nothing is lost, nothing counts twice, and stages add up to the duration."""

from __future__ import annotations

from pathlib import Path

import pytest

from costctl.ingest import loader
from costctl.observation import Question, observed
from costctl.relations import load_relations
from costctl.store.database import open_store

CHECKS = sorted(name for name, relation in load_relations("duckdb").items() if relation.layer == "checks")


def quiet(_what: str, _ratio: float | None, _detail: str = "") -> None:
    """Progress that nobody watches."""


@pytest.fixture(scope="module")
def store(real_traces: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Everything at once."""
    path = tmp_path_factory.mktemp("real") / "s.duckdb"
    with open_store(path) as connection:
        loader.ingest(connection, [str(real_traces)])
    return path


def test_every_check_holds(store: Path) -> None:
    with observed(Question(store=store), quiet) as observation:
        broken = {name: observation.engine.fetch(name).rows() for name in CHECKS}
    assert broken == {name: [] for name in CHECKS}


def test_every_timed_request_has_stages(store: Path) -> None:
    with observed(Question(store=store), quiet) as observation:
        requests, stage_time = observation.engine.fetch("requests"), observation.engine.fetch("stage_time")
    staged = stage_time["request_id"].unique()
    timed = requests.filter(requests["end_ns"] > requests["start_ns"])
    assert timed.height > 2_000
    assert set(timed["request_id"]) == set(staged)
