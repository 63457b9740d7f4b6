"""An export of the sample traces with an invoice for one of the pools."""

from __future__ import annotations

from pathlib import Path

import pytest

from costctl import verbs
from costctl.observation import Question
from costctl.verbs.export import Exported
from tests.conftest import AFTER_TWENTY_MINUTES

FINANCE = """
[finance]
billing_account_id = "acme-ai"
billing_account_name = "Acme AI platform"
tenant_salt = "pepper"

[bills]
"llm-premium" = { "2026-11" = 9000.0 }
"""


def unwatched(_what: str, _ratio: float | None, _detail: str = "") -> None:
    """Progress that nobody watches."""


@pytest.fixture(scope="session")
def invoiced_question(
    sample_store: Path, repository: Path, tmp_path_factory: pytest.TempPathFactory
) -> Question:
    """Twenty minutes of the sample traces, with one pool invoiced and a salt for tenants."""
    config = tmp_path_factory.mktemp("finance") / "costctl.toml"
    settings = (repository / "sample_traces" / "costctl.toml").read_text(encoding="utf-8")
    config.write_text(settings + FINANCE, encoding="utf-8")
    return Question(store=sample_store, config=config, until=AFTER_TWENTY_MINUTES)


@pytest.fixture(scope="session")
def every_line(invoiced_question: Question) -> Exported:
    return verbs.export(invoiced_question, unwatched, tenants="hashed", is_idle_spread=False)
