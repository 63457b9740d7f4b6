"""On worlds of known truth a replay under the fit to the first half is what happened in the second."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from costctl.documents.settings import Settings
from costctl.frames.cost import Frames
from costctl.observation import Question, observed
from costctl.synth.demand import demand_of
from costctl.synth.presets import world_from_seed
from costctl.synth.settings_file import settings_text
from costctl.synth.spans import otlp_lines
from costctl.synth.world import World
from tests.oracles.held_out import held_out_calibrations
from tests.relations.span_rows import frames_of
from tests.synth.small_worlds import served_all
from tests.thoroughness import how_many

# Seeds that were not looked at before, and the number of replicas.
FRESH = ((6204, 1), (6205, 2), (6206, 3), (6201, 1), (6202, 1), (6203, 1))[: how_many(3, thorough=6)]
HOURS = 0.7
TOLERANCE = 0.05


def world_of(seed: int, replicas: int) -> World:
    """Part of the random world of a seed; with more replicas, as many times the traffic."""
    whole = world_from_seed(seed)
    pools = tuple(replace(pool, replicas=pool.replicas * replicas) for pool in whole.pools)
    requests = whole.requests * HOURS / whole.hours * replicas
    return replace(whole, hours=HOURS, requests=requests, pools=pools)


def observed_in(world: World, folder: Path) -> tuple[Frames, Settings]:
    demand = demand_of(world)
    lines = otlp_lines(world, demand, served_all(world, demand))
    (folder / "requests.jsonl").write_bytes(b"".join(lines))
    (folder / "costctl.toml").write_text(settings_text(world), encoding="utf-8")
    question = Question(paths=(str(folder / "requests.jsonl"),), config=folder / "costctl.toml")
    with observed(question, lambda _what, _ratio, _detail="": None) as observation:
        settings = observation.config.settings
        return frames_of(observation.engine, settings), settings


@pytest.mark.parametrize(("seed", "replicas"), FRESH)
def test_the_second_half_is_replayed_within_five_percent_under_the_fit_to_the_first(
    tmp_path: Path, seed: int, replicas: int
) -> None:
    frames, settings = observed_in(world_of(seed, replicas), tmp_path)
    found = held_out_calibrations(frames, settings)
    assert set(found) == set(settings.pools)
    for pool, calibration in found.items():
        assert abs(calibration.p50_error_ratio) <= TOLERANCE, (pool, calibration)
        assert abs(calibration.p95_error_ratio) <= TOLERANCE, (pool, calibration)
        assert abs(calibration.utilisation_error_ratio) <= TOLERANCE, (pool, calibration)
