"""The worked examples of the pages on capacity that is paid for by time are what costctl computes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from costctl.rebill.capacity import Unit, load_of
from costctl.recommend.bought.load_curve import curve_of, least_utilisation
from costctl.recommend.bought.own_replicas import replica_of
from tests.docs.page_tables import explanation, number, rows_after, settings_on

USD_PER_TOKEN = 20e-6


def test_the_units_on_the_page_of_commitments(repository: Path, tmp_path: Path) -> None:
    page = explanation(repository, "advice-commitment")
    taken = np.array([number(tokens) for _, tokens in rows_after(page, "minute | tokens")])
    frame = pl.DataFrame({"start_ns": np.arange(taken.size) * 60_000_000_000})
    load, usd = load_of(frame, taken, np.ones(taken.size, np.bool_)), taken * USD_PER_TOKEN
    rows = rows_after(page, "units | paid by time")
    unit = settings_on(page, tmp_path).commitments["azure-ptu"]
    assert (unit.usd_per_hour, unit.least_units, unit.output_weight) == (1.0, 15, 4.0)
    sizes = np.array([int(row[0]) for row in rows], np.int64)
    one = Unit(0.60, 1000.0, {})
    curve = curve_of(load, usd, one, sizes, paid_s=600.0)
    assert curve.usd.tolist() == pytest.approx([number(row[3]) for row in rows])
    assert (sizes * 0.10).tolist() == pytest.approx([number(row[1]) for row in rows])
    spilled = [number(row[3]) - number(row[1]) for row in rows]
    assert spilled == pytest.approx([number(row[2]) for row in rows])
    worth = np.diff(load.covered_usd(usd, sizes * 1000.0))
    assert worth.tolist() == pytest.approx([number(row[4]) for row in rows[1:]])
    assert curve.best == 1


def test_the_volume_on_the_page_of_break_even(repository: Path, tmp_path: Path) -> None:
    page = explanation(repository, "advice-breakeven")
    said = [number(value) for _, value in rows_after(page, "quantity | value")]
    settings = settings_on(page, tmp_path)
    unit = replica_of(settings.breakeven["llama"], settings, pl.DataFrame())
    assert unit is not None
    calls = {"input": np.full(3, 1000.0), "output": np.full(3, 200.0)}
    takes = np.array([sum(unit.weights[kind] * tokens[0] for kind, tokens in calls.items())] * 3)
    usd = np.full(3, 1000 * 2e-6 + 200 * 8e-6)
    frame = pl.DataFrame({"start_ns": [0, 1, 2]})
    load = load_of(frame, takes, np.ones(3, np.bool_))
    assert said == pytest.approx(
        [
            takes[0],
            usd[0],
            unit.usd_per_hour / usd[0],
            60 * unit.per_minute / takes[0],
            least_utilisation(load, usd, unit),
        ],
        rel=5e-3,
    )
