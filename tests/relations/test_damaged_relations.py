"""The laws of sql/checks where figures are made: a relation that was damaged does not get past them."""

from __future__ import annotations

import polars as pl
import pytest

from costctl.documents.settings import Pool, Settings
from costctl.engine.duckdb import DuckDBEngine
from costctl.engine.laws import require_lawful
from costctl.errors import BrokenLawError, ExitCode
from tests.relations.span_rows import chat, engine_of

SETTINGS = Settings(pools={"gpu": Pool(usd_per_replica_hour=3.6, match={"service": "llm"})})
REPLICA = "the-name-of-a-machine"


def engine() -> DuckDBEngine:
    return engine_of(
        [
            chat(f"t{number}/call", number, number + 3, service="llm", replica_id=REPLICA, input_tokens=5)
            for number in range(4)
        ],
        SETTINGS,
    )


def broken(damaged: DuckDBEngine) -> BrokenLawError:
    with pytest.raises(BrokenLawError) as raised:
        require_lawful(damaged)
    return raised.value


def test_what_is_sound_passes() -> None:
    sound = engine()
    require_lawful(sound)
    require_lawful(sound)


def test_a_request_that_counts_twice_is_found_with_its_number() -> None:
    damaged = engine()
    rows = damaged.fetch("request_class")
    damaged.load("request_class", pl.concat([rows, rows.head(2)]))
    error = broken(damaged)
    assert error.exit_code == ExitCode.BUG
    assert "classes partition requests." in error.what
    first = rows["request_id"][0]
    assert f"There are 2; the first: request_id {first}, classes 2; request_id" in error.why
    assert "bug in costctl" in error.why


def test_a_call_that_is_lost_is_found() -> None:
    damaged = engine()
    damaged.load("requests", damaged.fetch("requests").slice(1))
    error = broken(damaged)
    assert "Broken as well: " in error.why
    assert "no request is lost" in error.what + error.why


def test_money_that_vanishes_is_found_with_its_sums() -> None:
    damaged = engine()
    damaged.build("class_cost")
    damaged.build("class_window")
    charge = damaged.fetch("charge")
    damaged.load("charge", charge.with_columns(usd=pl.col("usd") * 2))
    error = broken(damaged)
    assert "class costs sum to charges" in error.what
    assert "total usd, from_facts 0.01" in error.why


def test_the_evidence_holds_no_text_of_the_traces() -> None:
    damaged = engine()
    damaged.build("call_share")
    clock = damaged.fetch("occupancy_clock")
    damaged.load("occupancy_clock", clock.with_columns(busy_clock_s=pl.col("busy_clock_s") + 1))
    error = broken(damaged)
    assert "shares sum to busy time" in error.what
    assert "replica sha256:" in error.why
    assert REPLICA not in str(error)
