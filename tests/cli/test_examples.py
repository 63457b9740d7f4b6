"""`--help` of every command has two examples, and each of them works as it stands."""

from __future__ import annotations

import gzip
import os
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import msgspec
import pytest
import typer

from costctl.cli.app import app
from costctl.cli.examples import EXAMPLES
from tests.billed.pages import costs_page
from tests.command_line import costctl
from tests.contracts.written_contract import WRITTEN
from tests.policy.policies import sound_policy
from tests.synth.written_shop import weeks_in

LAST_MINUTES = "2026-11-03T06:15:00Z"  # of the sample: what is before is left out
FEW_LINES = 6
OF_WEEKS = ("forecast",)  # what they ask takes more than the hour of the sample
# What they leave behind would be another question for the next; all others share a folder, and what was computed in it.
CHANGING = ("ingest", "init", "synth", "store prune", "store compact", "baseline save", "analyze traces/")


def names(application: typer.Typer, group: str = "") -> Iterator[str]:
    """Every command, such as "store info"."""
    yield from (f"{group}{command.name}" for command in application.registered_commands)
    for each in application.registered_groups:
        assert each.typer_instance is not None
        yield from names(each.typer_instance, f"{group}{each.name} ")


@pytest.fixture(scope="module")
def prepared(repository: Path, sample_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the examples speak of: the last minutes of the sample and its settings, a log of a gateway, a policy."""
    made = tmp_path_factory.mktemp("examples")
    samples = repository / "sample_traces"
    shutil.copy(sample_store, made / "costctl.duckdb")
    pruned = costctl(made, "store", "prune", "--before", LAST_MINUTES)
    assert pruned.returncode == 0, pruned.stderr
    shutil.copy(samples / "costctl.toml", made)
    with (made / "costctl.toml").open("a", encoding="utf-8") as settings:
        settings.write('\n[[gates]]\nmetric = "requests"\nmin = 1\n')
    saved = costctl(made, "baseline", "save")
    assert saved.returncode == 0, saved.stderr
    shutil.copy(samples / "gateway_spend.jsonl", made / "gateway.jsonl")
    (made / "traces").mkdir()
    with gzip.open(samples / "requests.jsonl.gz", "rt", encoding="utf-8") as lines:
        (made / "traces" / "requests.jsonl").write_text("".join(islice(lines, FEW_LINES)), encoding="utf-8")
    (made / "bills").mkdir()
    (made / "bills" / "costs.json").write_text(costs_page({"gpt-4o, input": 0.2}), encoding="utf-8")
    (made / "contracts.toml").write_text(WRITTEN, encoding="utf-8")
    (made / "policy.json").write_bytes(msgspec.json.encode(sound_policy()))
    (made / "reviewed.yaml").write_bytes(msgspec.yaml.encode(sound_policy()))
    return made


@pytest.fixture(scope="module")
def weeks_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of what a day does not tell: the store of some weeks."""
    made = tmp_path_factory.mktemp("weeks")
    loaded = costctl(made, "ingest", *weeks_in(made, part=0.05).paths)
    assert loaded.returncode == 0, loaded.stderr
    return made / "costctl.duckdb"


@pytest.fixture
def folder(prepared: Path, tmp_path: Path) -> Path:
    """A copy that an example may change."""
    return shutil.copytree(prepared, tmp_path / "here")


@pytest.mark.parametrize("name", sorted(names(app)))
def test_the_help_of_a_command_has_two_examples_of_it(name: str, tmp_path: Path) -> None:
    help_text = costctl(tmp_path, *name.split(), "--help").stdout
    assert len(EXAMPLES[name]) == 2
    for example in EXAMPLES[name]:
        assert f"  {example}\n" in help_text
        assert example.startswith(f"costctl {name}")


@pytest.mark.parametrize("example", EXAMPLES["serve"])
def test_an_example_that_goes_on_begins_and_ends_when_told_to(example: str, folder: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "costctl", *shlex.split(example)[1:]],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "HOME": str(folder), "PYTHONPATH": os.pathsep.join(sys.path)},
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    assert process.stderr.readline().startswith("Serving http://127.0.0.1:")
    process.send_signal(signal.SIGINT)
    assert process.wait(120) in (0, 130)


@pytest.mark.parametrize(
    "example", [each for name, examples in EXAMPLES.items() if name != "serve" for each in examples]
)
def test_an_example_works_as_it_stands(example: str, request: pytest.FixtureRequest) -> None:
    words = example.removeprefix("costctl ")
    folder = request.getfixturevalue("folder" if words.startswith((*CHANGING, *OF_WEEKS)) else "prepared")
    if words.startswith(OF_WEEKS):
        shutil.copy(request.getfixturevalue("weeks_store"), folder / "costctl.duckdb")
    done = costctl(folder, *shlex.split(example)[1:])
    # A policy, or a contract, of other traces is broken by these, which is an answer.
    is_answer = words.startswith(("policy verify", "contract check")) and done.returncode == 1
    assert done.returncode == 0 or is_answer, done.stderr
    assert done.stdout.strip() or "-o" in example or "check" in example
