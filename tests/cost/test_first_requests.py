"""What moved within the window names the first request that shows it; a slow search of all requests finds the same."""

from __future__ import annotations

from pathlib import Path

import duckdb
import polars as pl
import pytest

from costctl import verbs
from costctl.cost.first_requests import with_first_requests
from costctl.documents.cuts import CutRowKind
from costctl.documents.spending import Change, Changes, Comparison, Spent
from costctl.instants import ns_from_iso
from costctl.observation import Question
from costctl.progress import silent
from costctl.verbs.ingest import IngestRequest
from tests.gates.small_logs import log_of

DAYS = tuple(f"2026-01-0{day}T00:00:00Z" for day in (5, 6, 7))
SOME, NOTHING = Spent(9, 9.0, 1.0, 0), Spent(0, 0.0, None, 0)
HOUR_NS = 3_600 * 10**9
# number, hours after the first day began, class, tenant, models called
STARTED = [
    (1, 1, "chat", "acme", ("small",)),
    (2, 5, "batch", None, ("large",)),
    (3, 25, "rag", "birch", ("small", "large")),
    (4, 26, "chat", "acme", ("small",)),
    (5, 47, "chat", "birch", ("large",)),
]


def moved(of: str, value: str | None, kind: CutRowKind = "value", after: Spent = SOME) -> Change:
    return Change(of, kind, value, SOME, after, 5.0, None, None, None, 5.0, 0.0, None, "volume", 0.1, True)


def first_of(*movers: Change) -> tuple[str | None, ...]:
    """The first requests of movers of the second day against the first."""
    compared = Comparison(DAYS[0], DAYS[1], DAYS[1], DAYS[2], 86_400.0, 1, True, moved("total", None), movers)
    start = ns_from_iso(DAYS[0])
    requests = pl.DataFrame(
        {
            "request_id": [each[0] for each in STARTED],
            "trace_id": [f"trace {each[0]}" for each in STARTED],
            "start_ns": [start + each[1] * HOUR_NS for each in STARTED],
            "tenant": [each[3] for each in STARTED],
            "request_class": [each[2] for each in STARTED],
        }
    ).sample(fraction=1.0, shuffle=True, seed=3)
    calls = pl.DataFrame(
        {
            "request_id": [each[0] for each in STARTED for _ in each[4]],
            "model": [model for each in STARTED for model in each[4]],
        }
    )
    found = with_first_requests(Changes(None, (compared,), None), requests, calls)
    return tuple(mover.first_request for mover in found.days[0].movers)


def test_the_first_of_a_class_a_tenant_and_a_model_in_the_later_time() -> None:
    movers = (
        moved("class", "chat"),
        moved("tenant", "birch"),
        moved("model", "large"),
        moved("model", "small"),
    )
    assert first_of(*movers) == ("trace 4", "trace 3", "trace 3", "trace 3")


def test_of_what_is_gone_the_first_of_the_earlier_time() -> None:
    assert first_of(moved("class", "batch", after=NOTHING)) == ("trace 2",)


def test_what_is_not_told_apart_has_none() -> None:
    assert first_of(
        moved("tenant", None, kind="others"), moved("attr:region", "eu"), moved("class", "batch")
    ) == (None, None, None)


@pytest.mark.parametrize("cut", ["class", "model", "tenant"])
def test_the_analysis_names_the_request_that_a_search_of_the_store_finds(
    cut: str, doubled: tuple[Path, Changes]
) -> None:
    store, changes = doubled
    assert changes.halves is not None
    movers = [each for each in changes.halves.movers if each.of == cut]
    assert movers
    named = {"class": "TRUE", "model": "model_served = $value", "tenant": "tenant = $value"}[cut]
    for mover in movers:
        given = {} if cut == "class" else {"value": mover.value}
        with duckdb.connect(str(store), read_only=True) as connection:
            found = connection.execute(
                f"SELECT trace_id FROM spans WHERE {named} AND start_ns >= $at ORDER BY start_ns LIMIT 1",
                {"at": ns_from_iso(changes.halves.after_from), **given},
            ).fetchone()
        assert found is not None
        assert mover.first_request == found[0]


@pytest.fixture(scope="module")
def doubled(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Changes]:
    """Two days of calls, whose prompts are four times as long on the second."""
    folder = tmp_path_factory.mktemp("doubled")
    log = log_of(folder / "log.jsonl", 280, tokens=lambda number: 800 if number < 143 else 3_200)
    store = folder / "store.duckdb"
    verbs.ingest(IngestRequest((str(log),), store), silent)
    changes = verbs.analyze(Question(store=store), silent).changes
    assert changes is not None
    return store, changes
