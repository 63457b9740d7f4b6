"""Ways to spoil a file for Envoy: ten that Envoy itself refuses to load, and those that it takes without a word, which
`costctl emit --diff` shows.
"""

from __future__ import annotations

import copy
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from msgspec.structs import replace

from costctl.documents.policy import Admission, AtMost, Fallback, Match, Policy, Queue
from costctl.policy.file_changes import file_changes
from costctl.policy.targets.envoy import emit_envoy
from costctl.policy.targets.registry import reader_of
from tests.policy.policies import kind_named, policy_of, pool_named
from tests.policy.validators import program

Change = Callable[[Any], Any]


def rich_policy() -> Policy:
    """A class that is told by its model, with limits and a fallback; one that is split; and the rest."""
    limits = {
        "queue": Queue(depth=AtMost(value=9, scope="per_replica")),
        "timeout_us": 2_500_000,
        "retries": 2,
    }
    told = Match(model=("m",), operation=("chat",))
    a = kind_named("a", "gpu", match=told, admission=Admission(requests_per_minute=60), **limits)
    a = replace(a, placement=replace(a.placement, fallback=(Fallback(backend="cpu", on=("error",)),)))
    backends = (pool_named("gpu", AtMost(value=8, scope="per_replica")), pool_named("cpu"))
    kinds = (a, kind_named("b", "gpu", "cpu"), kind_named("rest", "cpu", match=Match()))
    return policy_of(*kinds, backends=backends)


def _clusters(config: Any) -> Any:
    return config["static_resources"]["clusters"]


def _listener(config: Any) -> Any:
    return config["static_resources"]["listeners"][0]


def _manager(config: Any, chain: int = 0) -> Any:
    return _listener(config)["filter_chains"][chain]["filters"][0]["typed_config"]


def _routes(config: Any) -> Any:
    return _manager(config)["route_config"]["virtual_hosts"][0]["routes"]


def _parts(config: Any) -> Any:
    return _routes(config)[1]["route"]["weighted_clusters"]["clusters"]


REFUSED: dict[str, Change] = {
    "a weight as text": lambda config: _parts(config)[0].update(weight="many"),
    "a field with a slip": lambda config: _routes(config)[0]["route"].update(time_out="1s"),
    "a cluster that is not there": lambda config: _parts(config)[0].update(name="gone"),
    "a limit below 0": lambda config: _clusters(config)[0]["circuit_breakers"]["thresholds"][0].update(
        max_connections=-1
    ),
    "no routes": lambda config: _manager(config).pop("route_config"),
    "a name that two clusters have": lambda config: _clusters(config).append(_clusters(config)[0]),
    "a port above all": lambda config: _listener(config)["address"]["socket_address"].update(
        port_value=70_000
    ),
    "a time-out in milliseconds": lambda config: _routes(config)[0]["route"].update(timeout="2500ms"),
    "an expression that does not compile": lambda config: _routes(config)[0]["match"]["safe_regex"].update(
        regex=".*("
    ),
    "weights of nothing": lambda config: [part.update(weight=0) for part in _parts(config)],
}
TAKEN: dict[str, Change] = {
    "a fallback that is not there": lambda config: _clusters(config)[2]["cluster_type"]["typed_config"][
        "clusters"
    ].append("gone"),
    "a name that two routes have": lambda config: _routes(config)[1].update(name="a"),
    "no route for what is left": lambda config: _routes(config).pop(),
    "the route for what is left before all": lambda config: _routes(config).insert(0, _routes(config).pop()),
    "a clients own label is believed": lambda config: _manager(config, 1).pop(
        "early_header_mutation_extensions"
    ),
    "a model that is read and looked for elsewhere": lambda config: _routes(config)[0]["match"][
        "dynamic_metadata"
    ][0].update(filter="other"),
    "a rate that nothing holds to": lambda config: _manager(config)["http_filters"].pop(1),
}


def said_by_envoy(repository: Path, config: Any, folder: Path) -> tuple[int, str]:
    """What Envoy says of a configuration: its status, and its words."""
    file = folder / "envoy.yaml"
    file.write_text(yaml.safe_dump(config))
    command = [
        str(program(repository, "envoy", "envoy")),
        "--mode",
        "validate",
        "-l",
        "error",
        "-c",
        str(file),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def spoiled(change: Change) -> tuple[str, Any]:
    """A file, and the same spoiled, as dicts and lists."""
    text = emit_envoy(rich_policy(), None).files["envoy.yaml"]
    worse = copy.deepcopy(yaml.safe_load(text))
    change(worse)
    return text, worse


@pytest.mark.parametrize("name", REFUSED)
def test_envoy_refuses_a_file_that_was_spoiled(name: str, repository: Path, tmp_path: Path) -> None:
    _, worse = spoiled(REFUSED[name])
    assert said_by_envoy(repository, worse, tmp_path)[0] == 1


@pytest.mark.parametrize("name", TAKEN)
def test_what_envoy_takes_without_a_word_is_shown_as_a_difference(
    name: str, repository: Path, tmp_path: Path
) -> None:
    text, worse = spoiled(TAKEN[name])
    assert said_by_envoy(repository, worse, tmp_path)[0] == 0, "Envoy has learned to refuse it"
    assert not file_changes(yaml.safe_dump(worse), text, reader_of("envoy")).is_same
