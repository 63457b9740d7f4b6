"""The pages on Python: their blocks run, and they print what the pages quote."""

from __future__ import annotations

from pathlib import Path

import pytest

import costctl
from tests.docs.page_blocks import run_blocks


def test_the_blocks_print_what_the_page_quotes(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sample_traces").symlink_to(repository / "sample_traces")
    monkeypatch.chdir(tmp_path)
    blocks = run_blocks(repository / "docs" / "how-to" / "from-python.md")
    assert len(blocks) == 9
    assert [block.printed for block in blocks] == [block.quoted for block in blocks]


def test_the_page_names_every_name_of_the_library(repository: Path) -> None:
    page = (repository / "docs" / "how-to" / "from-python.md").read_text(encoding="utf-8")
    verbs = {name for name, value in vars(costctl.Store).items() if callable(value) and name[0] != "_"}
    assert [name for name in sorted({*costctl.__all__, *verbs}) if f"`{name}" not in page] == []


def test_the_replay_of_arrays_serves_nearly_all(repository: Path) -> None:
    (block,) = run_blocks(repository / "docs" / "reference" / "simulate-from-python.md")
    served, *rest = block.printed.splitlines()
    assert len(rest) == 2
    assert int(served.split()[1]) > 900
