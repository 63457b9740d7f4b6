"""Laws of every consumer's file, over policies at random: each value is accounted for, no required boundary is lost,
and a consumer that cannot keep to one says why.
"""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given, settings

from costctl.documents.coverage import Approximated, CoverageManifest, Unsupported
from costctl.documents.policy import Policy
from costctl.errors import CostctlError, InfeasibleError
from costctl.policy.checks import check_policy
from costctl.policy.ledger import Emission
from costctl.policy.pointers import leaf_pointers
from costctl.policy.targets.registry import TARGETS
from costctl.policy.targets.target import Target
from tests.policy.random_policies import policies
from tests.thoroughness import how_many

MANY = settings(max_examples=how_many(10, thorough=30))
GATEWAY_NAMES = ("bifrost", "envoy", "envoy-ai-gateway", "haproxy", "litellm", "llm-d", "vllm-sr")
GATEWAYS = [target for target in TARGETS if target.name in GATEWAY_NAMES]


def emitted(target: Target, policy: Policy) -> Emission | CostctlError:
    """The files of a target, or why it has none."""
    try:
        return target.emit(policy, policy.backends[0].id if target.takes_backend else None)
    except CostctlError as refused:
        return refused


@MANY
@given(policies())
def test_policies_at_random_are_sound(policy: Policy) -> None:
    assert check_policy(policy) == ()


@MANY
@given(policies())
def test_a_target_accounts_for_every_value_or_says_why_it_refuses(policy: Policy) -> None:
    for target in TARGETS:
        match emitted(target, policy):
            case Emission() as found:
                assert [entry.pointer for entry in found.manifest.entries] == list(leaf_pointers(policy)), (
                    target.name
                )
                manifest = msgspec.json.decode(msgspec.json.encode(found.manifest), type=CoverageManifest)
                assert manifest == found.manifest
                assert {each.name for each in found.manifest.files} == set(found.files)
            case CostctlError() as refused:
                assert refused.why, target.name
                assert refused.next_step


@MANY
@given(policies())
def test_the_same_policy_gives_the_same_bytes(policy: Policy) -> None:
    again = msgspec.json.decode(msgspec.json.encode(policy), type=Policy)
    for target in TARGETS:
        first, second = emitted(target, policy), emitted(target, again)
        assert getattr(first, "files", str(first)) == getattr(second, "files", str(second)), target.name


@MANY
@given(policies())
def test_a_file_that_is_written_loses_no_required_boundary(policy: Policy) -> None:
    required = {
        f"/classes/{number}/data_boundary/"
        for number, kind in enumerate(policy.classes)
        if kind.data_boundary is not None and kind.data_boundary.enforcement == "required"
    }
    written = [found for target in TARGETS if isinstance(found := emitted(target, policy), Emission)]
    lost = [
        (found.main, entry.pointer)
        for found in written
        for entry in found.manifest.entries
        if entry.pointer.startswith(tuple(required)) and isinstance(entry, Unsupported | Approximated)
    ]
    assert lost == []


@MANY
@pytest.mark.parametrize("target", GATEWAYS, ids=[target.name for target in GATEWAYS])
@given(policy=policies(is_one_boundary=True))
def test_where_all_places_are_within_the_boundary_no_gateway_refuses_for_it(
    target: Target, policy: Policy
) -> None:
    assert not isinstance(emitted(target, policy), InfeasibleError)
