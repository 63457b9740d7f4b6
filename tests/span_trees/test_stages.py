"""Where the time of a request goes: back along its critical path."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from costctl.relations import load_relations
from costctl.span_trees.stages import ALL_STAGES, UNKNOWN, WRAPPING, TimedSpans, stage_times
from costctl.span_trees.tree import span_tree
from tests.oracles.plain_trees import PlainSpan, requests_of, stages_of
from tests.span_trees.test_tree import arrays

DRAWN_STAGES = ("retrieval", "tool", "gateway", "other", "decode")


def stages(spans: list[PlainSpan]) -> list[dict[str, int]]:
    """Of each request, units in each stage."""
    tree = span_tree(arrays(spans))
    placed = [spans[row] for row in tree.row]
    times = stage_times(
        TimedSpans(
            request=tree.request,
            parent=tree.parent,
            start_ns=np.array([span.start for span in placed], np.int64),
            end_ns=np.array([span.end or 0 for span in placed], np.int64),
            is_timed=np.array([span.end is not None for span in placed], np.bool_),
            stage=np.array([ALL_STAGES.index(span.stage) for span in placed], np.uint8),
            queue_ns=np.array([UNKNOWN if span.queue is None else span.queue for span in placed], np.int64),
            ttft_ns=np.array([UNKNOWN if span.ttft is None else span.ttft for span in placed], np.int64),
        )
    )
    found: list[dict[str, int]] = [{} for _ in range(int(tree.request.max(initial=-1)) + 1)]
    for request, stage, ns in zip(times.request, times.stage, times.self_ns, strict=True):
        found[request][ALL_STAGES[stage]] = int(ns)
    return found


def one(*spans: tuple[int, int | None, int, int, str]) -> dict[str, int]:
    """Stages of the one request of some spans: id, parent, start, end, stage."""
    (found,) = stages([PlainSpan(1, *span) for span in spans])
    return found


def test_a_span_without_children_is_its_own_stage() -> None:
    assert one((1, None, 0, 10, "retrieval")) == {"retrieval": 10}


def test_what_lies_between_the_children_of_a_gateway_is_uninstrumented() -> None:
    spans = ((1, None, 0, 10, "gateway"), (2, 1, 1, 4, "retrieval"), (3, 1, 6, 9, "decode"))
    assert one(*spans) == {"retrieval": 3, "decode": 3, "uninstrumented": 4}


def test_a_tool_keeps_the_time_between_its_children() -> None:
    assert one((1, None, 0, 10, "tool"), (2, 1, 2, 5, "decode")) == {"decode": 3, "tool": 7}


def test_of_parallel_retrievals_only_the_one_that_was_waited_for_counts() -> None:
    spans = (
        (1, None, 0, 10, "gateway"),
        (2, 1, 0, 4, "retrieval"),
        (3, 1, 0, 8, "tool"),
        (4, 1, 8, 10, "decode"),
    )
    assert one(*spans) == {"tool": 8, "decode": 2}


def test_the_later_of_two_that_overlap_takes_its_time_and_the_earlier_what_came_before() -> None:
    assert one((1, None, 0, 10, "gateway"), (2, 1, 0, 6, "retrieval"), (3, 1, 4, 10, "tool")) == {
        "retrieval": 4,
        "tool": 6,
    }


def test_a_child_that_outlives_its_parent_is_cut() -> None:
    assert one((1, None, 0, 10, "gateway"), (2, 1, 8, 50, "persist")) == {"uninstrumented": 8, "persist": 2}


def test_a_child_whose_clock_is_off_takes_nothing_outside() -> None:
    assert one((1, None, 100, 110, "gateway"), (2, 1, 10, 20, "retrieval")) == {"uninstrumented": 10}


def test_entries_of_a_lost_parent_have_a_gap_between_them() -> None:
    assert one((2, 9, 0, 3, "retrieval"), (3, 9, 5, 8, "decode")) == {
        "retrieval": 3,
        "uninstrumented": 2,
        "decode": 3,
    }


def test_a_sibling_that_does_not_say_what_it_does_takes_no_time_from_one_that_does() -> None:
    spans = ((1, None, 0, 10, "gateway"), (2, 1, 0, 10, "other"), (3, 1, 2, 6, "decode"))
    assert one(*spans) == {"decode": 4, "uninstrumented": 6}


def test_what_lies_below_a_call_and_does_not_say_what_it_does_is_the_calls() -> None:
    assert one((1, None, 0, 10, "decode"), (2, 1, 1, 9, "other")) == {"decode": 10}


def test_a_request_of_one_span_that_says_nothing_is_other() -> None:
    assert one((1, None, 0, 10, "other")) == {"other": 10}


def test_children_of_a_span_that_was_not_timed_belong_to_the_one_above_it() -> None:
    spans = [
        PlainSpan(1, 1, None, 0, 10, "gateway"),
        PlainSpan(1, 2, 1, 1, None),
        PlainSpan(1, 3, 2, 2, 5, "tool"),
    ]
    assert stages(spans) == [{"uninstrumented": 7, "tool": 3}]


def test_the_phases_of_a_call_are_its_stages() -> None:
    call = PlainSpan(1, 1, None, 0, 10, "decode", queue=2, ttft=5)
    assert stages([call]) == [{"queue": 2, "prefill": 3, "decode": 5}]


def test_a_queue_longer_than_its_call_ends_with_it() -> None:
    call = PlainSpan(1, 1, None, 0, 10, "decode", queue=50, ttft=60)
    assert stages([call]) == [{"queue": 10}]


def test_a_call_of_which_only_the_queue_is_known_keeps_its_stage_for_the_rest() -> None:
    call = PlainSpan(1, 1, None, 0, 10, "embedding", queue=4)
    assert stages([call]) == [{"queue": 4, "embedding": 6}]


def test_the_codes_in_the_relation_are_those_of_the_stages() -> None:
    sql = load_relations("duckdb")["stage_time"].sql
    listed = re.search(r"ENUM \(([^)]*)\)", sql)
    assert listed is not None
    assert tuple(re.findall(r"'(\w+)'", listed[1])) == ALL_STAGES


@st.composite
def timed_forests(draw: st.DrawFn) -> list[PlainSpan]:
    """Fan-out, overlap, orphans, clocks that are off, children that outlive their parents, spans without an end."""
    spans = []
    for trace in range(draw(st.integers(1, 2))):
        size = draw(st.integers(1, 9))
        for key in range(1, size + 1):
            parent = draw(st.one_of(st.none(), st.integers(1, size + 1)))
            start, length = draw(st.integers(0, 25)), draw(st.integers(0, 15))
            end = None if draw(st.integers(0, 7)) == 0 else start + length
            stage = draw(st.sampled_from(DRAWN_STAGES))
            waited = st.one_of(st.none(), st.integers(0, 20))
            queue, ttft = draw(waited), draw(waited)
            spans.append(PlainSpan(trace, key, parent, start, end, stage, queue=queue, ttft=ttft))
    return spans


@given(timed_forests())
def test_stages_are_those_of_the_twin_and_add_up_to_the_duration(spans: list[PlainSpan]) -> None:
    found = stages(spans)
    groups = requests_of(spans)
    assert found == [stages_of(group, WRAPPING) for group in groups]


@given(timed_forests())
def test_stages_add_up_to_the_time_from_first_start_to_last_end(spans: list[PlainSpan]) -> None:
    tree = span_tree(arrays(spans))
    for number, found in enumerate(stages(spans)):
        tops = [spans[row] for row in tree.row[(tree.request == number) & (tree.parent == -1)]]
        timed = [span for span in tops if span.end is not None]
        lasts = max((span.end for span in timed), default=0) - min((span.start for span in timed), default=0)
        assert sum(found.values()) == max(lasts, 0)


@given(timed_forests(), st.integers(0, 10**15))
def test_shifting_time_changes_nothing(spans: list[PlainSpan], by: int) -> None:
    def moved(span: PlainSpan) -> PlainSpan:
        end = None if span.end is None else span.end + by
        return replace(span, start=span.start + by, end=end)

    assert stages([moved(span) for span in spans]) == stages(spans)
