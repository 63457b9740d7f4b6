"""The examples on the pages of advice on reuse are what costctl computes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl

from costctl.reuse.distances import NEVER, stack_distances
from costctl.scenario.retrieval import shares_of
from costctl.simulate.lanes import Lanes
from costctl.simulate.network import replay_network
from costctl.simulate.workload import Dispatch, Outcome, Pool, PoolSetup, PrefixTree, ServiceModel, Workload
from tests.docs.page_tables import explanation, number, number_or_none, rows_after, text_of
from tests.oracles.plain_lru import plain_lru_hits

# Beginnings: the system prompt, then the turns of A and of B, each with the turn before it as its beginning.
TREE = PrefixTree(parent=np.array([-1, 0, 1, 2, 0, 4]), begins=np.array([0, 600, 1000, 1400, 600, 1000]))
LAST = {"A1": 1, "A2": 2, "A3": 3, "B1": 4, "B2": 5}


def served(calls: list[str], prompts: list[int], dispatch: Dispatch) -> Outcome:
    n = len(calls)
    workload = Workload(
        arrival_s=np.arange(n) * 10.0,
        after=np.full(n, -1),
        think_s=np.zeros(n),
        uncached_tokens=np.array(prompts),
        decode_steps=np.zeros(n, np.int64),
        lane=np.zeros(n, np.int64),
        replica=np.full(n, -1),
        prefix=np.array([LAST[call] for call in calls]),
        prefix_tokens=np.array(prompts),
        prefix_tree=TREE,
    )
    setup = PoolSetup(2, 8, dispatch, 0.0, Lanes.plain(1), prefix_cache_tokens=10_000)
    return replay_network(
        workload, np.zeros(n, np.int64), [Pool(ServiceModel("continuous", 0.01, 0.001, 0.001), setup)]
    )


def test_where_prompts_are_read_again(repository: Path) -> None:
    page = explanation(repository, "advice-prefix-affinity")
    rows = list(rows_after(page, "call | prompt"))
    calls, prompts = [row[0] for row in rows], [int(number(row[1])) for row in rows]
    read = {}
    for place, dispatch in ((2, "round_robin"), (4, "prefix_affinity")):
        outcome = served(calls, prompts, dispatch)
        assert outcome.spared_tokens is not None
        read[dispatch] = np.array(prompts) - outcome.spared_tokens
        assert [int(number(row[place])) for row in rows] == outcome.replica.tolist()
        assert [int(number(row[place + 1])) for row in rows] == read[dispatch].tolist()
    totals = {name: int(each.sum()) for name, each in read.items()}
    said = f"In turn {totals['round_robin']:,} tokens are read, by prefix {totals['prefix_affinity']:,}."
    assert said in text_of(page)


def test_what_a_cache_of_each_size_finds(repository: Path) -> None:
    rows = rows_after(explanation(repository, "advice-cache"), "asked | distance")
    asked = np.array([ord(row[0]) for row in rows])
    distance = stack_distances(asked, np.full(asked.size, 100))
    assert [number_or_none(row[1]) for row in rows] == [None if each == NEVER else each for each in distance]
    for column, capacity in ((2, 100), (3, 200), (4, 300)):
        found = plain_lru_hits(asked.tolist(), capacity, [100] * asked.size)
        assert [row[column] == "hit" for row in rows] == found


def test_what_a_place_in_the_hot_tier_saves(repository: Path) -> None:
    page = explanation(repository, "advice-storage-placement")
    rows = rows_after(page, "read | distance")
    read = np.array([ord(row[0]) for row in rows])
    distance = stack_distances(read)
    assert [number_or_none(row[1]) for row in rows] == [None if each == NEVER else each for each in distance]
    paid = {}
    for column, place in ((2, 1), (3, 2), (4, 3)):
        is_found = (distance != NEVER) & (distance <= place)
        assert [number(row[column]) for row in rows] == np.where(is_found, 0.0, 0.004).tolist()
        paid[place] = 0.004 * float((~is_found).sum()) + 0.002 * place
    assert (
        f"with the 0.012 USD of its reads {paid[3]:.3f} USD: {0.004 * read.size - paid[3]:.3f} USD less"
        in text_of(page)
    )


def test_what_is_held_while_a_request_searches(repository: Path) -> None:
    rows = dict(rows_after(explanation(repository, "advice-retrieval-separation"), "quantity | value"))
    s = 1_000_000_000
    stage_time = pl.DataFrame(
        {"request_id": [1, 1], "stage": ["retrieval", "decode"], "self_ns": [int(2.5 * s), 10 * s]}
    )
    names = pl.DataFrame({"request_id": [1], "request_class": ["rag"]})
    calls = pl.DataFrame({"request_id": [1], "request_class": ["rag"], "share_s": [4.0]})
    held = pl.DataFrame({"request_id": [1], "share_s": [4.0 * 2.5 / 10.0]})
    time_ratio, held_ratio, _ = shares_of(stage_time, names, held, calls)["rag"]
    assert (number(rows["time"]), number(rows["held"])) == (time_ratio, held_ratio)
