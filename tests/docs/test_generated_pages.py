"""Pages, schemas and samples that are made from the code are what the code makes today."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import msgspec

from costctl.documents.schemas import NAMES

FOLDERS = (
    "docs",
    "docs/explanation",
    "docs/reference",
    "sample_traces",
    "sample_traces/bills",
    "schemas",
)  # where the scripts write
RUN_EACH = "import runpy, sys\nfor each in sys.argv[1:]:\n    runpy.run_path(each, run_name='__main__')"


def test_what_the_scripts_write_is_what_is_committed(repository: Path, tmp_path: Path) -> None:
    """They run beside empty folders, as ``make schemas`` runs them beside the committed ones."""
    shutil.copytree(repository / "scripts", tmp_path / "scripts")
    for folder in FOLDERS:
        (tmp_path / folder).mkdir(parents=True, exist_ok=True)
    scripts = sorted(map(str, (tmp_path / "scripts").glob("write_*.py")))
    subprocess.run([sys.executable, "-c", RUN_EACH, *scripts], cwd=repository, check=True)
    written = [path for folder in FOLDERS for path in sorted((tmp_path / folder).iterdir()) if path.is_file()]
    assert len(written) >= len(scripts) - 1 + len(NAMES), "each script writes a page, one of them all schemas"
    out_of_step = [
        name
        for name in (path.relative_to(tmp_path) for path in written)
        if (tmp_path / name).read_bytes() != (repository / name).read_bytes()
    ]
    assert out_of_step == [], "run: make schemas"


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
    catalogue = (files("costctl.ingest.formats") / "catalogue.toml").read_text("utf-8")
    assert named == set(msgspec.toml.decode(catalogue))
