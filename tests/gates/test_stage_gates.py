"""A gate on the time that requests spend in a stage: judged by class and stage, against a limit and a baseline."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from costctl.documents.gate_settings import Gate
from tests.command_line import costctl as typed
from tests.gates.small_logs import START, log_of

STAGE = 'metric = "stage_s_per_request"\nclass = "chat"\nstage = "decode"\n'
ANY = 'metric = "stage_s_per_request"\nclass = "*"\n'


def timed_log(path: Path, start: datetime, decode_s: float) -> None:
    """Calls whose first token comes after half a second."""
    lines = [
        json.loads(line) for line in log_of(path, 60, start=start).read_text(encoding="utf-8").splitlines()
    ]
    for number, line in enumerate(lines):
        begin = start + timedelta(minutes=10 * number)
        line["completionStartTime"] = (begin + timedelta(seconds=0.5)).isoformat()
        line["endTime"] = (begin + timedelta(seconds=0.5 + decode_s)).isoformat()
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines), encoding="utf-8")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two logs a week apart: calls decode for 2 s in the first, and 3 s in the second; the first is the baseline."""
    made = tmp_path_factory.mktemp("stages")
    timed_log(made / "before.jsonl", START, 2.0)
    timed_log(made / "after.jsonl", START + timedelta(days=7), 3.0)
    (made / "costctl.toml").write_text("")
    saved = typed(made, "baseline", "save", "before.jsonl", "--no-store", "-q")
    assert saved.returncode == 0, saved.stderr
    return made


def test_a_stage_is_held_to_a_limit_and_to_the_baseline(folder: Path) -> None:
    gates = (
        STAGE + 'max = "2500ms"',
        STAGE + 'max = "4s"',
        STAGE + "max_increase = 0.2",
        ANY + 'max = "10s"',
    )
    (folder / "costctl.toml").write_text("".join(f"[[gates]]\n{gate}\n" for gate in gates), encoding="utf-8")
    done = typed(folder, "check", "after.jsonl", "--no-store", "-q", "--format", "json")
    assert done.returncode == 1, done.stderr
    found = json.loads(done.stdout)["verdicts"]
    outcomes = {
        (each["gate"], dict(each["subject"])["stage"]): (each["outcome"], each["value"], each["baseline"])
        for each in found
    }
    assert outcomes == {
        (1, "decode"): ("breached", pytest.approx(3.0), None),
        (2, "decode"): ("passed", pytest.approx(3.0), None),
        (3, "decode"): ("breached", pytest.approx(3.0), pytest.approx(2.0)),
        (4, "decode"): ("passed", pytest.approx(3.0), None),
        (4, "prefill"): ("passed", pytest.approx(0.5), None),
    }
    change = next(each["judged"]["value"] for each in found if each["gate"] == 3)
    assert change == pytest.approx(0.5)
    assert {each["samples"] for each in found} == {60}


def test_a_stage_that_there_is_not_is_an_error_with_the_nearest(folder: Path) -> None:
    (folder / "costctl.toml").write_text(
        '[[gates]]\nmetric = "stage_s_per_request"\nclass = "chat"\nstage = "retreival"\nmax = "1s"\n'
    )
    done = typed(folder, "check", "after.jsonl", "--no-store", "-q")
    assert done.returncode == 2
    assert "there is no stage 'retreival' (did you mean retrieval?)." in done.stderr


def test_a_stage_of_another_metric_is_refused() -> None:
    with pytest.raises(ValueError, match="e2e_p95 is not known of a stage: leave stage out"):
        Gate(metric="e2e_p95", request_class="chat", stage="queue", max="1s")
    with pytest.raises(ValueError, match="a budget takes no stage"):
        Gate(budget_usd=1.0, per="day", stage="queue")
