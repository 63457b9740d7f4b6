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


@given(BOUNDARIES, BOUNDARIES)
def test_no_term_allows_more_than_the_end_that_allows_most(was: PolicyBoundary, now: PolicyBoundary) -> None:
    between = union(was, now)
    for name in PolicyBoundary.__struct_fields__:
        told = [getattr(each, name) for each in (was, now, between)]
        alone = [with_term(PolicyBoundary(enforcement="advisory"), **{name: value}) for value in told]
        allowed = told[0] + told[1] if all(isinstance(each, tuple) for each in told[:2]) else None
        if allowed is not None:
            assert set(told[2]) == set(allowed), name
        else:
            assert not all(is_wider(each, alone[2]) for each in alone[:2]), name


def test_a_boundary_that_moves_never_lets_data_be_kept_for_longer_than_either_end() -> None:
    was = PolicyBoundary(enforcement="required", jurisdictions=("eu",), retention_us=7, logging=False)
    now = PolicyBoundary(enforcement="required", jurisdictions=("uk",), retention_us=5, logging=False)
    assert union(was, now) == PolicyBoundary(
        enforcement="required", jurisdictions=("eu", "uk"), retention_us=7, logging=False
    )
