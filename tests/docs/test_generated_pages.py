"""Pages and schemas that are made from the code are what the code makes today."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import pytest

from costctl.documents.schemas import NAMES
from costctl.documents.schemas import rendered as rendered_schema


@pytest.mark.parametrize("name", NAMES)
def test_the_committed_schema_is_the_one_of_the_document(repository: Path, name: str) -> None:
    committed = (repository / "schemas" / f"{name}.schema.json").read_text(encoding="utf-8")
    assert committed == rendered_schema(name), "run: make schemas"


@pytest.mark.parametrize("page", ["relations", "dialects", "formats", "telemetry", "focus"])
def test_a_page_that_is_made_from_the_code_is_in_step_with_it(repository: Path, page: str) -> None:
    script = runpy.run_path(str(repository / "scripts" / f"write_{page}_page.py"))
    assert script["PAGE"].read_text(encoding="utf-8") == script["rendered"](), "run: make schemas"


NAMED = re.compile(
    r'Reading\("(\w+)"|^    \("(\w+_(?:json|session))"|^        "(\w+_json)",$|NAME: Final = "(\w+)"',
    re.MULTILINE,
)
TOLD = re.compile(r'return "(claude_code_transcript|codex_rollout|\w+_rollout|\w+_transcript)"')


def test_every_format_that_a_source_may_be_read_as_is_on_the_page(repository: Path) -> None:
    folder = repository / "costctl" / "ingest"
    texts = [(folder / "detect.py").read_text("utf-8")]
    texts += [path.read_text("utf-8") for path in sorted((folder / "formats").glob("*.py"))]
    named = {name for text in texts for match in NAMED.findall(text) for name in match if name}
    named |= {name for text in texts for name in TOLD.findall(text)}
    named |= {f"{table}_{kind}" for table in ("langfuse", "clickhouse") for kind in ("csv", "parquet")}
    script = runpy.run_path(str(repository / "scripts" / "write_formats_page.py"))
    assert named == set(script["formats"]())
