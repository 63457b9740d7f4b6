"""Nothing that costctl says of an input holds what the input says, however the input is damaged.

``python -m fuzz.discreet --inputs 10000`` holds the same of more inputs.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from costctl.ingest.mapping import built_in_mappings
from tests.ingest.discretion import Intake, leak_in, said_by_command
from tests.ingest.planted_secrets import DAMAGES, WRITERS, Damage, Planted, planted
from tests.thoroughness import how_many

EXAMPLES = how_many(40, thorough=150)
QUARTERS = how_many(1, thorough=4)  # of the damages of every format
MARK = "qzxjvkwqzxjv"


@pytest.fixture(scope="module")
def intake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Intake]:
    yield Intake(tmp_path_factory.mktemp("planted"))


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 2**40))
def test_no_secret_is_said_and_no_record_is_lost(intake: Intake, seed: int) -> None:
    intake.hold(planted(seed))


@pytest.mark.parametrize("name", WRITERS)
def test_every_format_is_planted_and_read(intake: Intake, name: str) -> None:
    """Undamaged, so that what is held of damaged files is held of files that are read at all."""
    ending, write = WRITERS[name]
    files = [
        Planted(name, ending, write(random.Random(seed), MARK), MARK)
        for seed in range(how_many(2, thorough=4))
    ]
    assert any(MARK.encode() in file.data for file in files)
    codes = [intake.hold(file) for file in files]
    mapping = built_in_mappings().get(name.split(" ")[0])
    holds_calls = name != "unknown" and (mapping is None or mapping.refused is None)
    assert (0 in codes) == holds_calls


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
def test_every_damage_of_every_format_once(intake: Intake, damage: Damage) -> None:
    """In part: each damage to some formats, and each format damaged in some ways."""
    first = DAMAGES.index(damage)
    for name, (ending, write) in (
        item for number, item in enumerate(WRITERS.items(), first) if number % 4 < QUARTERS
    ):
        dice = random.Random(name)
        data = damage(dice, write(dice, MARK), MARK)
        intake.hold(Planted(name, ending, data, MARK))


COMMANDS = {
    "ingest": ["ingest", "FILE", "--store", "STORE", "--debug"],
    "ingest, strict": ["ingest", "FILE", "--store", "STORE", "--strict", "--format", "json"],
    "ingest, mapped": ["ingest", "FILE", "--store", "STORE", "--mapping", "litellm_spend", "--debug"],
    "analyze": ["analyze", "FILE", "--debug"],
    "doctor": ["doctor", "FILE", "--quiet"],
}


@pytest.mark.parametrize("command", COMMANDS)
def test_no_verb_prints_a_secret(command: str, tmp_path: Path) -> None:
    """Through the command line, on a few planted files: output, progress, errors and tracebacks."""
    for seed in range(100, 100 + how_many(4, thorough=8)):
        file = planted(seed)
        arguments = [each.replace("STORE", str(tmp_path / f"{seed}.duckdb")) for each in COMMANDS[command]]
        code, said = said_by_command(file, tmp_path, arguments)
        assert code in (0, 3, 4)
        assert said
        assert leak_in(said, file.mark) is None


def test_sql_that_stumbles_over_a_value_does_not_show_it(tmp_path: Path) -> None:
    store = str(tmp_path / "s.duckdb")
    name, write = WRITERS["otlp"]
    file = Planted("otlp", name, write(random.Random(1), MARK), MARK)
    assert said_by_command(file, tmp_path, ["ingest", "FILE", "--store", store])[0] == 0
    query = f"SELECT CAST('{MARK}' || name AS INTEGER) FROM spans"
    for extra in ([], ["--debug"]):
        code, said = said_by_command(file, tmp_path, ["sql", query, "--store", store, *extra])
        assert code == 2
        assert "The query failed." in said
        assert leak_in(said, MARK) is None
    code, said = said_by_command(file, tmp_path, ["sql", "SELECT nonsense FROM spans", "--store", store])
    assert code == 2
    assert "nonsense" in said
