"""The change of every line is split without rest, alike from both sides, and by nothing that did not change."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from costctl.arrays import Floats
from costctl.cost.difference_cuts import with_named_tenants
from costctl.cost.difference_lines import Lines, lines_of
from costctl.documents.difference import EFFECTS, EffectName
from costctl.frames.cells import CellSums
from tests.cost.drawn_cells import BASE, agent, cell_sums, sides

CENT = 1e-9  # far below one


def effects_of(before: CellSums, after: CellSums) -> tuple[Lines, Floats]:
    lines = lines_of(before, after)
    return lines, lines.effects(*lines.totals())


def usd(side: CellSums) -> float:
    return float(side.charges["usd"].sum())


def one(effects: Floats, name: EffectName) -> float:
    """The sum of an effect over all lines."""
    return float(effects[EFFECTS.index(name)].sum())


@given(before=sides(), after=sides())
def test_the_effects_add_up_to_the_change_of_each_line_and_of_all(before: CellSums, after: CellSums) -> None:
    lines, effects = effects_of(before, after)
    first, second = lines.totals()
    assert effects.sum(axis=0) == pytest.approx(second.usd - first.usd, abs=CENT)
    assert effects.sum() == pytest.approx(usd(after) - usd(before), abs=CENT)


@given(before=sides(), after=sides())
def test_swapping_the_sides_turns_every_effect(before: CellSums, after: CellSums) -> None:
    _, there = effects_of(before, after)
    _, back = effects_of(after, before)
    assert back == pytest.approx(-there, abs=CENT)


@given(side=sides())
def test_where_nothing_changed_there_is_no_effect(side: CellSums) -> None:
    _, effects = effects_of(side, side)
    assert np.abs(effects).max(initial=0.0) <= CENT


@given(side=sides(), times=st.integers(2, 5))
def test_more_of_the_same_is_volume_alone(side: CellSums, times: int) -> None:
    more = replace(
        side,
        requests=side.requests.with_columns(pl.col("requests", "first_calls") * times),
        calls=side.calls.with_columns(pl.col("charged_calls") * times),
        charges=side.charges.with_columns(pl.col("quantity", "priced_quantity", "usd") * times),
    )
    _, effects = effects_of(side, more)
    assert one(effects, "volume") == pytest.approx(usd(more) - usd(side), abs=CENT)
    others = np.delete(effects, EFFECTS.index("volume"), axis=0)
    assert np.abs(others).max(initial=0.0) <= CENT


@given(side=sides(), factor=st.floats(0.1, 10.0))
def test_another_price_is_price_alone(side: CellSums, factor: float) -> None:
    dearer = replace(side, charges=side.charges.with_columns(pl.col("usd") * factor))
    _, effects = effects_of(side, dearer)
    assert one(effects, "price") == pytest.approx(usd(dearer) - usd(side), abs=CENT)
    assert np.abs(np.delete(effects, EFFECTS.index("price"), axis=0)).max(initial=0.0) <= CENT


@given(before=sides(), after=sides())
def test_what_is_on_one_side_alone_is_new_or_gone_and_has_no_price(before: CellSums, after: CellSums) -> None:
    lines, effects = effects_of(before, after)
    first, second = lines.totals()
    alone = (first.requests[lines.cell] == 0) | (second.requests[lines.cell] == 0)
    of_requests = [EFFECTS.index(name) for name in ("length", "volume", "mix")]
    assert np.abs(np.delete(effects[:, alone], of_requests, axis=0)).max(initial=0.0) == 0.0


CHANGES: dict[EffectName, CellSums] = {
    "steps": agent(100, 450, 450, 450_000, 1_350_000, 90_000),
    "retries": agent(100, 300, 390, 390_000, 1_170_000, 78_000),
    "input_tokens": agent(100, 300, 300, 450_000, 1_350_000, 60_000),
    "cache": agent(100, 300, 300, 1_140_000, 60_000, 60_000),
    "output_tokens": agent(100, 300, 300, 300_000, 900_000, 90_000),
}


@pytest.mark.parametrize("name", CHANGES)
def test_each_way_to_use_more_has_an_effect_of_its_own(name: EffectName) -> None:
    _, effects = effects_of(BASE, CHANGES[name])
    change = usd(CHANGES[name]) - usd(BASE)
    assert change > 0.1
    assert one(effects, name) == pytest.approx(change)


def test_calls_that_hold_a_replica_longer_have_an_effect_of_their_own() -> None:
    def pool(seconds: float) -> CellSums:
        charge = (
            "chat",
            "acme",
            True,
            "alpha",
            "accelerator",
            "gpu",
            "s",
            0,
            seconds,
            seconds,
            seconds * 1e-3,
            0,
        )
        return cell_sums([("chat", "acme", 0, 10, 10)], [("chat", "acme", "alpha", 0, 10)], [charge])

    _, effects = effects_of(pool(100.0), pool(150.0))
    assert one(effects, "replica_time") == pytest.approx(0.05)
    assert np.abs(effects).sum() == pytest.approx(0.05)


def test_a_longer_time_is_told_apart_from_more_requests_a_day() -> None:
    longer = replace(BASE, to_ns=2 * BASE.to_ns)  # as many requests in twice the time
    _, effects = effects_of(BASE, longer)
    assert one(effects, "length") == pytest.approx(-one(effects, "volume"))
    assert one(effects, "length") > 0.5


def test_a_model_that_takes_over_the_calls_is_no_price() -> None:
    charges = BASE.charges.with_columns(
        model=pl.lit("gamma"), resource=pl.col("resource").str.replace("beta", "gamma"), usd=pl.col("usd") * 2
    )
    other = replace(BASE, calls=BASE.calls.with_columns(model=pl.lit("gamma")), charges=charges)
    _, effects = effects_of(BASE, other)
    assert one(effects, "model") == pytest.approx(usd(BASE))
    assert one(effects, "price") == 0.0


def test_a_price_that_becomes_known_is_no_change_of_use() -> None:
    unknown = replace(
        BASE,
        charges=BASE.charges.with_columns(
            priced_quantity=pl.lit(0.0), usd=pl.lit(0.0), unpriced_charges=pl.lit(1, pl.Int64)
        ),
    )
    _, effects = effects_of(unknown, BASE)
    assert one(effects, "coverage") == pytest.approx(usd(BASE))


def test_tenants_who_ask_seldom_are_compared_together() -> None:
    def side(tenants: dict[str, int]) -> CellSums:
        requests = [("chat", name, 0, count, count) for name, count in tenants.items()]
        calls = [("chat", name, "alpha", 0, count) for name, count in tenants.items()]
        charges = [
            (
                "chat",
                name,
                True,
                "alpha",
                "api_tokens",
                "acme/alpha/input",
                "tokens",
                0,
                float(count),
                float(count),
                count / 1e3,
                0,
            )
            for name, count in tenants.items()
        ]
        return cell_sums(requests, calls, charges)

    many = {f"user {number}": 1 for number in range(200)}
    others = {f"user {number}": 1 for number in range(200, 400)}
    before, after = with_named_tenants((side({"acme": 900, **many}), side({"acme": 900, **others})))
    _, effects = effects_of(before, after)
    assert np.abs(effects).max() <= CENT


@pytest.mark.parametrize(
    ("begin_h", "hours", "is_same", "is_paired"),
    [
        (24.0, 24.0, True, True),  # the day after
        (24.5, 24.0, True, True),
        (36.0, 24.0, False, False),  # from noon on
        (48.0, 72.0, True, False),  # three days after one
        (24.0, 30.0, False, False),
    ],
)
def test_which_times_cover_the_same_hours_of_the_day(
    begin_h: float, hours: float, is_same: bool, is_paired: bool
) -> None:
    hour_ns = 3_600_000_000_000
    other = replace(BASE, from_ns=round(begin_h * hour_ns), to_ns=round((begin_h + hours) * hour_ns))
    assert (BASE.is_same_time_of_day(other), BASE.is_paired(other)) == (is_same, is_paired)
