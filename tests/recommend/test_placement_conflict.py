"""Requirements that exclude each other: all that are named are needed for it, and each is told with where it stands."""

from __future__ import annotations

from dataclasses import replace
from math import isinf

import numpy as np
import pytest
from hypothesis import given

from costctl.documents.placement_settings import PlacementSettings
from costctl.documents.settings import Pool, Settings
from costctl.errors import ExitCode
from costctl.recommend.placement_conflict import Requirement, allowed_pairs, conflict_in
from costctl.recommend.placement_copies import Copies
from costctl.recommend.placement_program import Problem, cheapest_placement
from costctl.recommend.placement_words import infeasible
from tests.oracles.placements import cheapest_usd
from tests.recommend.placement_problems import problem, problems, problems_with_copies

CHAT, RAG = 0, 1


def named(made: Problem, *requirements: Requirement) -> Problem:
    """The program with these requirements alone; those of pairs are all called a boundary, but for those of storage."""
    is_allowed = np.ones_like(made.is_allowed)
    limits = np.full(made.most_replicas.size, np.inf)
    for each in requirements:
        if each.kind == "boundary":
            is_allowed[each.number] = made.is_allowed[each.number]
        if each.kind == "replicas":
            limits[each.number] = made.most_replicas[each.number]
    moves = made.most_moves if Requirement("moves") in requirements else None
    of_storage = [Requirement("storage", number) in requirements for number in range(len(made.today))]
    copies = replace(made.of_copies, is_required=made.of_copies.is_required & np.array(of_storage))
    return replace(made, is_allowed=is_allowed, most_replicas=limits, most_moves=moves, copies=copies)


@given(problems(is_limited=True))
def test_what_is_named_excludes_itself_and_without_any_one_it_does_not(made: Problem) -> None:
    conflict = conflict_in(made, {"boundary": ~made.is_allowed})
    assert bool(conflict) == isinf(cheapest_usd(made))
    assert isinf(cheapest_usd(named(made, *conflict))) == bool(conflict)
    for each in conflict:
        others = [other for other in conflict if other != each]
        assert not isinf(cheapest_usd(named(made, *others)))


@given(problems_with_copies())
def test_so_does_what_is_named_of_storage(made: Problem) -> None:
    has_copy = np.zeros_like(made.is_allowed)
    np.logical_or.at(has_copy, made.of_copies.request_class, made.of_copies.is_near)
    unread = made.of_copies.is_required[:, np.newaxis] & ~has_copy
    conflict = conflict_in(made, {"boundary": ~made.is_allowed, "storage": unread})
    assert bool(conflict) == isinf(cheapest_usd(made))
    assert isinf(cheapest_usd(named(made, *conflict))) == bool(conflict)
    for each in conflict:
        others = [other for other in conflict if other != each]
        assert not isinf(cheapest_usd(named(made, *others)))


def test_a_class_that_may_not_read_where_it_does_and_may_not_move() -> None:
    excluded = {"storage": np.array([[True, False]])}
    copies = Copies(
        request_class=np.array([CHAT]),
        tier=np.array([0]),
        is_near=np.array([[False, True]]),
        saved_usd=np.array([1.0]),
        needs=np.array([[True]]),
        keep_usd=np.array([0.5]),
        is_required=np.array([True]),
    )
    made = problem(
        [[[1.0], [1.0]]], [1.0, 1.0], [0], is_allowed=allowed_pairs(excluded).tolist(), most_moves=0
    )
    conflict = conflict_in(replace(made, copies=copies), excluded)
    assert conflict == (Requirement("storage", CHAT), Requirement("moves"))


def test_a_class_with_no_pool_in_its_boundary_that_has_its_model() -> None:
    # chat: the pool in the boundary has no model for it, and that with a model lies outside
    excluded = {
        "boundary": np.array([[True, False], [False, False]]),
        "capability": np.array([[False, True], [False, False]]),
    }
    made = problem([[[1.0], [1.0]]] * 2, [1.0, 1.0], [0, 0], is_allowed=allowed_pairs(excluded).tolist())
    assert cheapest_placement(made) is None
    assert conflict_in(made, excluded) == (Requirement("boundary", CHAT), Requirement("capability", CHAT))


def test_a_class_that_must_move_where_none_may() -> None:
    excluded = {"boundary": np.array([[True, False], [False, False]])}
    made = problem(
        [[[1.0], [1.0]]] * 2, [1.0, 1.0], [0, 0], is_allowed=allowed_pairs(excluded).tolist(), most_moves=0
    )
    assert conflict_in(made, excluded) == (Requirement("boundary", CHAT), Requirement("moves"))


def test_a_pool_that_may_not_grow() -> None:
    excluded = {"objective": np.array([[False, False], [False, True]])}
    made = problem(
        [[[1.0], [1.0]]] * 2,
        [1.0, 1.0],
        [0, 0],
        is_allowed=allowed_pairs(excluded).tolist(),
        most_replicas=[1.0, 0.0],
    )
    assert conflict_in(made, excluded) == (Requirement("replicas", 0), Requirement("replicas", 1))


def test_each_is_told_with_where_it_is_declared() -> None:
    settings = Settings(pools={"gpu": Pool(most_replicas=2)}, placement=PlacementSettings(most_moves=1))
    conflict = (
        Requirement("boundary", CHAT),
        Requirement("capability", RAG),
        Requirement("objective", RAG),
        Requirement("replicas", 0),
        Requirement("moves"),
    )
    error = infeasible(conflict, ["chat", "rag"], ["gpu"], settings)
    assert error.exit_code == ExitCode.INFEASIBLE == 5
    for said in (
        "[classes.chat] boundary",
        "[classes.rag] allowed_models",
        "slo",
        "gpu has at most 2 replicas ([pools.gpu] most_replicas)",
        "no more than 1 of the classes may move ([placement] most_moves)",
    ):
        assert said in error.why


def test_one_requirement_alone_is_told_alone() -> None:
    error = infeasible([Requirement("boundary", CHAT)], ["chat"], ["gpu"], Settings())
    assert error.why.startswith("This cannot hold: chat stays within its data boundary")
    with pytest.raises(type(error), match="No placement"):
        raise error
