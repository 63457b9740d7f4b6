"""A regression of a tenth is named, and nothing where nothing changed. Many more worlds: ``bench/gates.py``."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.gates.gate_worlds import REGRESSION, checked


@pytest.mark.parametrize(("seed", "regressed"), [(21, "faq"), (22, None)])
def test_what_became_dearer_is_named_and_nothing_else(
    tmp_path: Path, seed: int, regressed: str | None
) -> None:
    found = checked(seed, regressed, tmp_path, part=0.6)
    assert found.truth == pytest.approx(0.0 if regressed is None else REGRESSION, abs=0.01)
    assert found.breached == (() if regressed is None else (regressed,))
    for name, change in found.changes.items():
        truth = found.truth if name == regressed else 0.0
        assert change.low - 0.02 <= truth <= change.high + 0.02
