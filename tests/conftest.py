"""Fixtures that every test may use, and the rule that continuous integration skips nothing."""

from __future__ import annotations

import dataclasses
import os
import shutil
from pathlib import Path

import hypothesis
import msgspec
import pytest

from costctl import verbs
from costctl.documents.analysis import Analysis
from costctl.documents.policy import Policy
from costctl.documents.report import Report
from costctl.documents.workload_map import WorkloadMap
from costctl.observation import Question
from tests.thoroughness import ARE_EXAMPLES_NEW, how_many
from tests.written_once import written_once

NO_REAL_TRACES = (
    "no ../shared/traces beside this checkout; these tests only add real files to the generated ones"
)
# How long an example takes says nothing on a busy machine.
hypothesis.settings.register_profile(
    "costctl", deadline=None, max_examples=how_many(20, thorough=40), derandomize=not ARE_EXAMPLES_NEW
)
hypothesis.settings.load_profile("costctl")
ROOT = Path(__file__).resolve().parents[1]
LONGEST = (
    "tests/docs/test_readme",
    "tests/docs/test_tutorial",
    "tests/docs/test_from_python",
    "tests/laws/test_documents_agree",
    "tests/documents",
    "tests/ingest/test_interruptions",
    "tests/policy/test_litellm_router",
    "tests/policy/test_targets",
    "tests/recommend",
    "tests/docs",
    "tests/behaviour/test_planted",
    "tests/scenario",
    "tests/service_model",
    "tests/finance",
    "tests/gates",
    "tests/serve",
    "tests/telemetry/test_gaps_appear",
)
AFTER_TWENTY_MINUTES = "2026-11-03T05:35:00Z"


@pytest.fixture(autouse=True)
def _width_of_no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Text is as wide as where nobody says how wide it may be: some runners of tests say so in the environment."""
    monkeypatch.delenv("COLUMNS", raising=False)


@pytest.fixture(scope="session")
def repository() -> Path:
    """The root of the checkout."""
    return ROOT


@pytest.fixture(scope="session")
def real_traces() -> Path:
    """Real traces that lie beside the checkout on some machines and are not part of the project."""
    path = ROOT.parent / "shared" / "traces"
    if not path.is_dir():
        pytest.skip(NO_REAL_TRACES)
    return path


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files that take long go first, so that no process is left with one of them at the end."""
    items.sort(key=lambda item: not item.nodeid.startswith(LONGEST))


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Under COSTCTL_NO_SKIPS a skipped test fails the run: there, everything that a test asks for is installed.
    Real traces are the one exception: they are not the project's to install.
    """
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None or not os.environ.get("COSTCTL_NO_SKIPS"):
        return
    skipped = [
        report for report in reporter.stats.get("skipped", []) if NO_REAL_TRACES not in str(report.longrepr)
    ]
    if skipped and session.exitstatus == pytest.ExitCode.OK:
        reporter.write_line(f"{len(skipped)} tests were skipped where none may be:", red=True)
        for report in skipped:
            reporter.write_line(f"  {report.nodeid}: {report.longrepr[2] if report.longrepr else ''}")
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.fixture(scope="session")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all processes of one run of the suite share."""
    own = tmp_path_factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own


@pytest.fixture(scope="session")
def sample_store(made_once: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with the sample traces; tests read it and never write. Each process has its own copy: DuckDB's lock
    is on the file.
    """
    traces = str(ROOT / "sample_traces" / "requests.jsonl.gz")
    store = written_once(
        made_once / "sample.duckdb",
        lambda path: verbs.ingest(verbs.IngestRequest((traces,), path), unwatched),
    )
    return shutil.copy(store, tmp_path_factory.mktemp("sample") / "sample.duckdb")


@pytest.fixture(scope="session")
def sample_question(sample_store: Path) -> Question:
    """The sample traces, with the configuration beside them."""
    return Question(store=sample_store, config=ROOT / "sample_traces" / "costctl.toml")


@pytest.fixture(scope="session")
def short_question(sample_question: Question) -> Question:
    """The first twenty minutes of the sample traces, for what holds of any trace."""
    return dataclasses.replace(sample_question, until=AFTER_TWENTY_MINUTES)


@pytest.fixture(scope="session")
def sample_analysis(made_once: Path, sample_question: Question) -> Analysis:
    """The analysis of the sample traces."""
    document = written_once(
        made_once / "analysis.json",
        lambda path: path.write_bytes(msgspec.json.encode(verbs.analyze(sample_question, unwatched))),
    )
    return msgspec.json.decode(document.read_bytes(), type=Analysis)


@pytest.fixture(scope="session")
def sample_report(made_once: Path, sample_question: Question) -> Report:
    """The weekly review of the sample traces."""
    document = written_once(
        made_once / "report.json",
        lambda path: path.write_bytes(msgspec.json.encode(verbs.report(sample_question, unwatched))),
    )
    return msgspec.json.decode(document.read_bytes(), type=Report)


@pytest.fixture(scope="session")
def sample_policy(made_once: Path, sample_question: Question) -> Policy:
    """The policy of the sample traces."""
    document = written_once(
        made_once / "policy.json",
        lambda path: path.write_bytes(msgspec.json.encode(verbs.policy_for(sample_question, unwatched))),
    )
    return msgspec.json.decode(document.read_bytes(), type=Policy)


@pytest.fixture(scope="session")
def sample_map(sample_question: Question) -> WorkloadMap:
    """The map of the workload of the sample traces."""
    return verbs.segment(sample_question, unwatched)


def unwatched(_what: str, _ratio: float | None, _detail: str = "") -> None:
    """Progress that nobody watches."""
