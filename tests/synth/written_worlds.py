"""A world as the traces and settings that a user would have of it."""

from __future__ import annotations

from pathlib import Path

from costctl.observation import Question
from costctl.synth.demand import Demand, demand_of
from costctl.synth.platform import serve
from costctl.synth.settings_file import settings_text
from costctl.synth.spans import otlp_lines
from costctl.synth.world import World

TRACES, SETTINGS = "requests.jsonl", "costctl.toml"


def written(world: World, folder: Path) -> Question:
    """The files in the folder, and the question about them."""
    return written_demand(world, demand_of(world), folder)


def written_demand(world: World, demand: Demand, folder: Path) -> Question:
    """The same of what the world is asked for here."""
    served = serve(world, demand, demand.requests.start_s >= 0)
    (folder / TRACES).write_bytes(b"".join(otlp_lines(world, demand, served)))
    (folder / SETTINGS).write_text(settings_text(world), encoding="utf-8")
    return Question(paths=(str(folder / TRACES),), config=folder / SETTINGS)


def with_pool_lines(question: Question, lines: str) -> Question:
    """The same question of operators who write these lines too, for each of their pools."""
    assert question.config is not None
    said = question.config.read_text(encoding="utf-8").splitlines()
    question.config.write_text(
        "\n".join(f"{each}\n{lines}" if each.startswith("[pools.") else each for each in said) + "\n",
        encoding="utf-8",
    )
    return question
