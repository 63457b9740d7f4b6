"""A boundary that moves is widened to both ends first: what either allows is allowed in between, and nothing else."""

from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from costctl.documents.policy import PolicyBoundary
from costctl.policy.difference import is_wider
from costctl.rollout.partway import union

TIMES = st.none() | st.integers(0, 3)
PERMISSIONS = st.none() | st.booleans()


def names(*values: str) -> st.SearchStrategy[tuple[str, ...] | None]:
    return st.none() | st.lists(st.sampled_from(values), min_size=1, max_size=2, unique=True).map(tuple)


BOUNDARIES = st.builds(
    PolicyBoundary,
    enforcement=st.sampled_from(("required", "advisory")),
    regions=names("a", "b"),
    jurisdictions=names("eu", "uk", "us"),
    boundaries=names("on_prem", "third_party"),
    cacheable_us=TIMES,
    logging=PERMISSIONS,
    retention_us=TIMES,
    batch=PERMISSIONS,
)


def with_term(boundary: PolicyBoundary, **term: object) -> PolicyBoundary:
    return msgspec.structs.replace(boundary, **term)


@given(BOUNDARIES, BOUNDARIES)
def test_what_either_end_allows_is_allowed_in_between(was: PolicyBoundary, now: PolicyBoundary) -> None:
    between = union(was, now)
    assert not is_wider(between, was)
    assert not is_wider(between, now)


def alone(name: str, value: object) -> PolicyBoundary:
    return with_term(PolicyBoundary(enforcement="advisory"), **{name: value})


@given(BOUNDARIES, BOUNDARIES)
def test_no_time_and_no_permission_is_more_than_the_end_that_allows_most(
    was: PolicyBoundary, now: PolicyBoundary
) -> None:
    between = union(was, now)
    for name in ("enforcement", "cacheable_us", "logging", "retention_us", "batch"):
        ends = [alone(name, getattr(each, name)) for each in (was, now)]
        assert not all(is_wider(each, alone(name, getattr(between, name))) for each in ends), name


@given(BOUNDARIES, BOUNDARIES)
def test_no_place_is_allowed_that_neither_end_allows(was: PolicyBoundary, now: PolicyBoundary) -> None:
    between = union(was, now)
    for name in ("regions", "jurisdictions", "boundaries"):
        ends = [getattr(each, name) for each in (was, now)]
        allowed = None if None in ends else set(ends[0]) | set(ends[1])
        found = getattr(between, name)
        assert (None if found is None else set(found)) == allowed, name


def test_a_boundary_that_moves_never_lets_data_be_kept_for_longer_than_either_end() -> None:
    was = PolicyBoundary(enforcement="required", jurisdictions=("eu",), retention_us=7, logging=False)
    now = PolicyBoundary(enforcement="required", jurisdictions=("uk",), retention_us=5, logging=False)
    assert union(was, now) == PolicyBoundary(
        enforcement="required", jurisdictions=("eu", "uk"), retention_us=7, logging=False
    )
