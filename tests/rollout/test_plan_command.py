"""``costctl policy plan`` as it is typed: what it writes, what it refuses, and that its gates are checked."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest
from msgspec import structs

from costctl.documents.policy import Placement, Policy, Target
from tests.command_line import costctl
from tests.policy.policies import kind_named, policy_of, pool_named
from tests.rollout.worlds import with_class

WHY = {"/lane": ("declared",), "/placement": ("declared",)}
BASE = policy_of(kind_named("chat", "us", why=WHY), backends=(pool_named("us"), pool_named("eu")))
NEW = with_class(BASE, 0, placement=Placement((Target("eu", 100),)))


def write(folder: Path, name: str, policy: Policy) -> None:
    (folder / name).write_bytes(msgspec.json.encode(policy))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the policy in force and a newer one."""
    write(tmp_path, "base.json", BASE)
    write(tmp_path, "new.json", NEW)
    return tmp_path


def test_a_folder_has_the_files_of_each_step_and_another_plan_takes_its_place(folder: Path) -> None:
    words = ("policy", "plan", "new.json", "--from", "base.json", "-o", "rollout")
    assert costctl(folder, *words).returncode == 0
    found = {each.relative_to(folder / "rollout").as_posix() for each in (folder / "rollout").rglob("*.*")}
    step = "step-02-placement-chat"
    assert found >= {f"{step}/{name}" for name in ("policy.json", "policy-5.json", "gates.toml", "README.md")}
    assert found >= {"README.md", "plan.json", "step-00-base/policy.json"}
    last = msgspec.json.decode((folder / "rollout" / step / "policy.json").read_bytes(), type=Policy)
    assert last == NEW
    plan = json.loads((folder / "rollout" / "plan.json").read_text())
    assert plan == json.loads(costctl(folder, *words[:-2], "--format", "json").stdout)
    assert (
        costctl(folder, "policy", "plan", "base.json", "--from", "base.json", "-o", "rollout").returncode == 0
    )
    assert not (folder / "rollout" / step).exists()


def test_a_folder_of_something_else_is_not_written_to(folder: Path) -> None:
    done = costctl(folder, "policy", "plan", "new.json", "--from", "base.json", "-o", ".")
    assert done.returncode == 2
    assert "no folder for a plan" in done.stderr


def test_without_the_policy_in_force_there_is_no_plan_and_the_way_to_one_is_told(folder: Path) -> None:
    done = costctl(folder, "policy", "plan", "new.json")
    assert done.returncode == 2
    assert "--today" in done.stderr


def test_a_policy_that_is_not_sound_is_named(folder: Path) -> None:
    write(folder, "bad.json", structs.replace(NEW, default_class="nobody"))
    done = costctl(folder, "policy", "plan", "bad.json", "--from", "base.json")
    assert done.returncode == 3
    assert "bad.json" in done.stderr


@pytest.mark.parametrize("words", [("--change", "0"), ("--drop", "1")])
def test_a_change_of_nothing_cannot_be_seen(folder: Path, words: tuple[str, str]) -> None:
    assert costctl(folder, "policy", "plan", "new.json", "--from", "base.json", *words).returncode == 2


def test_the_first_screen_says_what_is_first_and_when_one_may_go_on(folder: Path) -> None:
    shown = costctl(folder, "policy", "plan", "new.json", "--from", "base.json").stdout.splitlines()
    assert len(shown) <= 24
    text = "\n".join(shown)
    assert "not observed" in text
    for word in ("First", "Go on", "Next"):
        assert any(line.startswith(word) for line in shown), word


@pytest.mark.parametrize("words", [("policy", "--policy", "base.json"), ("all", "-o", "deployed")])
def test_what_is_done_today_is_one_file_made_from_traces(folder: Path, words: tuple[str, ...]) -> None:
    done = costctl(folder, "emit", "--today", "--target", *words)
    assert done.returncode == 2
    assert "--today" in done.stderr


def test_the_gates_of_a_file_are_judged_in_place_of_those_of_the_settings(folder: Path) -> None:
    traces = Path(__file__).parents[2] / "sample_traces" / "gateway_spend.jsonl"
    for name, least in (("costctl.toml", 10**9), ("gates.toml", 1)):
        (folder / name).write_text(f'[[gates]]\nmetric = "requests"\nmin = {least}\n')
    words = ("check", str(traces), "--no-store")
    assert costctl(folder, *words).returncode == 1
    assert costctl(folder, *words, "--gates", "gates.toml").returncode == 0
