"""The GitHub Action and the GitLab include of this repository: their steps run, and say what the gates say."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.gates.small_logs import START, log_of
from tests.gates.steps_of import Ran, run_action, run_job

GATE = '[[gates]]\nmetric = "attributed_usd"\nmax = {}\n'


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A checkout: traces in two files of awkward names, and gates in a folder of their own."""
    (tmp_path / "traces").mkdir()
    log_of(tmp_path / "traces" / "a b.jsonl", 40)
    log_of(tmp_path / "traces" / "$(touch ran).jsonl", 40, start=START.replace(day=6))
    (tmp_path / "ops").mkdir()
    return tmp_path


def on_github(repository: Path, project: Path, **inputs: str) -> tuple[Ran, dict[str, str], str]:
    """What the action prints, its outputs, and the summary of the job."""
    temporary = project / "temporary"
    temporary.mkdir()
    runner = {
        "RUNNER_TEMP": str(temporary),
        "GITHUB_OUTPUT": str(temporary / "outputs"),
        "GITHUB_STEP_SUMMARY": str(temporary / "summary.md"),
        "GITHUB_WORKSPACE": str(project),
        "GITHUB_ACTION_PATH": str(repository),
    }
    (temporary / "summary.md").write_text("# Before\n")
    given = {"traces": "traces/a b.jsonl\ntraces/$(touch ran).jsonl\n", "config": "ops/costctl.toml"}
    ran = run_action(repository / "action.yml", {**given, **inputs}, project, runner)
    lines = (temporary / "outputs").read_text().splitlines() if (temporary / "outputs").exists() else []
    return ran, dict(line.split("=", 1) for line in lines), (temporary / "summary.md").read_text()


def test_the_action_annotates_the_gate_and_fails(repository: Path, project: Path) -> None:
    (project / "ops" / "costctl.toml").write_text(f"# gates\n\n{GATE.format(0.01)}")
    ran, outputs, summary = on_github(repository, project)
    assert ran.code == 1, ran.err
    assert "::error file=ops/costctl.toml,line=3,title=attributed cost of all traffic::" in ran.out
    assert outputs["outcome"] == "breached"
    assert json.loads(Path(outputs["sarif"]).read_text())["runs"][0]["results"][0]["level"] == "error"
    assert "<failure" in Path(outputs["junit"]).read_text()
    assert summary.startswith("# Before\n### ❌ costctl: 1 of 1 check breached")
    assert not (project / "ran").exists()


def test_a_gate_that_cannot_be_said_passes_where_the_workflow_says_so(
    repository: Path, project: Path
) -> None:
    (project / "ops" / "costctl.toml").write_text('[[gates]]\nbudget_usd = 50\nper = "month"\n')
    ran, outputs, _ = on_github(repository, project, **{"cannot-say": "pass"})
    assert (ran.code, outputs["outcome"]) == (0, "cannot_say"), ran.err


def test_a_mistake_in_the_settings_is_no_breach(repository: Path, project: Path) -> None:
    (project / "ops" / "costctl.toml").write_text(GATE.format('"much"'))
    ran, outputs, _ = on_github(repository, project)
    assert (ran.code, outputs) == (2, {})


def test_the_include_leaves_both_reports_and_fails(repository: Path, project: Path) -> None:
    (project / "costctl.toml").write_text(GATE.format(0.01))
    include = repository / "ci" / "costctl.gitlab-ci.yml"
    ran = run_job(include, "costctl-check", {"COSTCTL_CHECK_STORE": str(project / "s.duckdb")}, project)
    assert ran.code == 1, ran.err
    assert ran.out.splitlines()[0] == "1 of 1 check breached"
    reports: dict[str, Any] = yaml.safe_load(include.read_text())["costctl-check"]["artifacts"]["reports"]
    (entry,) = json.loads((project / reports["codequality"]).read_text())
    assert entry["location"] == {"path": "costctl.toml", "lines": {"begin": 1}}
    assert "<failure" in (project / reports["junit"]).read_text()
