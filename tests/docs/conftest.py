"""What the pages start from."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def reader(repository: Path, tmp_path: Path) -> Path:
    """The folder of a reader: nothing in it but the sample traces."""
    (tmp_path / "sample_traces").symlink_to(repository / "sample_traces")
    return tmp_path
