"""The weekly review of the sample, made once, and a browser."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from playwright.sync_api import Browser, sync_playwright

from costctl import verbs
from costctl.documents.report import Report
from costctl.observation import Question
from costctl.progress import silent
from costctl.report.pdf import BROWSERS
from tests.written_once import written_once


@pytest.fixture(scope="session")
def report(made_once: Path, sample_question: Question) -> Report:
    """The review of the sample traces."""
    document = written_once(
        made_once / "report.json",
        lambda path: path.write_bytes(msgspec.json.encode(verbs.report(sample_question, silent))),
    )
    return msgspec.json.decode(document.read_bytes(), type=Report)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if found is None:
        pytest.skip("no Chromium is installed (Debian: chromium)")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield started
        started.close()
