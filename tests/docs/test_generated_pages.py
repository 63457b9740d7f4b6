"""Pages and schemas that are made from the code are what the code makes today."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

from costctl.documents.schemas import NAMES
from costctl.documents.schemas import rendered as rendered_schema


@pytest.mark.parametrize("name", NAMES)
def test_the_committed_schema_is_the_one_of_the_document(repository: Path, name: str) -> None:
    committed = (repository / "schemas" / f"{name}.schema.json").read_text(encoding="utf-8")
    assert committed == rendered_schema(name), "run: make schemas"


@pytest.mark.parametrize("page", ["relations", "dialects", "telemetry", "focus"])
def test_a_page_that_is_made_from_the_code_is_in_step_with_it(repository: Path, page: str) -> None:
    script = runpy.run_path(str(repository / "scripts" / f"write_{page}_page.py"))
    assert script["PAGE"].read_text(encoding="utf-8") == script["rendered"](), "run: make schemas"
