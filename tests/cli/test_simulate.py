"""``costctl simulate`` on the sample traces: the same bytes each time, the golden text, and its exit codes."""

from __future__ import annotations

import json
import re
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from tests.command_line import costctl

GOLDEN = Path(__file__).with_name("simulate_golden.txt")


def simulate(store: Path, *words: str, columns: str = "") -> CompletedProcess[str]:
    config = str(GOLDEN.parents[2] / "sample_traces" / "costctl.toml")
    terminal = {"COLUMNS": columns, "FORCE_COLOR": "1", "TERM": "dumb"} if columns else {}
    asked = ("simulate", "--store", str(store), "--config", config, *words)
    return costctl(store.parent, *asked, environment=terminal)


def test_the_same_input_and_seed_give_the_same_bytes_and_progress_goes_to_stderr(sample_store: Path) -> None:
    words = ("--load", "1.3x", "--set", "class.chat.lane=1", "--format", "json", "--seed", "3")
    first, again = simulate(sample_store, *words), simulate(sample_store, *words)
    assert first.returncode == 0, first.stderr
    assert first.stdout == again.stdout
    assert "Replaying the scenario" in first.stderr
    assert json.loads(first.stdout)["schema_version"] == "costctl.simulation/v2"


def without_numbers(text: str) -> list[list[str]]:
    """The words of each line; fitted figures differ in their last digits from machine to machine."""
    lines = [
        re.sub(r"[-+]?[\d,.]*\d", "0", line).replace("µs", "s").replace("ms", "s").split()
        for line in text.splitlines()
    ]
    return [[word for word in line if word.strip("─")] for line in lines]


def test_the_text_is_the_golden_one(sample_store: Path) -> None:
    done = simulate(
        sample_store,
        "--set",
        "pool.llm-premium.replicas=2",
        "--set",
        "class.chat.queue.limit=2",
        "-q",
        "--detail",
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert without_numbers(done.stdout) == without_numbers(GOLDEN.read_text(encoding="utf-8"))


@pytest.mark.parametrize("columns", ["80", "120"])
def test_every_column_fits_on_the_terminal(sample_store: Path, columns: str) -> None:
    done = simulate(
        sample_store, "--set", "class.embedding_batch.queue.limit=0", "-q", "--detail", columns=columns
    )
    assert done.returncode == 0, done.stderr
    for heading in ("95 % high", "goodput", "longest wait", "never", "TTFT p95", "how"):
        assert heading in done.stdout


def test_clients_that_came_again_are_counted(sample_store: Path) -> None:
    again = ("--set", "class.chat.queue.limit=0", "--set", "class.chat.retries=9")
    done = simulate(sample_store, *again, "-q", "--detail")
    assert done.returncode == 0, done.stderr
    assert "rejected, broken off, lost, or tried again" in done.stdout
    assert "retried" in done.stdout


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--set", "class.chat.queue.limt=2"), 2, "Did you mean class.chat.queue.limit?"),
        (("--load", "nothing"), 2, "--load 1.5 for half"),
        (("--fail", "llm-premum:1@05:30"), 2, "llm-premium"),
        (("--set", "pool.llm-premium.prefix_cache_tokens=9"), 2, "cannot be replayed"),
        (("--policy", "nowhere.json"), 3, "nowhere.json"),
        (("--since", "2030-01-01"), 4, "--since"),
    ],
)
def test_what_cannot_be_done_is_said_with_its_exit_code(
    sample_store: Path, words: tuple[str, ...], code: int, said: str
) -> None:
    done = simulate(sample_store, *words, "-q")
    assert done.returncode == code, done.stderr
    assert done.stdout == ""
    assert said in done.stderr
