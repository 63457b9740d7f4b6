"""The example on the page of where calls go when a pool fails is what costctl computes."""

from __future__ import annotations

from math import log
from pathlib import Path

import numpy as np
import pytest

from costctl.recommend.degraded import Counts
from tests.docs.page_tables import explanation, last_digit, number, rows_after


def test_the_minute_that_fails(repository: Path) -> None:
    failed = np.zeros(84, np.int64)
    failed[:32], failed[50] = 1, 12
    counts = Counts(np.full(84, 20), failed)
    f, q = float(counts.share.max()), counts.usual
    computed = {
        "q": q,
        "f": f,
        "n · KL(f, q)": 20 * (f * log(f / q) + (1 - f) * log((1 - f) / (1 - q))),
        "ln(spans / 0.001)": log(84 / 0.001),
        "minutes that are failing": float(counts.is_far(0.2).sum()),
    }
    rows = rows_after(explanation(repository, "advice-fallback"), "figure | value")
    assert [each for each, _ in rows] == list(computed)
    for each, value in rows:
        assert computed[each] == pytest.approx(number(value), abs=last_digit(value)), each
