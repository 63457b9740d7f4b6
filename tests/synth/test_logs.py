"""A world written as a log of calls says of them what its spans say."""

from __future__ import annotations

from pathlib import Path

import pytest

from costctl.observation import Question, observed
from costctl.synth.demand import demand_of
from costctl.synth.logs import log_lines
from costctl.synth.presets import sample_world
from costctl.synth.settings_file import settings_text
from costctl.synth.spans import otlp_lines
from tests.synth.small_worlds import served_all

SUMS = (
    "SELECT pool, COUNT(*) AS calls, SUM(input_tokens) AS input, SUM(output_tokens) AS output, "
    "SUM(CAST(is_failed AS BIGINT)) AS failed, SUM(queue_s) AS queue_s FROM calls GROUP BY pool ORDER BY pool"
)


def quiet(_what: str, _ratio: float | None, _detail: str = "") -> None:
    """Progress that nobody watches."""


def test_calls_tokens_failures_and_waits_are_the_same_in_both(tmp_path: Path) -> None:
    world = sample_world(11)
    demand = demand_of(world)
    served = served_all(world, demand)
    (tmp_path / "costctl.toml").write_text(settings_text(world), encoding="utf-8")
    found = []
    for name, lines in (("spans.jsonl", otlp_lines), ("calls.csv", log_lines)):
        (tmp_path / name).write_bytes(b"".join(lines(world, demand, served)))
        question = Question(paths=(str(tmp_path / name),), config=tmp_path / "costctl.toml")
        with observed(question, quiet) as observation:
            found.append(observation.engine.query(SUMS).rows())
    spans, log = found
    assert [row[:5] for row in spans] == [row[:5] for row in log]
    assert [row[5] for row in spans] == pytest.approx([row[5] for row in log])
