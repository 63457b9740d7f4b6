"""Laws of every plan, over pairs of policies at random: it begins with one and ends with the other, each step can be
undone, each setting changes once, and what both ends keep is kept all the way.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from costctl.config import parsed_config
from costctl.documents.policy import Policy, PolicyBoundary, PolicyClass
from costctl.errors import CostctlError
from costctl.levers.boundary import reason_outside
from costctl.policy.checks import check_policy
from costctl.policy.difference import policy_difference
from costctl.policy.mislabelled import reached_by
from costctl.policy.targets.registry import TARGETS
from costctl.policy.targets.target import Target
from costctl.rollout.plan import Planned
from tests.policy.random_policies import policies
from tests.rollout.worlds import NAMES, planned, policies_in, policy_in
from tests.thoroughness import how_many

# Lists of what there is, and where classes are served as a whole: they follow from other settings.
FOLLOWS = {"order of classes", "lanes", "places reached"}
PAIRS = st.booleans().flatmap(
    lambda is_one: st.tuples(policies(is_one_boundary=is_one), policies(is_one_boundary=is_one))
)


@dataclass(frozen=True)
class Case:
    """Two policies and the plan from one to the other."""

    base: Policy
    new: Policy
    found: Planned


def all_policies(case: Case) -> list[Policy]:
    """Every policy of the folder."""
    names = [path for path in case.found.files if path.endswith(".json")]
    return [policy_in(case.found, path) for path in names]


def keys(base: Policy, new: Policy) -> list[tuple[str, str]]:
    """The settings that differ."""
    changes = policy_difference(base, new, NAMES).changes
    return [(each.of, each.setting) for each in changes if each.setting not in FOLLOWS]


def emits(target: Target, policy: Policy, backend: str | None) -> bool:
    try:
        target.emit(policy, backend)
    except CostctlError:
        return False
    return True


def begins_and_ends(case: Case) -> None:
    """The zeroth policy is the base, the last is the newer one; each step is what its two files differ by."""
    whole = policies_in(case.found)
    assert (whole[0], whole[-1]) == (case.base, case.new)
    for step, (before, after) in zip(case.found.document.steps, pairwise(whole), strict=True):
        assert step.changes == policy_difference(before, after, NAMES).changes
    assert case.found.document.settings == len(policy_difference(case.base, case.new, NAMES).changes)


def each_setting_changes_once(case: Case) -> None:
    """But for a boundary that moves: it is widened to both, and narrowed when nothing is served outside any more."""
    changed = Counter(key for pair in pairwise(policies_in(case.found)) for key in keys(*pair))
    assert set(changed) == set(keys(case.base, case.new))
    twice = {key for key, times in changed.items() if times > 1}
    assert all(setting == "data_boundary" and changed[of, setting] == 2 for of, setting in twice)


def is_sound_all_the_way(case: Case) -> None:
    """Every policy of the folder passes the checks; those of stages too."""
    assert [check_policy(each) for each in all_policies(case)] == [()] * len(all_policies(case))


def boundaries_are_kept(case: Case) -> None:
    """A boundary that both ends require is required all the way; a class reaches nothing that neither end allows."""
    before, after = ({each.id: each.data_boundary for each in side.classes} for side in (case.base, case.new))
    for policy in all_policies(case):
        for kind in policy.classes:
            ends = [side[kind.id] for side in (before, after) if kind.id in side]
            is_bound = all(each is not None and each.enforcement == "required" for each in ends)
            assert not is_bound or is_within(policy, kind, ends)


def is_within(policy: Policy, kind: PolicyClass, ends: list[PolicyBoundary | None]) -> bool:
    """Whether a class has a required boundary, and reaches only what one of the ends allows."""
    backends = {each.id: each for each in policy.backends}
    allowed = all(
        any(reason_outside(each, backends[name]) is None for each in ends) for name in reached_by(kind)
    )
    return allowed and kind.data_boundary is not None and kind.data_boundary.enforcement == "required"


def what_widens_is_alone(case: Case) -> None:
    for step, (before, after) in zip(
        case.found.document.steps, pairwise(policies_in(case.found)), strict=True
    ):
        both = {f"class {each.id}" for each in before.classes} & {
            f"class {each.id}" for each in after.classes
        }
        widened = [
            (each.of, each.setting)
            for each in step.changes
            if each.setting == "data_boundary" and each.direction == "wider" and each.of in both
        ]
        assert not widened or (keys(before, after) == widened and step.asks)


def gates_are_read(case: Case) -> None:
    for step in case.found.document.steps:
        path = f"{step.folder}/gates.toml"
        assert parsed_config(Path(path), case.found.files[path].encode()).settings.gates, path


def shares_grow(case: Case) -> None:
    for step in case.found.document.steps:
        shares = [each.share for each in step.stages]
        assert shares == sorted(shares, key=lambda each: each or 0.0)
        assert shares[-1] == 1.0
        assert {f"{step.folder}/{each.policy}" for each in step.stages} <= set(case.found.files)


LAWS = (
    begins_and_ends,
    each_setting_changes_once,
    is_sound_all_the_way,
    boundaries_are_kept,
    what_widens_is_alone,
    gates_are_read,
    shares_grow,
)


@settings(max_examples=how_many(4, thorough=5))
@given(PAIRS)
def test_every_plan_keeps_every_law(pair: tuple[Policy, Policy]) -> None:
    assume(keys(*pair))
    case = Case(*pair, planned(*pair))
    for law in LAWS:
        law(case)


@settings(max_examples=how_many(2, thorough=2))
@given(policies(is_one_boundary=True), policies(is_one_boundary=True))
def test_what_takes_both_ends_takes_every_policy_between_them(base: Policy, new: Policy) -> None:
    assume(keys(base, new))
    between = policies_in(planned(base, new))[1:-1]
    shared = {each.id for each in base.backends} & {each.id for each in new.backends}
    ends = [
        (target, name)
        for target in TARGETS
        for name in (sorted(shared)[:1] if target.takes_backend else [None])
        if emits(target, base, name) and emits(target, new, name)
    ]
    refused = [target.name for target, name in ends for each in between[::2] if not emits(target, each, name)]
    assert refused == []
