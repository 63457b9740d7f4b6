"""Every command of the tutorial runs, in order, as it stands on the page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.docs.page_commands import run_commands

if TYPE_CHECKING:
    from pathlib import Path

PAGE = "docs/tutorial/from-traces-to-a-policy.md"


def test_the_commands_of_the_tutorial_run(repository: Path, tmp_path: Path) -> None:
    assert len(run_commands(repository, PAGE, tmp_path)) >= 8
    for name in ("policy.json", "litellm.yaml", "litellm.yaml.coverage.json", "config.pbtxt", "classes.csv"):
        assert (tmp_path / name).stat().st_size > 0, name
