"""The tables on the page of tier placement are what the program and the formula of interruptions give."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from costctl.recommend.placement_program import cheapest_placement, replica_worth
from costctl.scenario.interruptions import done_again_ratio, interruptions_per_s
from costctl.units import S_PER_HOUR
from tests.docs.page_tables import explanation, number, rows_after, settings_on
from tests.recommend.placement_problems import problem

PREMIUM, ECONOMY = 0, 1
ANY = {"any": np.inf}


def test_placements_of_three_classes(repository: Path) -> None:
    page = explanation(repository, "advice-tier-placement")
    loads = [[number(cell) for cell in cells] for _, *cells in rows_after(page, "class |")]
    base = problem([[row[:2], row[2:]] for row in loads], [4.0, 1.5], [PREMIUM] * 3, most_utilisation=0.85)
    rows = rows_after(page, "moves |")
    assert len(rows) == 5
    for moves, split, most, *said in rows:
        given = replace(
            base,
            most_moves=None if moves == "any" else int(moves),
            parts={"no": 1, "tenths": 10}[split],
            most_replicas=np.array([np.inf, ANY.get(most) or float(most)]),
        )
        found = cheapest_placement(given)
        assert found is not None
        worth = replica_worth(given, found, ECONOMY)
        assert [number(cell) for cell in said] == pytest.approx([*found.replicas, found.usd, worth.one_more])


def test_what_is_done_again(repository: Path) -> None:
    for seconds, *said in rows_after(explanation(repository, "advice-tier-placement"), "seconds |"):
        ratios = [
            done_again_ratio(np.array([number(seconds)]), per_hour / S_PER_HOUR) for per_hour in (1, 10, 60)
        ]
        assert [number(cell.removesuffix(" %")) / 100 for cell in said] == pytest.approx(ratios, abs=5e-5)


def test_the_pool_on_the_page(repository: Path, tmp_path: Path) -> None:
    pool = settings_on(explanation(repository, "advice-tier-placement"), tmp_path).pools["llm-spot"]
    assert pool.usd_per_replica_hour == 1.20
    assert interruptions_per_s(pool) == pytest.approx(2 / S_PER_HOUR)
