"""Which request each span belongs to: held to a twin that looks at one span at a time."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from costctl.span_trees.tree import NO_TIME, Spans, SpanTree, span_tree
from costctl.span_trees.tree_loop import NO_PARENT, NONE
from tests.oracles.plain_trees import PlainSpan, entry_of, parent_of, requests_of


def arrays(spans: list[PlainSpan]) -> Spans:
    return Spans(
        trace_high=np.array([span.trace for span in spans], np.int64),
        trace_low=np.zeros(len(spans), np.int64),
        span=np.array([span.span for span in spans], np.int64),
        wanted=np.array([span.parent or NO_PARENT for span in spans], np.int64),
        outer=np.full(len(spans), NONE),
        start_ns=np.array([span.start for span in spans], np.int64),
        is_model_call=np.array([span.is_model for span in spans], np.bool_),
    )


def tree_of(*spans: tuple[int, int | None, int], models: tuple[int, ...] = ()) -> SpanTree:
    """Of spans of one trace: id, parent and start."""
    return span_tree(
        arrays(
            [
                PlainSpan(1, key, parent, start, start + 1, is_model=key in models)
                for key, parent, start in spans
            ]
        )
    )


def test_a_child_belongs_to_the_request_of_its_entry() -> None:
    tree = tree_of((7, None, 0), (8, 7, 1), (9, 8, 2))
    assert tree.request.tolist() == [0, 0, 0]
    assert tree.depth.tolist() == [0, 1, 2]
    assert tree.parent.tolist() == [NONE, 0, 1]
    assert tree.is_first.tolist() == [True, False, False]


def test_orphans_of_one_lost_parent_are_one_request_and_of_two_are_two() -> None:
    tree = tree_of((7, 99, 0), (8, 99, 1), (9, 98, 2))
    assert tree.request.tolist() == [0, 0, 1]
    assert tree.is_first.tolist() == [True, False, True]


def test_spans_that_only_a_cycle_holds_together_are_a_request() -> None:
    tree = tree_of((7, 8, 0), (8, 7, 1), (9, 8, 2))
    assert tree.request.tolist() == [0, 0, 0]
    assert tree.parent.tolist() == [NONE] * 3


def test_requests_are_numbered_by_start_and_those_without_a_time_come_last() -> None:
    spans = [PlainSpan(trace, 1, None, start, None) for trace, start in ((1, 50), (2, NO_TIME), (3, 10))]
    assert span_tree(arrays(spans)).row.tolist() == [2, 0, 1]


def test_a_window_takes_requests_whole() -> None:
    facts = ((1, 1, None, 5), (1, 2, 1, 25), (2, 1, None, 15), (3, 1, None, NO_TIME))
    spans = [PlainSpan(trace, key, parent, start, None) for trace, key, parent, start in facts]
    assert span_tree(arrays(spans), 10, 30).row.tolist() == [2]
    assert span_tree(arrays(spans), None, 10).row.tolist() == [0, 1]


def test_the_innermost_record_of_a_call_counts() -> None:
    tree = tree_of((1, None, 0), (2, 1, 1), (3, 2, 2), (4, 1, 9), models=(2, 3, 4))
    assert tree.is_leaf_model_call.tolist() == [False, False, True, True]
    assert tree.leaf_calls.tolist() == [0, 1, 0, 0]
    assert tree.leaf_call.tolist() == [NONE, 2, NONE, NONE]


@st.composite
def forests(draw: st.DrawFn) -> list[PlainSpan]:
    """Spans of a few traces with parents that exist, that do not, that are themselves, or in a circle."""
    spans = []
    for trace in range(draw(st.integers(1, 3))):
        size = draw(st.sampled_from((1, 2, 5, 9, 70)))
        for key in range(1, size + 1):
            parent = draw(st.one_of(st.none(), st.integers(1, size + 2)))
            start = draw(st.integers(0, 30))
            spans.append(PlainSpan(trace, key, parent, start, start + 1, is_model=draw(st.booleans())))
    return draw(st.permutations(spans))


@given(forests())
def test_requests_depths_and_leaves_are_those_of_the_twin(spans: list[PlainSpan]) -> None:
    tree = span_tree(arrays(spans))
    expected = [span.key for group in requests_of(spans) for span in group]
    assert [spans[row].key for row in tree.row] == expected
    sizes = [len(group) for group in requests_of(spans)]
    assert tree.request.tolist() == [number for number, size in enumerate(sizes) for _ in range(size)]
    known = {span.key: span for span in spans}
    has_entry = np.array([entry_of(spans[row], known) is not None for row in tree.row], np.bool_)
    assert (tree.parent[~has_entry] == NONE).all()
    for place in np.flatnonzero(has_entry):
        above = list(spans_above(spans[tree.row[place]], known))
        parent = tree.parent[place]
        assert [spans[tree.row[at]].key for at in (parent,) if at != NONE] == [span.key for span in above[:1]]
        assert tree.depth[place] == len(above)


def spans_above(span: PlainSpan, known: dict[int, PlainSpan]) -> Iterator[PlainSpan]:
    """The parent, its parent, and so on to the entry."""
    above = parent_of(span, known)
    while above is not None:
        yield above
        above = parent_of(above, known)


@given(forests(), st.randoms(use_true_random=False))
def test_the_numbers_do_not_depend_on_the_order_of_the_rows(spans: list[PlainSpan], chance: Random) -> None:
    once = span_tree(arrays(spans))
    shuffled = list(spans)
    chance.shuffle(shuffled)
    again = span_tree(arrays(shuffled))
    assert [spans[row].key for row in once.row] == [shuffled[row].key for row in again.row]
    assert once.parent.tolist() == again.parent.tolist()


@given(forests())
def test_every_model_call_is_a_leaf_or_lies_above_one_or_in_a_cycle(spans: list[PlainSpan]) -> None:
    tree = span_tree(arrays(spans))
    is_model = np.array([spans[row].is_model for row in tree.row], np.bool_)
    assert (tree.is_leaf_model_call != (tree.leaf_calls > 0))[is_model].all()
