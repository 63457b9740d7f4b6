"""``costctl check`` and ``costctl baseline`` as a user types them: exit codes, messages, files."""

from __future__ import annotations

import json
import shutil
from datetime import timedelta
from pathlib import Path
from subprocess import CompletedProcess

import pytest

import costctl
from costctl.documents.analysis import Analysis
from costctl.saved import read_saved
from tests.command_line import costctl as typed
from tests.gates.small_logs import START, log_of

WEEK = timedelta(days=7)


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The logs of two days a week apart, of which the later one has prompts that are a fifth longer, and a baseline of
    the first.
    """
    made = tmp_path_factory.mktemp("gates")
    log_of(made / "before.jsonl", 280)
    log_of(made / "after.jsonl", 280, start=START + WEEK, tokens=lambda number: 980 + number % 7 * 120)
    log_of(made / "few.jsonl", 12, start=START + WEEK)
    (made / "costctl.toml").write_text("")
    done = typed(made, "baseline", "save", "before.jsonl", "--no-store", "-q")
    assert done.returncode == 0, done.stderr
    assert (made / "costctl-baseline.json").is_file()
    return made


@pytest.fixture
def folder(prepared: Path, tmp_path: Path) -> Path:
    return shutil.copytree(prepared, tmp_path / "here")


def check(
    folder: Path, *words: str, gates: tuple[str, ...], log: str = "after.jsonl"
) -> CompletedProcess[str]:
    """``costctl check`` of a log, under these gates."""
    text = "\n".join(f"[[gates]]\n{gate}\n" for gate in gates)
    (folder / "costctl.toml").write_text(text, encoding="utf-8")
    return typed(folder, "check", log, "--no-store", "-q", *words)


DEARER = 'metric = "usd_per_success"\nclass = "chat"\nmax_increase = {}'
CHEAP = 'metric = "attributed_usd"\nmax = 100'


def test_a_breach_is_code_1_and_the_first_line_says_so(folder: Path) -> None:
    done = check(folder, gates=(DEARER.format(0.05), CHEAP))
    assert done.returncode == 1, done.stderr
    assert done.stdout.splitlines()[0] == "1 of 2 checks breached"
    assert "cost per success · chat" in done.stdout
    assert "costctl explain chat" in done.stdout


def test_what_holds_is_code_0(folder: Path) -> None:
    done = check(folder, gates=(DEARER.format(0.3), CHEAP))
    assert (done.returncode, done.stdout.splitlines()[0]) == (0, "All 2 checks hold")


def test_too_little_data_is_code_4_unless_something_is_breached(folder: Path) -> None:
    done = check(folder, gates=(DEARER.format(0.05),), log="few.jsonl")
    assert (done.returncode, done.stdout.splitlines()[0]) == (
        4,
        "No check breached, but 1 of 1 check cannot be said",
    )
    assert "12 requests in this window, and 28 are needed" in " ".join(done.stdout.split())
    both = check(folder, gates=(DEARER.format(0.05), 'metric = "requests"\nmax = 10'), log="few.jsonl")
    assert both.returncode == 1
    assert both.stdout.splitlines()[0] == "1 of 2 checks breached, 1 cannot be said"


@pytest.mark.parametrize(
    ("gate", "said"),
    [
        ('metric = "requests"\nclass = "chatt"\nmin = 1', "there is no class 'chatt' (did you mean chat?)"),
        ('metric = "requests"\ntenant = "acne"\nmin = 1', "there is no tenant 'acne' (did you mean acme?)"),
        (
            'metric = "requests"\nmodel = "gpt-4"\nmin = 1',
            "there is no model 'gpt-4' (did you mean gpt-4.1?)",
        ),
        ('metric = "idle_usd"\npool = "gpu"\nmax = 1', "there is no pool 'gpu'"),
        ('budget_usd = 5\nper = "day"\ntenant = "nobody"', "there is no tenant 'nobody'"),
        ('metric = "request"\nmin = 1', "metric 'request' is unknown (did you mean requests?)"),
    ],
)
def test_an_unknown_name_is_code_2_with_the_nearest(folder: Path, gate: str, said: str) -> None:
    done = check(folder, gates=(gate,))
    assert done.returncode == 2
    assert said in done.stderr


def test_a_class_that_is_known_but_was_not_seen_cannot_be_said(folder: Path) -> None:
    done = check(folder, gates=('metric = "requests"\nclass = "rag"\nmin = 1',))
    assert done.returncode == 4, done.stderr
    assert "not observed" in done.stdout


def test_a_tenant_that_only_the_baseline_knows_cannot_be_said(folder: Path) -> None:
    log_of(folder / "after.jsonl", 280, start=START + WEEK, tenant=lambda _: "acme")
    done = check(folder, gates=('metric = "attributed_usd"\ntenant = "birch"\nmax_increase = 0.1',))
    assert done.returncode == 4, done.stderr


def test_without_gates_the_error_shows_one(folder: Path) -> None:
    done = check(folder, gates=())
    assert done.returncode == 2
    assert "There are no gates to check." in done.stderr
    assert "max_increase = 0.05" in done.stderr


def test_a_baseline_that_is_missing_is_code_3_and_says_how_to_make_it(folder: Path) -> None:
    (folder / "costctl-baseline.json").unlink()
    done = check(folder, gates=(DEARER.format(0.05),))
    assert done.returncode == 3
    assert "costctl baseline save" in done.stderr
    assert check(folder, gates=(CHEAP,)).returncode == 0  # which compares with nothing


def test_the_baseline_may_be_any_saved_analysis_without_intervals_of_its_own(folder: Path) -> None:
    done = typed(folder, "analyze", "before.jsonl", "--no-store", "-q", "-o", "last.json")
    assert done.returncode == 0, done.stderr
    slow_gate = 'metric = "e2e_p95"\nclass = "chat"\nmax_increase = 0.05'
    gates = (DEARER.format(0.05), slow_gate)
    found = check(folder, "--baseline", "last.json", "--format", "json", gates=gates)
    dear, slow = json.loads(found.stdout)["verdicts"]
    assert dear["judged"]["level"] == 0.95
    assert slow["judged"]["method"] == "the values; no interval is known of one side"


def test_the_same_traces_give_the_same_bytes(folder: Path) -> None:
    first = (folder / "costctl-baseline.json").read_bytes()
    done = typed(folder, "baseline", "save", "before.jsonl", "--no-store", "-o", "again.json")
    assert done.returncode == 0, done.stderr
    assert (folder / "again.json").read_bytes() == first
    assert "Wrote" in done.stdout
    assert read_saved(folder / "again.json", Analysis, "").sampled != ()


def test_the_baseline_is_shown_as_an_analysis_is(folder: Path) -> None:
    done = typed(folder, "baseline", "show")
    assert done.returncode == 0, done.stderr
    assert "COST BY CLASS" in done.stdout
    assert "280" in done.stdout


def test_it_lies_beside_the_settings_wherever_one_stands(folder: Path) -> None:
    (folder / "src").mkdir()
    assert typed(folder / "src", "baseline", "show").returncode == 0
    (folder / "other").mkdir()
    (folder / "other" / "costctl.toml").write_text("")
    done = typed(folder, "baseline", "show", "--config", "other/costctl.toml")
    assert done.returncode == 3
    assert "other/costctl-baseline.json" in done.stderr


@pytest.mark.parametrize(
    ("name", "begins"),
    [
        ("g.xml", "<?xml"),
        ("g.sarif", "{"),
        ("g.json", "{"),
        ("g.csv", "outcome,"),
        ("g.md", "### ❌ costctl"),
    ],
)
def test_the_suffix_of_the_file_says_the_form(folder: Path, name: str, begins: str) -> None:
    done = check(folder, "-o", name, gates=(DEARER.format(0.05),))
    assert done.returncode == 1
    assert (folder / name).read_text(encoding="utf-8").startswith(begins)
    assert "1 of 1 check breached" in done.stdout


def test_a_gate_of_any_name_does_nothing(folder: Path) -> None:
    named = 'name = "<img src=x>\\r\\n::error::|[a](http://b.example)\\u001b[31m"\n'
    done = check(folder, "--format", "github", gates=(f'{named}metric = "requests"\nmax = 1',))
    assert done.returncode == 1, done.stderr
    first, second = done.stdout.splitlines()
    assert first.startswith(r"::error file=costctl.toml,line=1,title=<img src=x>\r\n%3A%3Aerror%3A%3A|[a]")
    assert second.startswith("::notice")
    assert "\x1b" not in done.stdout + done.stderr


def test_requests_that_are_in_both_windows_are_warned_of(folder: Path) -> None:
    done = check(folder, gates=(DEARER.format(0.05),), log="before.jsonl")
    assert done.returncode == 0
    assert "WARNING  The window and that of the baseline overlap." in done.stdout


def test_python_gives_the_document_that_the_command_line_prints(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    (folder / "costctl.toml").write_text(f"[[gates]]\n{DEARER.format(0.05)}\n")
    store = costctl.open_store("s.duckdb")
    store.ingest("before.jsonl")
    saved = store.baseline("saved.json")
    assert read_saved(folder / "saved.json", Analysis, "") == saved
    document = store.check(baseline="saved.json")
    assert (document.outcome, document.baseline.path if document.baseline else "") == ("passed", "saved.json")
    printed = typed(folder, "check", "--store", "s.duckdb", "--baseline", "saved.json", "--format", "json")
    assert json.loads(printed.stdout)["verdicts"][0]["value"] == document.verdicts[0].value
