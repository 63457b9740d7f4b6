"""The example on the page of who is served first is what queueing theory says."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs.page_tables import explanation, number, rows_after
from tests.oracles.queueing_formulas import cobham_mean_waits_s, mg1_mean_wait_s

RATES, SERVICES_S = (0.3, 0.03), (1.0, 10.0)


def test_waits_by_order(repository: Path) -> None:
    said = {
        order: [number(each) for each in waits]
        for order, *waits in rows_after(explanation(repository, "advice-lane"), "order |")
    }
    moments = [each**2 for each in SERVICES_S]
    a_first = cobham_mean_waits_s(RATES, SERVICES_S, moments)
    b_first = cobham_mean_waits_s(RATES[::-1], SERVICES_S[::-1], moments[::-1])[::-1]
    rate = sum(RATES)
    mean_s, moment = (
        sum(r * each for r, each in zip(RATES, of, strict=True)) / rate for of in (SERVICES_S, moments)
    )
    as_they_come = [mg1_mean_wait_s(rate, mean_s, moment)] * 2
    for order, waits_s in (("as they come", as_they_come), ("a first", a_first), ("b first", b_first)):
        assert said[order] == pytest.approx(waits_s, abs=5e-4), order
