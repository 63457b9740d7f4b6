"""Prompts of calls as a tree of beginnings, and which calls ask what was answered before."""

from __future__ import annotations

import dataclasses

import numpy as np
import polars as pl

from costctl.service_model.pool_calls import PoolCalls
from costctl.service_model.prompts import with_prompts
from costctl.service_model.repeats import BYTES_PER_EMBEDDING, repeats_of
from tests.oracles.small_replays import plain_workload


def prompts(*rows: tuple[int, list[str], list[int]]) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "call_id": [row[0] for row in rows],
            "tenant": pl.Series([None] * len(rows), dtype=pl.String),
            "is_failed": [False] * len(rows),
            "content_key": [row[1][-1] for row in rows],
            "prefix_keys": [row[1] for row in rows],
            "prefix_tokens": [row[2] for row in rows],
            "input_tokens": [row[2][-1] for row in rows],
        }
    )


def test_beginnings_that_are_alike_are_one_and_go_on_from_one_another() -> None:
    workload = plain_workload([0.0, 1.0, 2.0, 3.0], tokens=50)
    told = prompts(
        (7, ["s", "a"], [600, 1000]), (8, ["s", "b"], [600, 900]), (9, ["s", "a", "c"], [600, 1000, 1400])
    )
    found = with_prompts(workload, np.array([7, 8, 9, 10]), told)
    tree = found.prefix_tree
    assert tree is not None
    assert found.prefix is not None
    assert found.prefix_tokens is not None
    assert found.prompt_tokens is not None
    assert found.prefix[3] == -1  # of this call nothing is known
    last = found.prefix[:3]
    assert tree.parent[last[2]] == last[0]  # the third prompt goes on from the first
    assert tree.parent[last[0]] == tree.parent[last[1]]  # both from the system prompt
    assert found.prefix_tokens.tolist() == [1000, 900, 1400, 0]
    assert found.prompt_tokens.tolist() == [1000, 900, 1400, 50]
    assert tree.begins[last].tolist() == [600, 600, 1000]


def test_sizes_that_differ_are_averaged_and_the_same_word_after_other_words_is_another() -> None:
    told = prompts((0, ["s", "x"], [100, 300]), (1, ["s", "y"], [110, 400]), (2, ["t", "x"], [50, 300]))
    found = with_prompts(plain_workload([0.0, 1.0, 2.0]), np.array([0, 1, 2]), told)
    assert found.prefix is not None
    assert found.prefix_tree is not None
    assert np.unique(found.prefix).size == 3
    assert found.prefix_tree.begins[found.prefix].tolist() == [105, 105, 50]


def test_without_prompts_the_workload_is_as_it_was() -> None:
    workload = plain_workload([0.0])
    assert with_prompts(workload, np.array([1]), prompts((2, ["s"], [9]))) is workload


def calls(arrival_s: list[float], end_s: list[float], *, is_generation: bool = True) -> PoolCalls:
    n = len(arrival_s)
    zeros, numbers = np.zeros(n, np.int64), np.arange(n)
    return PoolCalls(
        pools=("one",),
        classes=("chat",),
        request_ids=numbers,
        replicas=np.array([1]),
        pool=zeros,
        replica=zeros,
        server=zeros,
        request=numbers,
        request_class=zeros,
        arrival_s=np.array(arrival_s),
        begin_s=np.array(arrival_s),
        first_token_s=np.array(end_s),
        end_s=np.array(end_s),
        alone_s=np.zeros(n),
        uncached_tokens=zeros,
        output_tokens=np.full(n, 25),
        after=np.full(n, -1),
        think_s=np.zeros(n),
        is_generation=np.full(n, is_generation),
        is_replica_observed=np.ones(n, np.bool_),
        call_ids=numbers,
        is_timed=np.ones(n, np.bool_),
        cached_tokens=np.zeros(n, np.int64),
    )


def test_an_answer_is_had_once_the_call_that_got_it_has_ended() -> None:
    asked = prompts(*((number, ["q"], [10]) for number in range(3)))
    found = repeats_of(calls([0.0, 1.0, 3.0], [2.0, 2.5, 4.0]), asked)
    assert found.is_again.tolist() == [False, False, True]
    assert found.size.tolist() == [100, 100, 100]
    assert found.answered(99).tolist() == [False, False, False]
    assert found.answered(100).tolist() == [False, False, True]
    assert (repeats_of(calls([0.0], [1.0], is_generation=False), asked).size == BYTES_PER_EMBEDDING).all()


def test_tenants_share_no_answers_and_failures_leave_none() -> None:
    asked = prompts((0, ["q"], [10]), (1, ["q"], [10]))
    times = calls([0.0, 2.0], [1.0, 3.0])
    assert repeats_of(times, asked).is_again.tolist() == [False, True]
    other = asked.with_columns(tenant=pl.Series(["a", "b"]))
    assert not repeats_of(times, other).is_again.any()
    failed = asked.with_columns(is_failed=pl.Series([True, False]))
    assert not repeats_of(times, failed).is_again.any()
    assert repeats_of(dataclasses.replace(times), asked.clear()).is_known.tolist() == [False, False]
