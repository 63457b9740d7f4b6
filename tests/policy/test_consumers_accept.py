"""The consumers' own programs load the files of policies at random, without a warning."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given, settings

from costctl.documents.policy import Policy
from costctl.policy.targets.envoy import emit_envoy
from costctl.policy.targets.haproxy import emit_haproxy
from tests.policy import consumers
from tests.policy.random_policies import policies
from tests.thoroughness import how_many


@settings(max_examples=how_many(5, thorough=25))
@given(policy=policies(is_one_boundary=True))
def test_haproxy_loads_whatever_is_written_for_it(policy: Policy, repository: Path) -> None:
    text = emit_haproxy(policy, None).files["haproxy.cfg"]
    assert consumers.haproxy(repository, {"written": text}) == {"written": ""}


@settings(max_examples=how_many(5, thorough=15))
@given(policy=policies(is_one_boundary=True))
def test_envoy_loads_whatever_is_written_for_it(policy: Policy, repository: Path) -> None:
    text = emit_envoy(policy, None).files["envoy.yaml"]
    assert consumers.envoy(repository, {"written": text}) == {"written": ""}
