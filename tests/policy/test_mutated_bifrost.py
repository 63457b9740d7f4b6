"""Ten ways to spoil a file for Bifrost: each is found by its schema, by an evaluator of its expressions, or by what
looks after them.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from costctl.documents.policy import Admission, AtMost, Match, Policy, Queue, ResponseCache, Target
from costctl.policy.targets.bifrost import emit_bifrost
from tests.policy.bifrost_schema import evaluated, faults
from tests.policy.policies import kind_named, policy_of, pool_named


def rich_policy() -> Policy:
    """A class with limits of every kind on a pool of its own, one that is split, and the rest."""
    queue = Queue(depth=AtMost(value=9, scope="per_replica"))
    a = kind_named(
        "a", "gpu", queue=queue, retries=2, backoff_us=10**6, admission=Admission(requests_per_minute=60)
    )
    b = kind_named("b", "cpu", "tpu", response_cache=ResponseCache(ttl_us=10**7))
    backends = (pool_named("gpu", AtMost(value=8, scope="per_replica")), pool_named("cpu"), pool_named("tpu"))
    return policy_of(a, b, kind_named("rest", "cpu", match=Match()), backends=backends)


def written() -> Any:
    return json.loads(emit_bifrost(rich_policy(), None).files["bifrost.json"])


def _rules(config: Any) -> Any:
    return config["governance"]["routing_rules"]


def _gpu(config: Any) -> Any:
    return config["providers"]["gpu"]


MUTATIONS: dict[str, Callable[[Any], Any]] = {
    "a weight as text": lambda config: _rules(config)[0]["targets"][0].update(weight="1"),
    "a field with a slip": lambda config: _gpu(config)["network_config"].update(max_retry=2),
    "a provider that is not there": lambda config: config["providers"].pop("tpu"),
    "a weight above 1": lambda config: _rules(config)[1]["targets"][0].update(weight=70),
    "weights that do not add up to 1": lambda config: _rules(config)[1]["targets"][0].update(weight=0.7),
    "a provider without a key": lambda config: _gpu(config).update(keys=[]),
    "an id that two rules have": lambda config: _rules(config)[1].update(id="a"),
    "a model that the key is not for": lambda config: _rules(config)[0]["targets"][0].update(model="qwen"),
    "no rule for what is left": lambda config: _rules(config).pop(),
    "two rules at one place in the order": lambda config: _rules(config)[1].update(priority=0),
    "a limit that is not there": lambda config: config["governance"]["rate_limits"][0].update(id="b"),
    "a queue of length 0": lambda config: _gpu(config)["concurrency_and_buffer_size"].update(buffer_size=0),
    "a wait that is shorter than can be": lambda config: _gpu(config)["network_config"].update(
        retry_backoff_initial=10
    ),
    "answers that are kept nowhere": lambda config: config.pop("vector_store"),
    "what was set elsewhere stays": lambda config: config.update(source_of_truth="split"),
}


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_file_for_bifrost_that_was_spoiled_is_found(name: str) -> None:
    config = written()
    assert faults(config) == []
    worse = copy.deepcopy(config)
    MUTATIONS[name](worse)
    assert worse != config
    assert faults(worse)


def test_an_expression_that_bifrost_would_pass_over_is_found(repository: Path) -> None:
    good = [rule["cel_expression"] for rule in _rules(written())]
    bad = ['headers["x-costctl-class == "a"', "model in [", "a ?? b"]
    found = evaluated(repository, [(each, []) for each in (*good, *bad)])
    assert found == [[] for _ in good] + [None] * len(bad)


def test_weights_of_three_are_parts_that_add_up_to_one() -> None:
    targets = tuple(Target(backend=name, weight=1) for name in ("gpu", "cpu", "tpu"))
    policy = rich_policy()
    split = policy.classes[1]
    kinds = (
        policy.classes[0],
        replace(split, placement=replace(split.placement, targets=targets)),
        policy.classes[2],
    )
    config = json.loads(emit_bifrost(replace(policy, classes=kinds), None).files["bifrost.json"])
    assert faults(config) == []
    assert [round(each["weight"], 6) for each in _rules(config)[1]["targets"]] == [0.333333] * 3
