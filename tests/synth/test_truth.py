"""The truth of a world is right where it can be written down, and the files say the same."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from costctl.config import load_config
from costctl.synth.demand import demand_of
from costctl.synth.presets import sample_world, world_from_seed
from costctl.synth.settings_file import settings_text
from costctl.synth.spans import otlp_lines
from costctl.synth.truth import truth_of
from tests.synth.small_worlds import everyone, plain_world, served_all


def quiet(_what: str, _ratio: float | None, _detail: str = "") -> None:
    """Progress that nobody watches."""


def test_where_nobody_meets_anybody_a_request_costs_what_it_takes() -> None:
    world = plain_world(40.0, hours=12.0)
    demand = demand_of(world)
    truth = truth_of(world, demand, served_all(world, demand))
    calls = demand.calls
    rate = np.array([pool.usd_per_replica_hour / 3600 for pool in world.pools])[calls.pool]
    law = np.array([(pool.alpha_s, pool.beta_s, pool.gamma_s) for pool in world.pools])[calls.pool]
    steps = np.where(np.array([pool.is_static for pool in world.pools])[calls.pool], 1, calls.steps)
    usd = rate * (law[:, 2] * calls.uncached_tokens + steps * (law[:, 0] + law[:, 1]))
    present = np.unique(demand.requests.request_class)
    assert present.size
    for number in present:
        members = demand.requests.request_class == number
        found = truth.classes[world.classes[number].name]
        alone_usd = usd[members[calls.request]].sum() / members.sum()
        # On other days replicas are up to some thousandths faster or slower, and a few calls do meet.
        assert found.marginal_usd_per_request.mean == pytest.approx(
            alone_usd + found.direct_usd_per_request, rel=0.02
        )


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others() -> None:
    def written(seed: int) -> bytes:
        world = replace(plain_world(60.0), seed=seed)
        demand = demand_of(world)
        return b"".join(otlp_lines(world, demand, served_all(world, demand)))

    assert written(1) == written(1)
    assert written(1) != written(2)


def test_the_sample_traces_are_what_the_sample_world_writes(repository: Path) -> None:
    world = sample_world(7)
    demand = demand_of(world)
    lines = b"".join(otlp_lines(world, demand, served_all(world, demand)))
    committed = repository / "sample_traces"
    assert gzip.decompress((committed / "requests.jsonl.gz").read_bytes()) == lines
    assert (committed / "costctl.toml").read_text(encoding="utf-8") == settings_text(world)
    assert sum(path.stat().st_size for path in committed.iterdir()) < 2_000_000


def test_the_expected_answers_of_the_sample_traces_are_their_truth(repository: Path) -> None:
    committed = repository / "sample_traces"
    truth = json.loads((committed / "truth.json").read_text())
    readme = (committed / "README.md").read_text(encoding="utf-8")
    for name, found in truth["classes"].items():
        usd = found["marginal_usd_per_request"]
        row = (
            f"| {name} | {found['requests']:,} | {found['successes']:,} | {found['calls']:,} | {found['failed_calls']} "
            f"| {found['marginal_busy_s_per_request']['mean']:.4f} "
            f"| ${usd['mean']:.7f} ± {usd['standard_error']:.7f} |"
        )
        assert row in readme
    spans = gzip.decompress((committed / "requests.jsonl.gz").read_bytes()).count(b'"spanId"')
    assert f"| {spans:,} spans as OTLP/JSON" in readme
    for pool in truth["pools"].values():
        assert f"| {pool['busy_s']:,.1f} |" in readme


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_settings_of_a_random_world_are_read_back(tmp_path: Path, seed: int) -> None:
    world = world_from_seed(seed)
    (tmp_path / "costctl.toml").write_text(settings_text(world), encoding="utf-8")
    settings = load_config(tmp_path / "costctl.toml", tmp_path).settings
    assert {name: pool.usd_per_replica_hour for name, pool in settings.pools.items()} == {
        pool.name: pool.usd_per_replica_hour for pool in world.pools
    }
    assert set(settings.classes) == {spec.name for spec in world.classes}
    assert everyone(demand_of(world)).size == pytest.approx(world.requests, rel=0.5)
