"""What is computed of any part that holds whole traces, or whole replicas, is what is computed of all at once."""

from __future__ import annotations

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from costctl.engine.computed import COMPUTATIONS
from costctl.engine.protocol import Engine
from costctl.relations import load_relations
from tests.relations.scattered_spans import Span, cut, scattered_spans
from tests.relations.span_rows import engine_of

RELATIONS = load_relations("duckdb")
OF_REPLICAS = ("call_share", "occupancy_clock")
OF_TRACES = sorted({*COMPUTATIONS} - {*OF_REPLICAS})
OF_SPANS = ("span_key", "parent_key", "call_id", "after_call_id", "leaf_call_id")
SEEDS = (0, 1)


def by_stored_keys(engine: Engine, name: str) -> pl.DataFrame:
    """The rows of a relation, each span by its key in the store and each request by that of its first entry."""
    tree = engine.fetch("span_tree")
    entries = tree.filter("is_first")
    rows = engine.fetch(name)
    return rows.with_columns(
        *(
            rows[column].replace_strict(tree["span_key"], tree["store_key"], return_dtype=pl.Int64)
            for column in OF_SPANS
            if column in rows.columns
        ),
        *(
            rows[column].replace_strict(entries["request_id"], entries["store_key"], return_dtype=pl.Int64)
            for column in ("request_id",)
            if column in rows.columns
        ),
    )


def same_rows(found: pl.DataFrame, wanted: pl.DataFrame) -> None:
    """Raise where the rows are not the same, to the bit, in whatever order."""
    assert_frame_equal(found.sort(found.columns), wanted.sort(wanted.columns), check_exact=True)


@pytest.fixture(scope="module", params=SEEDS)
def spans(request: pytest.FixtureRequest) -> list[Span]:
    return scattered_spans(request.param)


@pytest.fixture(scope="module")
def whole(spans: list[Span]) -> Engine:
    return engine_of(spans)


@pytest.fixture(scope="module", params=[1, 2, 7])
def parts(request: pytest.FixtureRequest, spans: list[Span]) -> list[Engine]:
    return [engine_of(part) for part in cut(spans, request.param)]


def test_the_spans_have_all_that_could_tie_parts_together(whole: Engine) -> None:
    twins = whole.query(
        "SELECT DISTINCT call_twins.joined_by FROM call_twins "
        "INNER JOIN spans AS twin ON call_twins.store_key = twin.store_key "
        "INNER JOIN spans AS beside ON call_twins.outer_store_key = beside.store_key "
        "WHERE twin.trace_id <> beside.trace_id ORDER BY ALL"
    )
    assert twins["joined_by"].to_list() == ["session, model and tokens", "the id of their answer"]
    assert whole.query("SELECT COUNT(DISTINCT replica) AS n FROM call_phase")["n"].item() > 3
    starts = whole.query("SELECT COUNT(start_ns) - COUNT(DISTINCT start_ns) AS equal FROM requests")
    assert starts["equal"].item() > 10


@pytest.mark.parametrize("name", OF_TRACES)
def test_what_parts_of_whole_traces_give_is_what_all_of_them_give(
    name: str, whole: Engine, parts: list[Engine]
) -> None:
    wanted = by_stored_keys(whole, name)
    assert wanted.height > 0
    same_rows(pl.concat(by_stored_keys(part, name) for part in parts), wanted)


def test_records_of_one_call_that_are_parted_give_another_tree(spans: list[Span], whole: Engine) -> None:
    logs = [each for each in spans if each.get("instrumentation") == "gateway (log)"]
    others = [each for each in spans if each not in logs]
    parted = pl.concat(by_stored_keys(engine_of(part), "span_tree") for part in (logs, others))
    with pytest.raises(AssertionError, match="different"):
        same_rows(parted, by_stored_keys(whole, "span_tree"))


def test_what_single_replicas_give_is_what_all_of_them_give(whole: Engine) -> None:
    held = whole.fetch("call_phase")
    assert held["replica"].n_unique() > 3
    clock_of, share_of = COMPUTATIONS["occupancy_clock"].rows, COMPUTATIONS["call_share"].rows
    replicas = held.partition_by("replica")
    clocks = pl.concat(pl.DataFrame(clock_of(each, {})) for each in replicas)
    same_rows(clocks, pl.DataFrame(clock_of(held, {})))
    shares = pl.concat(
        pl.DataFrame(share_of(each.select("call_id"), {"call_phase": each})) for each in replicas
    )
    same_rows(shares, pl.DataFrame(share_of(held.select("call_id"), {"call_phase": held})))
    assert shares["share_s"].sum() == pytest.approx(whole.fetch("call_share")["share_s"].sum())


def test_a_computation_takes_only_what_the_header_of_its_relation_names() -> None:
    for name, computation in COMPUTATIONS.items():
        assert set(computation.takes) <= set(RELATIONS[name].reads), name
        for read in {*computation.takes} & {*RELATIONS}:
            assert {*computation.takes[read]} <= {column.name for column in RELATIONS[read].columns}, (
                name,
                read,
            )


def test_every_computed_relation_has_its_computation() -> None:
    assert {each.computed_by for each in RELATIONS.values() if each.computed_by is not None} == {
        *COMPUTATIONS
    }
