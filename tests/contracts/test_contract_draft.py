"""What is drafted of an interface: time-outs, attempts, what becomes of a failure, and what people declared."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from costctl.contracts.draft import contract_of
from costctl.contracts.uses import Uses, interfaces_in
from costctl.documents.contract import (
    TOO_FEW,
    Contract,
    Degraded,
    Drafted,
    Fallback,
    Interface,
    Retries,
    Success,
    Timeout,
)
from costctl.stats.rank_bounds import fewest_for_upper_bound
from tests.contracts.interface_worlds import CUT_S, SCHEMA, S, World, calls_in, one_call, uses_in

DRAFTED = Drafted("test", 400)


@pytest.fixture(scope="module")
def world() -> tuple[Uses, ...]:
    return uses_in(World(), 1)


def named(contract: Contract, name: str) -> Interface:
    return next(each for each in contract.interfaces if each.name == name)


def tools(*calls: dict[str, Any]) -> Interface:
    """One tool of these calls, each of a request of its own where none is named."""
    rows = [
        one_call(
            "tool", "search", "tool", "execute_tool",
            **{"request_id": number, "call_id": number, "start_ns": number * S, **facts},
        )
        for number, facts in enumerate(calls)
    ]  # fmt: skip
    uses = interfaces_in(pl.DataFrame(rows, schema=SCHEMA))
    return contract_of(uses, Drafted("test", len(rows))).interfaces[0]


def test_calls_that_are_cut_at_one_duration_show_the_time_out(world: tuple[Uses, ...]) -> None:
    timeout = named(contract_of(world, DRAFTED), "large").timeout
    assert timeout.basis == "measured"
    assert timeout.found == "observed"
    assert timeout.value_s == pytest.approx(CUT_S, rel=0.006)
    assert timeout.broken == 0


def test_failures_that_come_fast_are_no_time_out() -> None:
    slow = [{"duration_s": 1.0 + number / 100} for number in range(50)]
    fast = [{"duration_s": 0.1, "is_failed": True, "error_type": "RateLimit"}] * 20
    assert tools(*slow, *fast).timeout.found is None


def test_a_time_out_is_proposed_only_where_its_quantile_is_bounded() -> None:
    fewest = fewest_for_upper_bound(0.99)
    took = [{"duration_s": (number + 1) / 1_000} for number in range(fewest)]
    enough, few = tools(*took).timeout, tools(*took[1:]).timeout
    assert (enough.found, enough.value_s, enough.samples) == ("proposed", fewest / 1_000, fewest)
    assert (few.found, few.value_s) == (None, None)
    assert few.why == f"{TOO_FEW}: {fewest - 1} timed calls succeeded, {fewest} are needed to propose one"


def test_what_no_record_tells_is_not_observed() -> None:
    found = tools({"duration_s": None})
    assert found.latency is None
    assert found.timeout.value_s is None
    assert (found.retries.most, found.degraded.mode, found.fallback.value) == (None, None, None)
    assert found.fallback.why == "not observed: to be declared"


def test_attempts_are_counted_and_what_they_were_good_for() -> None:
    failed = {"is_failed": True, "error_type": "Reset"}
    tried = [{"request_id": 100, **failed}, {"request_id": 100}, {"request_id": 101, **failed}]
    found = tools(
        *({} for _ in range(60)), *tried, {"request_id": 101, **failed}, {"request_id": 101, **failed}
    )
    assert (found.retries.most, found.retries.repeated, found.retries.recovered) == (2, 3, 1)
    assert found.retries.broken == 1  # the one request with three attempts
    assert found.success.errors == {"Reset": 4}
    assert (found.success.broken, found.success.samples) == (2, 62)


def fate_of(calls: list[dict[str, Any]], of: str) -> str:
    """A slow twin: what became of a request in which ``of`` failed, where no other follows it as a rule."""
    mine = [each for each in calls if each["name"] == of]
    if not mine[-1]["is_failed"]:
        return "retried"
    if not calls[0]["is_request_success"]:
        return "failed"
    later = calls[calls.index(mine[-1]) + 1 :]
    return "fallback" if any(not each["is_failed"] for each in later if each["name"] != of) else "went on"


@given(st.lists(st.tuples(st.sampled_from("ab"), st.booleans()), min_size=1, max_size=6), st.booleans())
def test_what_becomes_of_a_failure_is_what_the_slow_twin_says(
    script: list[tuple[str, bool]], is_success: bool
) -> None:
    calls = [
        one_call("model", name, "model_call", "chat", call_id=place, start_ns=place * S, is_failed=is_failed,
                 error_type="Error" if is_failed else None, is_request_success=is_success)
        for place, (name, is_failed) in enumerate(script)
    ]  # fmt: skip
    for uses in interfaces_in(pl.DataFrame(calls, schema=SCHEMA)):
        fates = uses.calls["fate"].drop_nulls().unique().to_list()
        wanted = [fate_of(calls, uses.name or "")] if uses.calls["is_failed"].any() else []
        assert fates == wanted


def test_one_that_follows_anyway_is_no_fallback() -> None:
    rows = [
        one_call("model", name, "model_call", "chat", request_id=number, call_id=2 * number + place,
                 start_ns=(2 * number + place) * S, is_failed=number == 0 and place == 0)
        for number in range(3)
        for place, name in enumerate(("classifier", "writer"))
    ]  # fmt: skip
    uses = interfaces_in(pl.DataFrame(rows, schema=SCHEMA))
    classifier = next(each for each in uses if each.name == "classifier")
    assert classifier.calls["fate"].drop_nulls().to_list() == ["went on"]


def test_the_mode_is_that_of_most_requests_or_none(world: tuple[Uses, ...]) -> None:
    contract = contract_of(world, DRAFTED)
    assert named(contract, "qdrant").degraded.mode == "went on"
    assert named(contract, "search").degraded.mode == "failed"
    even = named(
        contract, "large"
    ).degraded  # half are retried with success, half are answered by the smaller one
    assert even.mode is None
    assert even.why.startswith(TOO_FEW)
    assert even.retried + even.fallback + even.went_on + even.failed == even.samples


def test_few_requests_give_no_values_no_range_and_no_presence() -> None:
    few = named(contract_of(uses_in(World(requests=30), 3), Drafted("test", 30)), "large")
    assert {each.presence for each in few.attributes} == {TOO_FEW}
    assert all(each.values is None and each.low is None for each in few.attributes)


def test_values_that_are_no_names_are_not_listed() -> None:
    said = [{"model": "the patient, Jane Doe, asked for \n a second opinion on it"}] * 60
    found = tools(*said)
    model = next(each for each in found.attributes if each.name == "model")
    assert model.values is None
    assert "Jane" not in str(found)


def declared(contract: Contract) -> Contract:
    """The contract with parts of the vector store declared, and an interface that was never seen."""
    changed = replace(
        named(contract, "qdrant"),
        basis="declared",
        note="owned by search",
        success=Success("declared", least=0.9),
        timeout=Timeout("declared", 0.5),
        retries=Retries("declared", 2),
        degraded=Degraded("declared", "fallback"),
        fallback=Fallback("declared", "no documents"),
    )
    unseen = Interface("tool", "tool", "execute_tool", "refund", timeout=Timeout("declared", 2.0))
    others = [each for each in contract.interfaces if each.name != "qdrant"]
    return replace(contract, interfaces=(*others, changed, unseen))


def test_what_is_declared_is_kept_by_a_second_draft_with_counts_of_its_own(world: tuple[Uses, ...]) -> None:
    first = contract_of(world, DRAFTED)
    again = contract_of(world, DRAFTED, declared(first))
    store, measured = named(again, "qdrant"), named(first, "qdrant")
    assert (store.note, store.success.least, store.timeout.value_s) == ("owned by search", 0.9, 0.5)
    assert (store.retries.most, store.degraded.mode, store.fallback.value) == (2, "fallback", "no documents")
    assert store.success.broken == measured.success.broken
    assert store.degraded.broken == store.degraded.samples  # none did as is declared
    assert named(again, "refund").timeout.value_s == 2.0
    assert named(again, "large") == named(first, "large")
    assert contract_of(world, DRAFTED, again) == again


def test_a_draft_does_not_depend_on_the_order_of_rows() -> None:
    calls = calls_in(World(requests=120), 5)
    order = np.random.default_rng(1).permutation(calls.height)
    shuffled = contract_of(interfaces_in(calls[order]), DRAFTED)
    assert shuffled == contract_of(interfaces_in(calls), DRAFTED)
