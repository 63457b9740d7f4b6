"""The page on a new kind of advice, followed to the letter: the kind is judged, and what it saves is cash."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from costctl.synth.presets import sample_world
from tests.docs.page_steps import followed, run
from tests.synth.written_worlds import written

if TYPE_CHECKING:
    from pathlib import Path

PAGE = "docs/how-to/add-a-kind-of-advice.md"


def two_economy_replicas(folder: Path) -> None:
    """The sample's world with a second replica where one suffices."""
    world = sample_world(7)
    pools = tuple(replace(pool, replicas=2) if pool.name == "llm-economy" else pool for pool in world.pools)
    written(replace(world, pools=pools), folder)


@pytest.fixture(scope="module")
def document(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("kind")
    followed(repository, PAGE, folder)
    two_economy_replicas(folder)
    arguments = ("recommend", "requests.jsonl", "--config", "costctl.toml", "--format", "json")
    done = run(arguments, folder)
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def advice(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {item["id"]: item for item in document["recommendations"]}


def test_the_new_kind_is_judged_like_every_other(document: dict[str, Any]) -> None:
    found = advice(document)
    assert found["fewer_replicas.llm-premium"]["status"] == "withheld"
    made = found["fewer_replicas.llm-economy"]
    assert made["status"] == "recommended"
    (change,) = made["change"]
    assert (change["key"], change["from"], change["to"]) == ("pool.llm-economy.replicas", 2, 1)
    assert made["holdout"]["is_slo_met"]


def test_a_replica_that_goes_is_cash_and_comes_first(document: dict[str, Any]) -> None:
    made, hours = advice(document)["fewer_replicas.llm-economy"], document["baseline"]["observed_hours"]
    assert made["cash_usd"]["mid"] == pytest.approx(2.5 * hours)  # one replica, by its price an hour
    assert document["recommendations"][0]["id"] == "fewer_replicas.llm-economy"
    assert document["joint"]["cash_usd"]["mid"] == pytest.approx(2.5 * hours)
