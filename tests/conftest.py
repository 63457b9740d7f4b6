"""Fixtures that every test may use."""

from __future__ import annotations

from pathlib import Path

import pytest

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
        pytest.skip("no ../shared/traces beside this checkout; these tests only add real files to the generated ones")
    return path
