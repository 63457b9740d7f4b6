"""The files for llm-d hold no field that their consumers do not know, and no name of what is not there."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings

from costctl.documents.policy import AtMost, Match, Policy, Queue
from costctl.policy.targets.kube_text import read_documents
from costctl.policy.targets.llmd import emit_llmd
from tests.policy.kube_schemas import misfits, said_by_kubernetes, said_by_projects
from tests.policy.policies import kind_named, policy_of, pool_named, sound_policy
from tests.policy.random_policies import policies
from tests.thoroughness import how_many

Objects = dict[str, Any]
ROUTE = "HTTPRoute costctl"


def objects(policy: Policy) -> Objects:
    """What is written for a policy, by kind and name."""
    return read_documents(emit_llmd(policy, None).files["llm-d.yaml"])


def dangling(found: Mapping[str, Any]) -> set[str]:
    """Names that objects refer to and nothing has."""
    routed = [part for rule in found[ROUTE]["spec"]["rules"] for part in rule["backendRefs"]]
    pools = {f"InferencePool {part['name']}" for part in routed if part["kind"] == "InferencePool"}
    filters = [
        each
        for rule in found[ROUTE]["spec"]["rules"]
        for each in (
            *rule.get("filters", ()),
            *(f for part in rule["backendRefs"] for f in part.get("filters", ())),
        )
    ]
    objectives = {
        f"InferenceObjective {header['value']}"
        for each in filters
        for header in each["requestHeaderModifier"].get("set", ())
    }
    referred = {
        f"InferencePool {each['spec']['poolRef']['name']}"
        for each in found.values()
        if "poolRef" in each.get("spec", {})
    }
    return (pools | objectives | referred | _plugins(found)) - set(found)


def _plugins(found: Mapping[str, Any]) -> set[str]:
    """Plugins that a configuration names and does not have."""
    missing = set()
    for name, each in found.items():
        config = each.get("data", {}).get("policy.yaml", {})
        has = {plugin["type"] for plugin in config.get("plugins", ())}
        named = {
            part["pluginRef"]
            for profile in config.get("schedulingProfiles", ())
            for part in profile["plugins"]
        }
        named |= {config.get("flowControl", {}).get("saturationDetector", {}).get("pluginRef")} - {None}
        missing |= {f"{name}: {plugin}" for plugin in named - has}
    return missing


def rich_policy() -> Policy:
    """Two classes with limits, two pools, a name that becomes another."""
    queue = Queue(depth=AtMost(value=9, scope="per_replica"), max_wait_us=500_000, on_timeout="reject")
    a = kind_named(
        "a", "gpu", queue=queue, timeout_us=2_500_000, match=Match(operation=("chat",), model=("gpt-5",))
    )
    b = kind_named("b", "gpu", "cpu", match=Match())
    return policy_of(
        a, b, backends=(pool_named("gpu", AtMost(value=8, scope="per_replica")), pool_named("cpu"))
    )


@settings(max_examples=how_many(15, thorough=30))
@given(policy=policies(is_one_boundary=True))
def test_whatever_is_written_has_known_fields_and_names_what_is_there(policy: Policy) -> None:
    found = objects(policy)
    assert misfits(found) == []
    assert dangling(found) == set()


def test_the_projects_own_schemas_take_the_files(repository: Path) -> None:
    routes = [objects(policy)[ROUTE] for policy in (rich_policy(), sound_policy())]
    slip = copy.deepcopy(routes[0])
    slip["spec"]["rules"][0]["timeouts"]["request"] = "2500000us"
    *said, of_slip = said_by_projects(repository, [*routes, slip])
    assert said == [""] * 2
    assert "timeouts" in of_slip


def test_kubernetes_takes_the_config_maps(repository: Path) -> None:
    text = emit_llmd(rich_policy(), None).files["llm-d.yaml"]
    found = [yaml.safe_load(part) for part in text.split("---\n")[1:]]
    maps = [each for each in found if each["kind"] == "ConfigMap"]
    *said, of_slip = said_by_kubernetes(repository, [*maps, {**maps[0], "date": {}}])
    assert said == [""] * 2
    assert "date" in of_slip


def _rule(found: Objects) -> Any:
    return found[ROUTE]["spec"]["rules"][0]


def _config(found: Objects) -> Any:
    return found["ConfigMap gpu-epp-policy"]["data"]["policy.yaml"]


def _flow(found: Objects) -> Any:
    return _config(found)["flowControl"]


MUTATIONS: dict[str, Callable[[Objects], Any]] = {
    "a pool that is not there": lambda found: _rule(found)["backendRefs"][0].update(name="gone"),
    "a weight below 0": lambda found: found[ROUTE]["spec"]["rules"][1]["backendRefs"][0].update(weight=-1),
    "a time-out in microseconds": lambda found: _rule(found)["timeouts"].update(request="2500000us"),
    "a path that does not begin with a slash": lambda found: _rule(found)["matches"][0]["path"].update(
        value="v1"
    ),
    "an objective that is not there": lambda found: found.pop("InferenceObjective gpu-lane-1"),
    "a priority as text": lambda found: found["InferenceObjective gpu-lane-1"]["spec"].update(priority="2"),
    "a pool without a port": lambda found: found["InferencePool gpu"]["spec"].pop("targetPorts"),
    "the former name of a reference": lambda found: found["InferencePool gpu"]["spec"].update(
        extensionRef={}
    ),
    "a band of length 0": lambda found: _flow(found)["priorityBands"][0].update(maxRequests="0"),
    "a field with a slip": lambda found: _flow(found).update(defaultRequestTtl="1s"),
    "queues without their gate": lambda found: _config(found).pop("featureGates"),
    "a plugin that is not there": lambda found: _config(found)["plugins"].pop(0),
    "the group of objectives of before": lambda found: found["InferenceObjective gpu-lane-1"].update(
        apiVersion="inference.networking.x-k8s.io/v1alpha2"
    ),
}


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_file_that_was_changed_for_the_worse_is_found(name: str) -> None:
    found = objects(rich_policy())
    assert (misfits(found), dangling(found)) == ([], set())
    worse = copy.deepcopy(found)
    MUTATIONS[name](worse)
    assert worse != found
    assert misfits(worse) or dangling(worse)
