"""What was written is said: the file, what it carries, what it does not, and the next command."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest
import yaml

from costctl.documents.policy import Policy
from tests.command_line import costctl
from tests.policy.policies import sound_policy


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a policy."""
    (tmp_path / "policy.json").write_bytes(msgspec.json.encode(sound_policy()))
    return tmp_path


def emitted(folder: Path, *arguments: str) -> tuple[int, str, str]:
    done = costctl(folder, "emit", "--policy", "policy.json", *arguments)
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("target", ["litellm", "triton", "policy"])
def test_a_file_that_was_written_is_said_on_stdout(folder: Path, target: str) -> None:
    code, out, err = emitted(folder, "--target", target, "--out", "file")
    lines = out.splitlines()
    assert (code, err) == (0, "")
    assert lines[0].startswith("Wrote")
    assert f"file ({(folder / 'file').stat().st_size:,} bytes: " in lines[0]
    assert lines[-1].startswith("Next ")
    assert len(lines) <= 6


def test_counts_of_the_manifest_are_said_with_what_is_not_carried(folder: Path) -> None:
    _, out, _ = emitted(folder, "--target", "litellm", "--out", "file")
    entries = json.loads((folder / "file.coverage.json").read_text())["entries"]
    counts = {name: sum(each["status"] == name for each in entries) for name in ("exact", "unsupported")}
    text = " ".join(out.split())
    assert f"Carried {counts['exact']} values exactly" in text
    assert f"Not carried {counts['unsupported']} values: queue limits of rag (" in text
    assert "others; listed in file.coverage.json" in text


def test_where_stdout_carries_the_file_it_is_said_on_stderr(folder: Path) -> None:
    code, out, err = emitted(folder, "--target", "litellm")
    assert code == 0
    assert yaml.safe_load(out)["model_list"]
    assert err.startswith("Wrote")


def test_a_diff_writes_nothing_and_ends_with_zero(folder: Path) -> None:
    emitted(folder, "--target", "litellm", "--out", "ours.yaml")
    ours = (folder / "ours.yaml").read_text()
    theirs = (
        ours.replace("routing_strategy: simple-shuffle", "routing_strategy: least-busy")
        + "general_settings: {a: 1}\n"
    )
    (folder / "theirs.yaml").write_text(theirs)
    code, out, _ = emitted(folder, "--target", "litellm", "--diff", "theirs.yaml")
    assert code == 0
    assert "theirs.yaml differs: 0 to add, 1 to change, 1 only there" in out
    assert "~  router_settings.routing_strategy: least-busy → simple-shuffle" in out
    assert "-  general_settings.a: 1  (only in theirs.yaml)" in out
    assert (folder / "theirs.yaml").read_text() == theirs
    code, out, _ = emitted(folder, "--target", "litellm", "--diff", "ours.yaml")
    assert (code, out.split(":")[0]) == (0, "ours.yaml holds what would be written")


def test_a_present_file_that_cannot_be_read_is_refused_before_the_traces_are(folder: Path) -> None:
    done = costctl(folder, "emit", "--target", "litellm", "--store", "none.duckdb", "--diff", "none.yaml")
    assert done.returncode == 3
    assert "Cannot compare with none.yaml" in done.stderr


def test_a_diff_is_not_written_to_a_file(folder: Path) -> None:
    code, _, err = emitted(folder, "--target", "litellm", "--diff", "a", "--out", "b")
    assert code == 2
    assert "With --diff nothing is written" in err


def test_a_sound_policy_is_said_to_be_sound_with_what_was_checked(folder: Path) -> None:
    done = costctl(folder, "policy", "check", "policy.json")
    assert done.returncode == 0
    lines = done.stdout.splitlines()
    assert lines[0] == "Sound    policy.json: 2 classes, 2 backends, 2 lanes, 1 fact"
    assert lines[-1].split() == ["Next", "costctl", "emit", "--target", "litellm", "--policy", "policy.json"]


def test_the_problems_of_a_policy_are_counted_and_listed_whole(folder: Path) -> None:
    broken: Policy = sound_policy(default_class="nobody")
    (folder / "policy.json").write_bytes(msgspec.json.encode(broken))
    done = costctl(folder, "policy", "check", "policy.json")
    assert done.returncode == 1
    assert "policy.json has 1 problem, of 2 classes" in done.stdout
    assert "/default_class: nobody is not among the classes." in done.stdout.splitlines()
