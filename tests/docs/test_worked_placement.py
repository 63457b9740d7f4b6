"""The tables on the page of tier placement are what the program and the formula of interruptions give."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import polars as pl
import pytest

from costctl.documents.settings import Pool
from costctl.recommend.placement_program import cheapest_placement, replica_worth
from costctl.recommend.placement_reads import class_reads_of, read_columns
from costctl.scenario.interruptions import done_again_ratio, interruptions_per_s
from costctl.scenario.read_places import placed_reads_of
from costctl.units import BYTES_PER_GB, NS_PER_S, S_PER_HOUR, S_PER_WEEK
from tests.docs.page_tables import explanation, number, rows_after, settings_on
from tests.recommend.placement_problems import problem

PREMIUM, ECONOMY = 0, 1
ANY = {"any": np.inf}
DOCUMENT_GB = 100.0


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


def read_in_a_week(gb_per_hour: float, documents_gb: float) -> pl.DataFrame:
    """Reads of documents of 100 GB, each whole at first, then in parts until so much is read."""
    documents = round(documents_gb / DOCUMENT_GB)
    left = gb_per_hour * S_PER_WEEK / S_PER_HOUR - documents_gb
    again = [min(DOCUMENT_GB, left - part * DOCUMENT_GB) for part in range(math.ceil(left / DOCUMENT_GB))]
    sizes = [DOCUMENT_GB] * documents + again
    count = len(sizes)
    return pl.DataFrame(
        {
            "span_key": range(count),
            "request_class": ["rag"] * count,
            "storage": ["archive-eu"] * count,
            "content_key": [str(place % documents) for place in range(count)],
            "region": pl.Series([None] * count, dtype=pl.String),
            "start_ns": [round(place * S_PER_WEEK / count) * NS_PER_S for place in range(count)],
            "reads": [1] * count,
            "bytes": [round(gb * BYTES_PER_GB) for gb in sizes],
        }
    )


def test_what_is_read_from_where(repository: Path, tmp_path: Path) -> None:
    page = explanation(repository, "advice-tier-placement")
    pools = {name: Pool(region=name) for name in ("eu-west-2", "us-east-1")}
    settings = msgspec.structs.replace(settings_on(page, tmp_path), pools=pools)
    rows = rows_after(page, "GB an hour |")
    assert len(rows) == 4
    for per_hour, documents, *said in rows:
        content = read_in_a_week(number(per_hour), number(documents))
        placed = placed_reads_of(content, ["rag"], [*pools], np.array([[True, False]]), settings, 0)
        assert placed is not None
        read = class_reads_of(placed, [0], np.linspace(0.0, S_PER_WEEK, 49))
        assert read is not None
        columns = read_columns(read)
        given = problem([[[0.8], [0.8]]], [4.0, 1.5], [0], usd=columns.usd.tolist(), most_utilisation=0.85)
        found = cheapest_placement(replace(given, copies=columns.copies))
        assert found is not None
        pool = int(found.shares[0].argmax())
        is_copied = bool(found.copied.any())
        egress = 0.0 if is_copied else columns.egress_usd[0, pool]
        copy = f"{columns.copies.keep_usd.sum():.2f}" if is_copied else "none"
        tier = "near-us" if is_copied else "archive-eu"
        assert said == [[*pools][pool], tier, f"{egress:.2f}", copy, f"{found.usd:.2f}"]


def test_what_is_done_again(repository: Path) -> None:
    for seconds, *said in rows_after(explanation(repository, "advice-tier-placement"), "seconds |"):
        ratios = [
            done_again_ratio(np.array([number(seconds)]), per_hour / S_PER_HOUR) for per_hour in (1, 10, 60)
        ]
        assert [number(cell.removesuffix(" %")) / 100 for cell in said] == pytest.approx(ratios, abs=5e-5)


def test_the_pool_on_the_page(repository: Path, tmp_path: Path) -> None:
    page = explanation(repository, "advice-tier-placement")
    pool = settings_on(page, tmp_path, number=1).pools["llm-spot"]
    assert pool.usd_per_replica_hour == 1.20
    assert interruptions_per_s(pool) == pytest.approx(2 / S_PER_HOUR)
