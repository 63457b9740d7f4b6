"""A change against a saved baseline has an interval, of how far the sums of both sides are off by chance."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from costctl import verbs
from costctl.documents.analysis import Analysis
from costctl.documents.difference import Difference
from costctl.observation import Question
from costctl.progress import silent
from costctl.verbs.ingest import IngestRequest
from tests.gates.small_logs import START, log_of

WEEK = timedelta(days=7)
LONGER = 2.0  # prompts of the week after


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Two days of calls; two days a week later of the same, and two of calls with longer prompts. Prompts vary much."""
    folder = tmp_path_factory.mktemp("saved")

    def varied(number: int) -> int:
        return 300 + number * 7919 % 1401

    worlds = {"before": (START, 1.0), "same": (START + WEEK, 1.0), "longer": (START + WEEK, LONGER)}
    found = {}
    for name, (start, factor) in worlds.items():
        log = log_of(
            folder / f"{name}.jsonl", 280, start=start,
            tokens=lambda number, factor=factor: round(factor * varied(number)),
        )  # fmt: skip
        found[name] = folder / f"{name}.duckdb"
        verbs.ingest(IngestRequest((str(log),), found[name]), silent)
    return found


@pytest.fixture(scope="module")
def baseline(stores: dict[str, Path]) -> Analysis:
    return verbs.baseline(Question(store=stores["before"]), silent)


def saved(document: Analysis, folder: Path) -> str:
    path = folder / "before.json"
    path.write_bytes(msgspec.json.encode(document))
    return str(path)


def against(base: str, store: Path) -> Difference:
    return verbs.diff(base, str(store), Question(store=store), silent)


@pytest.mark.parametrize(("name", "is_clear"), [("same", False), ("longer", True)])
def test_a_change_against_a_baseline_is_told_from_chance(
    name: str, is_clear: bool, stores: dict[str, Path], baseline: Analysis, tmp_path: Path
) -> None:
    found = against(saved(baseline, tmp_path), stores[name])
    of_stores = against(str(stores["before"]), stores[name])
    assert found.is_clear is of_stores.is_clear is is_clear
    assert found.change_usd == pytest.approx(of_stores.change_usd)
    (row,) = (row for row in found.rows if row.of == "class")
    assert (row.is_clear, row.noise_usd) == (found.is_clear, pytest.approx(found.change_noise_usd))
    assert not any("no interval:" in each for each in found.not_observed)


def test_the_interval_adds_the_squares_of_both_sides(
    stores: dict[str, Path], baseline: Analysis, tmp_path: Path
) -> None:
    found = against(saved(baseline, tmp_path), stores["longer"])
    of_new = verbs.baseline(Question(store=stores["longer"]), silent)
    halves = [
        (each.high - each.low) / 2
        for document in (baseline, of_new)
        for each in document.sampled
        if (each.metric, each.subject) == ("attributed_usd", ())
        and each.low is not None
        and each.high is not None
    ]
    assert len(halves) == 2
    interval = found.change_interval
    assert interval is not None
    assert (interval.high - interval.low) / 2 == pytest.approx((halves[0] ** 2 + halves[1] ** 2) ** 0.5)
    assert interval.low <= found.change_usd <= interval.high


def test_a_document_without_noise_says_why_there_is_no_interval(
    stores: dict[str, Path], baseline: Analysis, tmp_path: Path
) -> None:
    without = msgspec.structs.replace(baseline, sampled=())
    found = against(saved(without, tmp_path), stores["longer"])
    assert (found.change_interval, found.change_noise_usd, found.is_clear) == (None, None, None)
    assert found.not_observed[-1] == (
        "The change has no interval: the saved document does not say how far its sums are off by chance. One that "
        "`costctl baseline save` writes does."
    )
