"""The prompt cache: rules by hand, against its slow twin, and on the sessions of coding agents."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from costctl.observation import Question, observed
from costctl.progress import silent
from costctl.rebill.cache_play import CacheUse, Played, Use, entries_of, played
from costctl.rebill.calls import BoughtCalls, Prefixes, bought_calls_of
from tests.oracles.slow_cache import SlowCall, slow_cache
from tests.oracles.slow_cache import Use as Used
from tests.thoroughness import how_many

USES = {
    "not": Use.NOT,
    "system": Use.SYSTEM,
    "conversation": Use.CONVERSATION,
    "everywhere": Use.EVERYWHERE,
    "last": Use.LAST,
}
HOUR_S = 3600.0


def play(calls: Sequence[SlowCall]) -> list[tuple[int, int]]:
    names = sorted({name for call in calls for name, _ in call.prefixes})
    counts = [len(call.prefixes) for call in calls]
    prefixes = Prefixes(
        offset=np.cumsum([0, *counts]).astype(np.int64),
        key=np.array([names.index(name) for call in calls for name, _ in call.prefixes], np.int64),
        size=np.array([tokens for call in calls for _, tokens in call.prefixes], np.int64),
        blocks=np.array(
            [each for call in calls for each in call.blocks or [-1] * len(call.prefixes)], np.int64
        ),
        content=np.full(len(calls), -1, np.int64),
        is_by_block=np.zeros(len(calls), np.bool_),
    )

    def ints(values: Sequence[int]) -> np.ndarray:
        return np.array(values, np.int64)

    how = CacheUse(
        use=ints([USES[call.use] for call in calls]),
        scope=ints([call.scope for call in calls]),
        whole=ints([call.whole for call in calls]),
        ttl_s=np.array([call.ttl_s for call in calls], np.float64),
        least=ints([call.least for call in calls]),
        step=ints([call.step for call in calls]),
        lookback=ints([call.lookback or 0 for call in calls]),
        readable_s=np.array([call.at_s if call.answered_s is None else call.answered_s for call in calls]),
    )
    found = played(prefixes, np.array([call.at_s for call in calls]), how)
    return list(zip(found.read.tolist(), found.written.tolist(), strict=True))


def turns(*at_s: float, scope: int = 0, ttl_s: float = 300.0, least: int = 0) -> list[SlowCall]:
    """A conversation that grows by 100 tokens a turn, after a system prompt of 1,000."""
    return [
        SlowCall(
            at_s=at,
            scope=scope,
            prefixes=(
                ("system", 1000),
                *((f"message {turn}", 1000 + 100 * turn) for turn in range(1, number + 1)),
            ),
            whole=1000 + 100 * number,
            use="conversation",
            ttl_s=ttl_s,
            least=least,
        )
        for number, at in enumerate(at_s, 1)
    ]


def test_a_conversation_reads_what_its_last_turn_wrote_and_writes_what_is_new() -> None:
    assert play(turns(0.0, 60.0, 120.0)) == [(0, 1100), (1100, 100), (1200, 100)]


def test_what_is_not_used_in_time_is_written_anew_and_what_is_read_is_renewed() -> None:
    assert play(turns(0.0, 290.0, 580.0, 881.0)) == [(0, 1100), (1100, 100), (1200, 100), (0, 1400)]


def test_what_is_kept_for_an_hour_outlives_a_pause() -> None:
    assert play(turns(0.0, 3000.0, ttl_s=HOUR_S)) == [(0, 1100), (1100, 100)]


def test_scopes_share_nothing() -> None:
    here, there = turns(0.0, 20.0), turns(10.0, scope=1)
    assert play([here[0], there[0], here[1]]) == [(0, 1100), (0, 1100), (1100, 100)]


def test_nothing_shorter_than_the_minimum_is_cached() -> None:
    assert play(turns(0.0, 1.0, least=1150)) == [(0, 0), (0, 1200)]


def appended(*ends: tuple[int, int], use: Used = "conversation") -> list[SlowCall]:
    """Calls that each send what the one before sent, and more, a minute apart. ends: blocks and tokens of each."""
    prefixes = (("system", 500), *((f"up to block {block}", tokens) for block, tokens in ends))
    return [
        SlowCall(
            at_s=60.0 * number,
            scope=0,
            prefixes=prefixes[: number + 2],
            whole=tokens,
            use=use,
            ttl_s=300.0,
            blocks=(0, *(block for block, _ in ends[: number + 1])),
            lookback=20,
        )
        for number, (_, tokens) in enumerate(ends)
    ]


def test_a_breakpoint_finds_what_ends_at_most_nineteen_blocks_before_it() -> None:
    # the example of Anthropic's page: 10 blocks, then 15, then 35, of which 35 to 16 are looked at
    assert play(appended((10, 1000), (15, 1500), (34, 3400))) == [(0, 1000), (1000, 500), (1500, 1900)]
    assert play(appended((10, 1000), (15, 1500), (35, 3500)))[2] == (
        500,
        3000,
    )  # the system prompt has its own


def test_where_blocks_are_not_known_all_that_is_kept_is_found() -> None:
    calls = [replace(call, blocks=None) for call in appended((10, 1000), (15, 1500), (35, 3500))]
    assert play(calls)[2] == (1500, 2000)


def test_a_cache_that_works_on_its_own_looks_back_at_all() -> None:
    assert play(appended((10, 1000), (15, 1500), (35, 3500), use="last"))[2] == (1500, 2000)


def test_what_is_kept_at_the_end_of_the_last_message_is_no_use_to_what_only_begins_alike() -> None:
    here = appended((1, 1000), use="last")
    there = [replace(here[0], at_s=60.0, prefixes=(("system", 500), ("another question", 1000)))]
    assert play([*here, *there]) == [(0, 1000), (0, 1000)]


def fan(count: int, *, apart_s: float, ttft_s: float) -> list[SlowCall]:
    """Calls that begin alike, each answered so long after it starts."""
    return [
        replace(call, at_s=number * apart_s, answered_s=number * apart_s + ttft_s)
        for number, call in enumerate(turns(0.0) * count)
    ]


def test_of_calls_at_once_all_write_until_the_first_answer_begins() -> None:
    assert play(fan(4, apart_s=0.1, ttft_s=4.0)) == [(0, 1100)] * 4
    assert play(fan(4, apart_s=2.0, ttft_s=4.0)) == [(0, 1100), (0, 1100), (1100, 0), (1100, 0)]


def test_what_is_written_again_while_it_is_kept_stays_readable() -> None:
    slow = replace(turns(0.0, ttl_s=HOUR_S)[0], answered_s=500.0)
    quick = replace(slow, at_s=100.0, answered_s=101.0)
    assert play([slow, quick, replace(quick, at_s=102.0)]) == [(0, 1100), (0, 1100), (1100, 0)]


@st.composite
def traffic(draw: st.DrawFn) -> list[SlowCall]:
    """Calls of a few trees of prefixes, scopes and times to live, in order of time."""
    count = draw(st.integers(1, 25))
    at_s = sorted(draw(st.lists(st.integers(0, 2000), min_size=count, max_size=count)))
    calls = []
    for at in at_s:
        depth = draw(st.integers(1, 4))
        path = [draw(st.sampled_from("ab")) for _ in range(depth)]
        sizes = [200 * (place + 1) for place in range(depth)]
        prefixes = tuple(("".join(path[: place + 1]), sizes[place]) for place in range(depth))
        use = draw(st.sampled_from(("not", "system", "conversation", "everywhere", "last")))
        whole = sizes[-1] + (draw(st.integers(0, 50)) if use == "everywhere" else 0)
        steps = [0, *(draw(st.integers(0, 12)) for _ in range(depth - 1))]
        blocks = tuple(sum(steps[: place + 1]) for place in range(depth))
        calls.append(
            SlowCall(
                at_s=float(at),
                scope=draw(st.integers(0, 1)),
                prefixes=prefixes,
                whole=whole,
                use=use,
                ttl_s=draw(st.sampled_from((300.0, HOUR_S))),
                least=draw(st.sampled_from((0, 300))),
                step=draw(st.sampled_from((1, 128))),
                blocks=draw(st.sampled_from((None, blocks))),
                lookback=draw(st.sampled_from((None, 1, 20))),
                answered_s=draw(st.sampled_from((None, float(at), at + 40.0, at + 400.0))),
            )
        )
    return calls


@given(traffic())
@settings(max_examples=how_many(100, thorough=500), deadline=None)
def test_the_cache_equals_its_slow_twin(calls: list[SlowCall]) -> None:
    assert play(calls) == slow_cache(calls)


@given(traffic())
@settings(max_examples=how_many(50, thorough=300), deadline=None)
def test_what_is_read_and_written_is_part_of_the_prompt(calls: list[SlowCall]) -> None:
    for call, (read, written) in zip(calls, play(calls), strict=True):
        assert read >= 0
        assert written >= 0
        assert read + written <= call.whole


@given(traffic(), st.sampled_from((300.0, HOUR_S)), st.lists(st.integers(0, 600), min_size=25, max_size=25))
@settings(max_examples=how_many(100, thorough=500), deadline=None)
def test_what_can_be_read_later_is_never_read_more(
    calls: list[SlowCall], ttl_s: float, later_s: list[int]
) -> None:
    at_once = [
        replace(call, use="system", whole=call.prefixes[-1][1], ttl_s=ttl_s, least=0, answered_s=None)
        for call in calls
    ]
    delayed = [
        replace(call, answered_s=call.at_s + later) for call, later in zip(at_once, later_s, strict=False)
    ]
    for (read, _), (read_later, _) in zip(play(at_once), play(delayed), strict=True):
        assert read_later <= read


@pytest.fixture(scope="module")
def agents(real_traces: Path, tmp_path_factory: pytest.TempPathFactory) -> BoughtCalls:
    sessions = sorted((real_traces / "workload" / "agentic_coding").glob("*.json.gz"))
    store = tmp_path_factory.mktemp("agents") / "s.duckdb"
    with observed(Question(paths=tuple(map(str, sessions)), store=store), silent) as observation:
        fetch = observation.engine.fetch
        return bought_calls_of(fetch("bought_calls"), fetch("call_prompt"))


def input_cost(calls: BoughtCalls, ttl_s: float, write: float) -> np.ndarray:
    """Of each call, in tokens at the price of one that is read afresh, by Anthropic's published prices. As the figures
    are published: what a call writes can be read at once.
    """
    size = calls.size
    whole = calls.frame["input_tokens"].fill_null(0).to_numpy()
    models = calls.frame["model"].cast(str).rank("dense").to_numpy().astype(np.int64)
    one = np.ones(size, np.int64)
    how = CacheUse(one * Use.EVERYWHERE, models, whole, one * ttl_s, one * 0, one, one * 0, calls.at_s)
    found: Played = played(calls.prefixes, calls.at_s, how)
    cost: np.ndarray = whole - found.read - found.written + 0.1 * found.read + write * found.written
    return cost


def test_the_input_of_coding_agents_costs_what_is_known_of_it(agents: BoughtCalls) -> None:
    whole = float(agents.frame["input_tokens"].sum())
    short, long = input_cost(agents, 300.0, 1.25), input_cost(agents, HOUR_S, 2.0)
    by_session = [np.bincount(agents.session, cost) for cost in (short, long)]
    ratios = [cost.sum() / whole for cost in (short, long, np.minimum(*by_session))]
    assert ratios == pytest.approx([0.1972, 0.1757, 0.1656], abs=5e-5)


@given(st.lists(st.tuples(st.integers(0, 3), st.lists(st.integers(0, 9), max_size=5)), max_size=12))
def test_entries_are_numbered_alike_by_a_table_and_by_sorting(calls: list[tuple[int, list[int]]]) -> None:
    keys = np.array([key for _, own in calls for key in own], np.int64)
    scope = np.array([number for number, _ in calls], np.int64)
    offset = np.cumsum([0, *(len(own) for _, own in calls)]).astype(np.int64)
    nothing = np.zeros(keys.size, np.int64)
    prefixes = Prefixes(offset, keys, nothing, nothing, scope, np.zeros(scope.size, np.bool_))
    pairs = [(number, key) for number, own in calls for key in own]
    numbers = {pair: place for place, pair in enumerate(sorted(set(pairs)))}
    count, entry = entries_of(prefixes, scope)
    of_one = (max(keys, default=-1) + 1, keys.tolist())  # of one scope the keys themselves will do
    of_several = (len(numbers), [numbers[pair] for pair in pairs])
    assert (count, entry.tolist()) == (of_several if len({*scope.tolist()}) > 1 else of_one)
