"""Why tokens were not read from a cache: rules by hand, the laws, and against the slow twin."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from costctl.documents.cache_misses import CAUSES
from costctl.documents.price_settings import PriceSettings
from costctl.rebill.missed_play import found_of
from costctl.rebill.misses import misses_of
from costctl.rebill.rates import PriceList
from tests.oracles.slow_misses import SlowPrompt, slow_misses
from tests.rebill.made_calls import Made, bought
from tests.rebill.played_misses import misses, sent_of
from tests.thoroughness import how_many

GROWING = tuple(
    ("system", 1000) if turn == 0 else (f"message {turn}", 1000 + 100 * turn) for turn in range(9)
)


def turn(number: int, at_s: float, read: int = 0, short: int = 0, **changed: Any) -> SlowPrompt:
    """Turn ``number`` of a conversation that grows by 100 tokens a turn, after a system prompt of 1,000."""
    call = SlowPrompt(
        at_s=at_s, ready_s=at_s + 1.0, model=0, place=0, session=0, prefixes=GROWING[: number + 1],
        read=read, long=0, short=short, fresh=1000 + 100 * number - read - short,
    )  # fmt: skip
    return replace(call, **changed)


def test_what_nobody_was_asked_to_keep_was_not_asked_for() -> None:
    assert misses([turn(1, 0.0), turn(2, 60.0)]) == [
        {"first_use": 1100},
        {"not_asked": 1100, "first_use": 100},
    ]


def test_what_was_last_used_longer_ago_than_it_is_kept_has_expired() -> None:
    assert misses([turn(1, 0.0, short=1100), turn(2, 301.0, short=1200)])[1] == {
        "expired": 1100,
        "first_use": 100,
    }


def test_what_should_have_been_read_and_was_not_is_not_explained() -> None:
    assert misses([turn(1, 0.0, short=1100), turn(2, 300.0, short=1200)])[1] == {
        "unexplained": 1100,
        "first_use": 100,
    }


def test_what_another_deployment_had_kept_is_not_read_here() -> None:
    assert misses([turn(1, 0.0, short=1100), turn(2, 60.0, short=1200, place=1)])[1] == {
        "another_deployment": 1100,
        "first_use": 100,
    }


def test_calls_that_are_sent_together_cannot_read_from_each_other() -> None:
    assert misses([turn(1, 0.0, short=1100), turn(1, 0.5, short=1100)])[1] == {"sent_together": 1100}


def test_nothing_shorter_than_the_minimum_is_missed() -> None:
    assert misses([turn(1, 0.0, least=1200), turn(2, 60.0, least=1200)])[1] == {
        "below_minimum": 1100,
        "first_use": 100,
    }


def test_a_system_prompt_that_changes_lets_nothing_be_read_of_what_follows_it() -> None:
    changed = tuple((f"new {name}", size) for name, size in GROWING[:3])
    assert misses([turn(1, 0.0, short=1100), turn(2, 60.0, short=1200, prefixes=changed)])[1] == {
        "prefix_changed": 1100,
        "first_use": 100,
    }
    found = found_of(sent_of([turn(1, 0.0, short=1100), turn(2, 60.0, short=1200, prefixes=changed)]))
    assert found.changed_at.tolist() == [-1, 0]


def test_history_that_is_edited_is_told_from_a_new_question() -> None:
    edited = (*GROWING[:2], *((f"edited {name}", size) for name, size in GROWING[2:5]))
    asked = (GROWING[0], ("another question", 1100))
    history = turn(3, 0.0, short=1300)
    assert misses([history, turn(4, 60.0, read=1100, short=300, prefixes=edited)])[1] == {
        "prefix_changed": 200,
        "first_use": 100,
    }
    assert misses([turn(1, 0.0, short=1100), turn(1, 60.0, read=1000, short=100, prefixes=asked)])[1] == {
        "first_use": 100
    }


def test_another_agent_of_the_same_session_changes_no_prefix() -> None:
    helper = (("helper", 900), ("task", 1000), ("answer", 1100))
    calls = [
        turn(1, 0.0, short=1100),
        turn(2, 10.0, short=1100, prefixes=helper, fresh=0),
        turn(2, 20.0, read=1100, short=100),
    ]
    assert misses(calls) == [{"first_use": 1100}, {"first_use": 1100}, {"first_use": 100}]


def test_what_ends_with_the_last_message_is_kept_on_its_own_and_no_beginning_within() -> None:
    first = turn(1, 0.0, is_automatic=True, keeps_last=True, short_s=1800.0, long_s=1800.0)
    other = replace(first, session=1, at_s=60.0, prefixes=(GROWING[0], ("another question", 1100)))
    assert misses([first, other])[1] == {"not_asked": 1000, "first_use": 100}
    next_turn = turn(2, 60.0, is_automatic=True, keeps_last=True, short_s=1800.0, long_s=1800.0)
    assert misses([first, next_turn])[1] == {"unexplained": 1100, "first_use": 100}


@st.composite
def prompts(draw: st.DrawFn, models: int = 2) -> list[SlowPrompt]:
    """Calls of a few trees of prefixes, in order of time, that read and write whatever they like."""
    calls: list[SlowPrompt] = []
    count = draw(st.integers(1, 14))
    rules = [
        (
            draw(st.booleans()),
            draw(st.sampled_from((0, 300))),
            draw(st.sampled_from((1, 128))),
            draw(st.booleans()),
        )
        for _ in range(models)
    ]
    for at_s in sorted(draw(st.lists(st.integers(0, 2000), min_size=count, max_size=count))):
        path = draw(st.lists(st.sampled_from("ab"), min_size=1, max_size=4))
        sizes = [200 * (place + 1) for place in range(len(path))]
        whole = sizes[-1] + draw(st.integers(0, 50))
        cuts = sorted(draw(st.sampled_from((0, 0, 190, 200, 410, whole))) for _ in range(3))
        read, long, short = np.diff([0, *np.minimum(cuts, whole)]).tolist()
        model = draw(st.integers(0, models - 1))
        is_automatic, least, step, keeps_last = rules[model]
        calls.append(
            SlowPrompt(
                at_s=float(at_s),
                ready_s=at_s + draw(st.sampled_from((0.0, 1.0, 90.0))),
                model=model,
                place=draw(st.integers(0, 1)),
                session=draw(st.integers(0, 1)),
                prefixes=tuple(("".join(path[: place + 1]), size) for place, size in enumerate(sizes)),
                read=read,
                long=0 if is_automatic else long,
                short=0 if is_automatic else short,
                fresh=whole - read - (0 if is_automatic else long + short),
                is_automatic=is_automatic,
                keeps_last=is_automatic and keeps_last,
                is_by_block=not (is_automatic and keeps_last) and draw(st.booleans()),
                least=least,
                step=step,
            )
        )
    return calls


@given(prompts())
@settings(max_examples=how_many(150, thorough=400), deadline=None)
def test_the_causes_equal_their_slow_twin(calls: list[SlowPrompt]) -> None:
    assert misses(calls) == slow_misses(calls)


@given(prompts())
@settings(max_examples=how_many(50, thorough=500), deadline=None)
def test_the_causes_of_a_call_sum_to_what_it_did_not_read(calls: list[SlowPrompt]) -> None:
    for call, causes in zip(calls, misses(calls), strict=True):
        assert sum(causes.values()) == call.whole - call.read
        assert min(causes.values(), default=1) > 0


@given(prompts(models=1), prompts(models=1))
@settings(max_examples=how_many(30, thorough=300), deadline=None)
def test_calls_of_other_models_change_nothing(ours: list[SlowPrompt], others: list[SlowPrompt]) -> None:
    beside = [replace(call, model=1) for call in others]
    together = sorted([*ours, *beside], key=lambda call: call.at_s)
    found = misses(together)
    for calls in (ours, beside):
        alone = [
            causes
            for call, causes in zip(together, found, strict=True)
            if any(call is each for each in calls)
        ]
        assert alone == misses(calls)


@given(prompts())
@settings(max_examples=how_many(30, thorough=300), deadline=None)
def test_where_all_deployments_are_one_nothing_is_missed_for_being_on_another(
    calls: list[SlowPrompt],
) -> None:
    here = [replace(call, place=0) for call in calls]
    assert not any("another_deployment" in causes for causes in misses(here))


@pytest.mark.parametrize(
    ("model", "at_s", "cause"),
    [
        ("claude-sonnet-4-5", 0.5, "sent_together"),
        ("claude-sonnet-4-5", 1.0, "unexplained"),
        ("claude-sonnet-4-5", 5.0, "unexplained"),
        ("gpt-4.1", 5.0, "sent_together"),
    ],
)
def test_a_call_is_writing_until_its_answer_begins_where_the_provider_says_so_else_until_it_ends(
    model: str, at_s: float, cause: str
) -> None:
    """A call of ten seconds whose first token comes after one, and the same prompt again meanwhile."""
    prompt = (("system", 2048), ("asked", 128))
    writes = 2176 if model.startswith("claude") else 0
    first = Made(0, 0.0, lasts_s=10.0, ttft_s=1.0, model=model, parts=prompt, written=writes)
    again = Made(1, at_s, model=model, parts=prompt, written=writes)
    tokens = misses_of(bought([first, again]), PriceList(PriceSettings())).tokens[1]
    assert {name: int(each) for name, each in zip(CAUSES, tokens, strict=True) if each} == {cause: 2176}
