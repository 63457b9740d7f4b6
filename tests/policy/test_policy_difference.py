"""How two policies differ: every setting once, and where data may go to more places first."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from msgspec.structs import replace

from costctl.documents.policy import (
    AtMost,
    Backend,
    Limit,
    Placement,
    Policy,
    PolicyBoundary,
    Queue,
    RejectWhenBusy,
    Target,
    Unlimited,
)
from costctl.documents.policy_difference import PolicyChange
from costctl.policy.checks import check_policy
from costctl.policy.difference import policy_difference
from costctl.policy.setting_words import duration
from tests.policy.policies import sound_policy
from tests.policy.random_policies import policies

NAMES = ("before.json", "after.json")
EU = PolicyBoundary(enforcement="required", jurisdictions=("eu",))


def changes(base: Policy, new: Policy) -> list[PolicyChange]:
    return list(policy_difference(base, new, NAMES).changes)


def with_first(policy: Policy, **settings: Any) -> Policy:
    """The policy with settings of its first class changed."""
    return replace(policy, classes=(replace(policy.classes[0], **settings), *policy.classes[1:]))


@given(policies())
def test_a_policy_does_not_differ_from_itself(policy: Policy) -> None:
    assert changes(policy, policy) == []


@given(policies(), policies())
def test_the_way_back_has_the_same_changes_the_other_way_round(one: Policy, other: Policy) -> None:
    there = {(each.of, each.setting): (each.before, each.after) for each in changes(one, other)}
    back = {(each.of, each.setting): (each.after, each.before) for each in changes(other, one)}
    assert there == back
    settings = policy_difference(one, other, NAMES)
    assert len(there) + settings.same == len(back) + policy_difference(other, one, NAMES).same


@pytest.mark.parametrize(
    ("before", "after", "direction"),
    [
        (EU, None, "wider"),
        (None, EU, "narrower"),
        (EU, replace(EU, jurisdictions=("eu", "uk")), "wider"),
        (replace(EU, jurisdictions=("eu", "uk")), EU, "narrower"),
        (EU, replace(EU, jurisdictions=("uk",)), "wider"),
        (EU, replace(EU, enforcement="advisory"), "wider"),
        (EU, replace(EU, regions=("eu-west-1",)), "narrower"),
        (EU, replace(EU, jurisdictions=None, regions=("eu-west-1",)), "wider"),
    ],
)
def test_a_boundary_is_wider_where_data_may_go_somewhere_that_it_might_not(
    before: PolicyBoundary | None, after: PolicyBoundary | None, direction: str
) -> None:
    base = with_first(sound_policy(), data_boundary=before)
    found = changes(base, with_first(base, data_boundary=after))
    assert [(each.matter, each.setting, each.direction, each.is_required) for each in found] == [
        ("data boundary", "data_boundary", direction, True)
    ]


@pytest.mark.parametrize(
    ("before", "after", "direction"),
    [
        (AtMost(3, "per_replica"), AtMost(4, "per_replica"), "wider"),
        (AtMost(3, "per_replica"), RejectWhenBusy(), "narrower"),
        (Unlimited(), AtMost(400, "per_backend"), "narrower"),
        (AtMost(3, "per_replica"), AtMost(3, "per_backend"), "other"),
    ],
)
def test_a_limit_is_wider_where_more_is_let_in(before: Limit, after: Limit, direction: str) -> None:
    base = with_first(sound_policy(), queue=Queue(depth=before))
    found = changes(base, with_first(base, queue=Queue(depth=after)))
    assert [(each.matter, each.setting, each.direction) for each in found] == [
        ("limit", "queue.depth", direction)
    ]


def test_data_that_would_go_elsewhere_is_told_though_no_boundary_was_touched() -> None:
    abroad = Backend(id="abroad", model="llama", pool="abroad", jurisdiction="us")
    base = with_first(sound_policy(), data_boundary=None)
    moved = with_first(
        replace(base, backends=(*base.backends, abroad)),
        placement=Placement(targets=(Target("abroad", 100),)),
    )
    first = changes(base, moved)[0]
    assert (first.matter, first.setting, first.before, first.after, first.direction) == (
        "data boundary",
        "places reached",
        "eu eu-west-2",
        "us",
        "wider",
    )


def test_boundaries_come_first_and_of_them_those_that_widen() -> None:
    base = sound_policy()
    first, second = base.classes
    new = replace(
        base,
        lanes=tuple(reversed(base.lanes)),
        classes=(
            replace(first, data_boundary=replace(EU, jurisdictions=("eu", "uk")), retries=3),
            replace(second, data_boundary=EU, retries=0),
        ),
    )
    found = [(each.of, each.matter, each.direction) for each in changes(base, new)]
    assert found == [
        ("class rag", "data boundary", "wider"),
        ("class batch", "data boundary", "narrower"),
        ("class batch", "limit", "narrower"),
        ("class rag", "limit", "other"),
        ("policy", "order of service", "other"),
    ]


DURATIONS = [
    (1_500_000, "1.5 s"),
    (20_000, "20 ms"),
    (999, "999 µs"),
    (60_000_000, "60 s"),
    (1_234_567, "1,234.567 ms"),
]


@pytest.mark.parametrize(("us", "words"), DURATIONS)
def test_durations_are_said_exactly(us: int, words: str) -> None:
    assert duration(us) == words


def test_what_the_newer_policy_does_not_have_is_no_narrower_place_and_is_counted_as_a_problem() -> None:
    base = sound_policy()
    typo = with_first(base, placement=Placement(targets=(Target("embeder", 100),)))
    found = policy_difference(base, typo, NAMES)
    places = next(each for each in found.changes if each.setting == "places reached")
    assert (places.after, places.direction) == ("embeder, which the policy does not have", "wider")
    assert (policy_difference(typo, base, NAMES).problems, found.problems) == (0, len(check_policy(typo)))
    assert found.problems > 0
