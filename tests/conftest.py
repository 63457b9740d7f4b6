"""Fixtures that every test may use, and the rule that continuous integration skips nothing."""

from __future__ import annotations

import os
from pathlib import Path

import hypothesis
import pytest

from costctl import verbs
from costctl.documents.analysis import Analysis
from costctl.observation import Question

NO_REAL_TRACES = (
    "no ../shared/traces beside this checkout; these tests only add real files to the generated ones"
)
# How long an example takes says nothing on a busy machine.
hypothesis.settings.register_profile("costctl", deadline=None)
hypothesis.settings.load_profile("costctl")
ROOT = Path(__file__).resolve().parents[1]


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
def sample_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with the sample traces; tests read it and never write."""
    path = tmp_path_factory.mktemp("sample") / "sample.duckdb"
    traces = str(ROOT / "sample_traces" / "requests.jsonl.gz")
    verbs.ingest(verbs.IngestRequest((traces,), path), unwatched)
    return path


@pytest.fixture(scope="session")
def sample_question(sample_store: Path) -> Question:
    """The sample traces, with the configuration beside them."""
    return Question(store=sample_store, config=ROOT / "sample_traces" / "costctl.toml")


@pytest.fixture(scope="session")
def sample_analysis(sample_question: Question) -> Analysis:
    """The analysis of the sample traces."""
    return verbs.analyze(sample_question, unwatched)


def unwatched(_what: str, _ratio: float | None, _detail: str = "") -> None:
    """Progress that nobody watches."""
