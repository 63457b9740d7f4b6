"""Reads cost what each of them costs, from where its class is served; and a placement's program charges the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace as changed

from costctl.documents.billing_settings import Network
from costctl.documents.settings import ClassSettings, DataBoundary, Pool, Settings, Storage
from costctl.recommend.placement_reads import class_reads_of, read_columns
from costctl.scenario.read_places import UNKNOWN, Hot, PlacedReads, place_cost_by_block, placed_reads_of
from tests.oracles.read_costs import Read, total_usd

CLASSES = ("chat", "rag")
POOLS = {"here": "eu", "there": "us", "far": "ap"}
SETTINGS = Settings(
    pools={name: Pool(region=region) for name, region in POOLS.items()},
    storage={
        "archive": Storage(region="eu", usd_per_1k_reads=0.4),
        "lake": Storage(region="us", usd_per_gb_egress=0.01),
        "near-eu": Storage(region="eu", usd_per_gb_month=20.0),
        "near-us": Storage(region="us", usd_per_gb_month=10.0, usd_per_1k_reads=0.1),
    },
    network=Network(usd_per_gb_between_regions=0.02),
)
HOURS = 2.0
EDGES_S = np.linspace(0.0, HOURS * 3600.0, 5)

reads = st.lists(
    st.builds(
        Read,
        request_class=st.sampled_from(CLASSES),
        storage=st.sampled_from(["archive", "lake"]),
        key=st.none() | st.sampled_from("abc"),
        gb=st.integers(1, 40).map(lambda each: each / 10),
    ),
    min_size=1,
    max_size=12,
)
served = st.fixed_dictionaries({name: st.sampled_from([*POOLS]) for name in CLASSES})
kept = st.dictionaries(st.sampled_from(CLASSES), st.sampled_from(["near-eu", "near-us"]))


def rows(made: Sequence[Read], **columns: list[Any]) -> pl.DataFrame:
    """The reads as the relation has them, evenly over the time."""
    count = len(made)
    given_columns = {
        "span_key": list(range(count)),
        "request_class": [each.request_class for each in made],
        "storage": [each.storage for each in made],
        "content_key": [each.key for each in made],
        "region": [None] * count,
        "start_ns": [int(HOURS * 3.6e12 * place / count) for place in range(count)],
        "reads": [1] * count,
        "bytes": [round(each.gb * 1e9) for each in made],
    }
    types = {"content_key": pl.String, "region": pl.String, "bytes": pl.Int64}
    return pl.DataFrame({**given_columns, **columns}, schema_overrides=types)


def placed(content: pl.DataFrame, settings: Settings = SETTINGS, home: str = "here") -> PlacedReads | None:
    serves = np.array([[pool == home for pool in POOLS]] * len(CLASSES))
    return placed_reads_of(content, CLASSES, [*POOLS], serves, settings, 0)


def known(found: PlacedReads | None) -> PlacedReads:
    assert found is not None
    return found


def shares(found: PlacedReads, pool_of: dict[str, str]) -> np.ndarray:
    """One call of each class, on its pool."""
    pools = np.array([[*POOLS].index(pool_of[name]) for name in CLASSES])
    return found.region_share(pools, np.arange(len(CLASSES)))


HOME = dict.fromkeys(CLASSES, "here")


@given(reads, served, kept)
def test_reads_cost_what_each_of_them_costs(
    made: list[Read], pool_of: dict[str, str], copies: dict[str, str]
) -> None:
    found = known(placed(rows(made)))
    numbers = tuple((CLASSES.index(name), [*SETTINGS.storage].index(to)) for name, to in copies.items())
    more = place_cost_by_block(found, numbers, (shares(found, HOME), shares(found, pool_of)), None, EDGES_S)
    regions = {name: POOLS[pool] for name, pool in pool_of.items()}
    before = total_usd(made, dict.fromkeys(CLASSES, "eu"), {}, SETTINGS, HOURS)
    after = total_usd(made, regions, copies, SETTINGS, HOURS)
    assert more.sum() == pytest.approx(after - before, abs=1e-9)


@given(reads, served, st.booleans())
def test_the_program_charges_what_the_replay_does(
    made: list[Read], pool_of: dict[str, str], is_copied: bool
) -> None:
    found = known(placed(rows(made)))
    measured = class_reads_of(found, [0, 1], EDGES_S)
    assert measured is not None
    columns = read_columns(measured)
    numbers = [[*POOLS].index(pool_of[name]) for name in CLASSES]
    x = np.eye(len(POOLS))[numbers]
    today = np.eye(len(POOLS))[[0, 0]]
    moved = np.ones(len(CLASSES), np.bool_)
    everything = np.full(columns.copies.keep_usd.size, is_copied)
    used = columns.copies.used(x, moved, everything)
    program_usd = (columns.usd * (x - today)).sum() + columns.copies.usd(x, used)
    copies = tuple(
        zip(columns.copies.request_class[used].tolist(), columns.copies.tier[used].tolist(), strict=True)
    )
    more = place_cost_by_block(found, copies, (shares(found, HOME), shares(found, pool_of)), None, EDGES_S)
    assert program_usd * HOURS == pytest.approx(more.sum(), abs=1e-9)


def test_what_two_classes_read_is_kept_once() -> None:
    made = [Read(name, "archive", "a", 2.0) for name in CLASSES for _ in range(9)]
    found = known(placed(rows(made)))
    alone = known(placed(rows([replace(each, key=f"{each.key} {each.request_class}") for each in made])))
    there = dict.fromkeys(CLASSES, "there")
    copies = tuple((number, 3) for number in range(2))
    once, twice = (
        place_cost_by_block(each, copies, (shares(each, HOME), shares(each, there)), None, EDGES_S).sum()
        for each in (found, alone)
    )
    # 2 GB more are read across, at 0.02 and 0.4 a thousand, and kept for 2 of 730 hours at 10 USD a month
    assert twice - once == pytest.approx(2 * 0.02 + 0.0004 + 2 * 10 * 2 / 730)


def test_an_object_that_is_read_in_parts_is_kept_whole() -> None:
    parts = [Read("chat", "archive", "a", gb) for gb in (0.5, 2.0, 0.5)]
    found = known(placed(rows(parts)))
    at = shares(found, HOME), shares(found, {**HOME, "chat": "there"})
    more = place_cost_by_block(found, ((0, 3),), at, None, EDGES_S).sum()
    # three reads at 0.1 a thousand and not at 0.4, one of 2 GB across to fill it, 2 GB kept for 2 of 730 hours
    assert more == pytest.approx(-3 * 0.0003 + 0.0004 + 2 * 0.02 + 2 * 10 * 2 / 730)


def test_what_a_hot_tier_has_crosses_from_where_the_hot_tier_is() -> None:
    made = [Read("chat", "archive", "a", 1.0)] * 4
    found = known(placed(rows(made)))
    there = {**HOME, "chat": "there"}
    at = shares(found, HOME), shares(found, there)
    none = np.zeros(4, np.bool_)
    hot = Hot(tier=3, has=~none)
    assert place_cost_by_block(found, (), at, None, EDGES_S).sum() == pytest.approx(4 * 0.02)
    assert place_cost_by_block(found, (), at, hot, EDGES_S).sum() == pytest.approx(0.0)
    silent = replace(found, tiers=replace(found.tiers, region=np.array([*found.tiers.region[:3], UNKNOWN])))
    assert place_cost_by_block(silent, (), at, hot, EDGES_S).sum() == pytest.approx(4 * 0.02)


def test_only_reads_that_go_with_their_class_are_placed() -> None:
    made = [Read("chat", "archive", "a", 1.0)] * 3
    seen = {"region": ["eu", None, "us"]}  # of what read; chat is served in the eu
    assert known(placed(rows(made, **seen))).at_s.size == 2
    assert known(placed(rows(made, bytes=[1, None, None]))).at_s.size == 1
    nowhere = changed(SETTINGS, pools={name: Pool() for name in POOLS})
    assert placed(rows(made), nowhere) is None
    assert placed(rows(made).clear()) is None


def test_storage_without_a_region_is_read_alike_from_everywhere() -> None:
    silent = {**SETTINGS.storage, "archive": Storage()}
    assert placed(rows([Read("chat", "archive", "a", 1.0)]), changed(SETTINGS, storage=silent)) is None


def test_what_lies_outside_of_a_required_boundary_is_left_and_kept_nowhere_outside() -> None:
    eu = DataBoundary(regions=("eu",))
    found = known(
        placed(
            rows([Read("chat", "lake", "a", 1.0)]),
            changed(SETTINGS, classes={"chat": ClassSettings(boundary=eu)}),
        )
    )
    assert found.must_leave.tolist() == [[False, True, False, True], [False] * 4]
    assert found.may_copy.tolist() == [[False, False, True, False], [False, False, True, True]]
    advisory = changed(eu, enforcement="advisory")
    settings = changed(SETTINGS, classes={"chat": ClassSettings(boundary=advisory)})
    assert not known(placed(rows([Read("chat", "lake", "a", 1.0)]), settings)).must_leave.any()
