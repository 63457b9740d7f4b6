"""One thing is wrong in each of some fresh worlds, and it is named; where nothing is wrong it is not."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from costctl.behaviour.bottleneck import bottlenecks
from costctl.behaviour.class_frames import class_frames
from costctl.behaviour.waste import stage_waste
from costctl.synth.world import World
from tests.behaviour.planted_worlds import (
    sound_world,
    traffic_of,
    with_helped_calls,
    with_saturated_pool,
    with_slow_retrieval,
    with_slow_tool,
)
from tests.thoroughness import how_many

WORLDS = how_many(5, thorough=20)
SEEDS = range(300, 300 + WORLDS)
PLANTS = {
    "slow_retrieval": ("rag", "retrieval", "storage"),
    "slow_tool": ("agentic", "tool", "tool"),
    "saturated_pool": ("chat", "queue", "queue"),
    "cold_cache": ("rag", "prefill", "compute"),
}
Held = dict[str, tuple[str, str, str]]  # class → cause, stage, kind


def held_up(world: World, folder: Path, helped_ratio: float = 1.0) -> Held:
    """What is named for each class. helped_ratio: part of the calls that the prompt cache helps."""
    traffic = traffic_of(world, folder, with_helped_calls(world, helped_ratio))
    waste = stage_waste(traffic)
    found = bottlenecks(traffic, waste, class_frames(traffic, waste))
    return {name: (each.cause, each.stage, each.kind) for name, each in found.items() if each is not None}


@pytest.fixture(scope="module")
def named(tmp_path_factory: pytest.TempPathFactory) -> tuple[Counter[str], Counter[str]]:
    """In how many worlds each cause was named where it was planted, and where nothing was."""
    folder = tmp_path_factory.mktemp("worlds")
    planted: Counter[str] = Counter()
    unplanted: Counter[str] = Counter()
    for seed in SEEDS:
        world = sound_world(seed)
        sound = held_up(world, folder)
        slow = held_up(with_slow_tool(with_slow_retrieval(world)), folder)  # two classes, two pools
        worlds = {
            "slow_retrieval": slow,
            "slow_tool": slow,
            "saturated_pool": held_up(with_saturated_pool(world), folder),
            "cold_cache": held_up(world, folder, helped_ratio=0.25),
        }
        for cause, (name, stage, kind) in PLANTS.items():
            planted[cause] += worlds[cause].get(name) == (cause, stage, kind)
            unplanted[cause] += sound.get(name, ("",))[0] == cause
    return planted, unplanted


@pytest.mark.parametrize("cause", PLANTS)
def test_a_planted_bottleneck_is_named_in_nineteen_worlds_of_twenty(
    cause: str, named: tuple[Counter[str], Counter[str]]
) -> None:
    assert named[0][cause] >= WORLDS - WORLDS // 20


@pytest.mark.parametrize("cause", PLANTS)
def test_it_is_named_in_at_most_two_worlds_of_twenty_where_it_was_not_planted(
    cause: str, named: tuple[Counter[str], Counter[str]]
) -> None:
    # Tools hold 15 to 30 % of an agent's time in these worlds, near the three tenths from which on they stand out.
    assert named[1][cause] <= WORLDS // 10
