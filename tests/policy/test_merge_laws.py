"""Laws of merging, over files and policies at random: what is not ours is never touched, or the file is refused."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import HealthCheck, assume, given, reject, settings
from msgspec.structs import replace

from costctl.documents.policy import Policy
from costctl.errors import CostctlError, InfeasibleError, InputError
from costctl.policy.merging.merge import merge, taken_out
from costctl.policy.targets.registry import emission_of, rules_of
from tests.policy.merge_shapes import ENVOY
from tests.policy.merged import holds, values, without_marks
from tests.policy.random_policies import policies
from tests.policy.random_yaml import files
from tests.thoroughness import how_many

MANY = settings(
    max_examples=how_many(8, thorough=50), deadline=None, suppress_health_check=[HealthCheck.filter_too_much]
)
FEW = settings(max_examples=how_many(2, thorough=8), deadline=None)
RULES = rules_of("litellm")
UNBOUND = policies().map(
    lambda policy: replace(
        policy, classes=tuple(replace(kind, data_boundary=None) for kind in policy.classes)
    )
)


def alone(policy: Policy, target: str = "litellm") -> str:
    """The file by itself. Policies that have none are of no use here."""
    try:
        emission = emission_of(target, policy, None)
    except CostctlError:
        reject()
    return emission.files[emission.main]


def tried(text: str, policy: Policy, *, is_replacing: bool) -> str | CostctlError:
    """The merged text, or why there is none."""
    try:
        return merge(text, alone(policy), policy, RULES, is_replacing=is_replacing).text
    except (InputError, InfeasibleError) as refused:
        return refused


@pytest.mark.parametrize("is_replacing", [False, True], ids=["refusing", "replacing"])
@MANY
@given(policy=UNBOUND, text=files())
def test_a_file_is_merged_without_a_byte_lost(policy: Policy, text: str, is_replacing: bool) -> None:
    found = tried(text, policy, is_replacing=is_replacing)
    assume(isinstance(found, str))
    assert taken_out(found).text == text
    assert without_marks(found) == text
    assert tried(found, policy, is_replacing=is_replacing) == found
    assert is_replacing or holds(values(found), values(text))
    names = {each["model_name"] for each in yaml.safe_load(alone(policy))["model_list"]}
    assert names <= {each.get("model_name") for each in values(found)["model_list"] if isinstance(each, dict)}


@MANY
@given(policy=policies(), text=files())
def test_what_is_refused_is_refused_with_a_reason_and_never_for_how_lines_are_added(
    policy: Policy, text: str
) -> None:
    found = tried(text, policy, is_replacing=True)
    assert not isinstance(found, CostctlError) or (found.why and "Lines cannot be added" not in found.why)


@FEW
@given(policy=policies(is_one_boundary=True), other=policies(is_one_boundary=True))
def test_the_file_of_envoy_is_that_of_the_last_policy_alone(policy: Policy, other: Policy) -> None:
    first, second = alone(policy, "envoy"), alone(other, "envoy")
    text = ENVOY["the port is taken"]
    once = merge(text, first, policy, rules_of("envoy")).text
    assert (
        merge(once, second, other, rules_of("envoy")).text
        == merge(text, second, other, rules_of("envoy")).text
    )


@pytest.mark.parametrize("line", ["# >>> costctl 000000000000: x", "# <<< costctl", "#| kept"])
def test_a_mark_within_a_text_is_none(line: str) -> None:
    text = f"litellm_settings:\n  note: |\n    {line}\n    more\n"
    assert taken_out(text).text == text
