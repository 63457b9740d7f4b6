"""Envoy itself, on loopback, under the files that are written for it: where each class goes, and what happens when a
pool is full, slow or failing.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from msgspec.structs import replace

from costctl.documents.policy import Admission, AtMost, Fallback, Match, Policy, Queue, Target
from costctl.policy.targets.envoy import emit_envoy
from tests.policy.gateways import Answer, ModelServer, ask, free_port, model_servers, running, wait_until
from tests.policy.policies import kind_named, policy_of, pool_named
from tests.policy.validators import program

PER_REPLICA = "per_replica"


@dataclass(frozen=True)
class Gateway:
    """A running Envoy."""

    port: int
    pool: ThreadPoolExecutor

    def ask(self, kind: str, model: str = "llama") -> Answer:
        return ask(self.port, {"model": model}, {"x-costctl-class": kind})

    def begin(self, kind: str) -> Future[Answer]:
        return self.pool.submit(self.ask, kind)


@pytest.fixture
def envoy(repository: Path) -> Path:
    return program(repository, "envoy", "envoy")


@contextlib.contextmanager
def gateway(
    envoy: Path, policy: Policy, servers: dict[str, ModelServer], folder: Path, edge: str = "127.0.0.0"
) -> Iterator[Gateway]:
    """Envoy with the file of a policy; each server in the place of the pool of its name."""
    config = yaml.safe_load(emit_envoy(policy, None).files["envoy.yaml"])
    port = free_port()
    listener = config["static_resources"]["listeners"][0]
    listener["address"]["socket_address"] = {"address": "127.0.0.1", "port_value": port}
    for chain in listener["filter_chains"]:
        for network in chain.get("filter_chain_match", {}).get("source_prefix_ranges", ()):
            network["address_prefix"] = edge
    for cluster in config["static_resources"]["clusters"]:
        for endpoints in cluster.get("load_assignment", {}).get("endpoints", ()):
            address = endpoints["lb_endpoints"][0]["endpoint"]["address"]["socket_address"]
            address |= {"address": "127.0.0.1", "port_value": servers[cluster["name"]].port}
    (folder / "envoy.yaml").write_text(yaml.safe_dump(config))
    command = [str(envoy), "--use-dynamic-base-id", "-l", "error", "--concurrency", "1"]
    with (
        running([*command, "-c", str(folder / "envoy.yaml")], {}, port, folder / "log"),
        ThreadPoolExecutor(32) as pool,
    ):
        yield Gateway(port, pool)


def test_classes_are_told_by_header_and_model_and_a_clients_own_header_is_not_believed(
    envoy: Path, tmp_path: Path
) -> None:
    named = 'm"$\\ {x}'
    inner, outer = kind_named("inner", "a"), kind_named("outer", "c", match=Match())
    asked = kind_named("asked", "b", match=Match(model=(named, "also"), operation=("chat",)))
    policy = policy_of(inner, asked, outer, backends=tuple(pool_named(name) for name in "abc"))
    (tmp_path / "edge").mkdir()
    with model_servers(*"abc") as servers:
        with gateway(envoy, policy, servers, tmp_path / "edge") as proxy:
            found = [
                proxy.ask("inner").by,
                proxy.ask("none", named).by,
                proxy.ask("none", "also").by,
                ask(proxy.port, {"model": named, "messages": "x" * 300_000}).by,
                ask(proxy.port, {"model": named}, path="/v1/embeddings").by,
                ask(proxy.port, ["model", named]).by,
                proxy.ask("none", "other").by,
            ]
            too_long = ask(proxy.port, {"model": named, "messages": "x" * 2_200_000})
        with gateway(envoy, policy, servers, tmp_path, edge="10.0.0.0") as proxy:
            found.append(proxy.ask("inner").by)
    assert found == ["a", "b", "b", "b", "c", "c", "c", "c"]
    assert too_long.status == 413


def test_targets_take_their_parts_by_weight(envoy: Path, tmp_path: Path) -> None:
    targets = (Target(backend="a", weight=3), Target(backend="b", weight=1), Target(backend="c", weight=0))
    split = kind_named("split")
    split = replace(split, placement=replace(split.placement, targets=targets))
    policy = policy_of(split, backends=tuple(pool_named(name) for name in "abc"))
    with model_servers(*"abc") as servers, gateway(envoy, policy, servers, tmp_path) as proxy:
        found = Counter(proxy.ask("split").by for _ in range(400))
    # Of 400, 300 are expected at a; 52 fewer or more is six standard deviations away.
    assert abs(found["a"] - 300) < 52
    assert found["a"] + found["b"] == 400


def test_what_a_pool_cannot_take_waits_and_what_may_not_wait_is_refused(envoy: Path, tmp_path: Path) -> None:
    bounded = kind_named("bounded", "gpu", queue=Queue(depth=AtMost(value=3, scope=PER_REPLICA)))
    policy = policy_of(bounded, backends=(pool_named("gpu", AtMost(value=2, scope=PER_REPLICA)),))
    with model_servers("gpu") as servers, gateway(envoy, policy, servers, tmp_path) as proxy:
        servers["gpu"].hold()
        begun = [proxy.begin("bounded") for _ in range(12)]
        wait_until(lambda: sum(each.done() for each in begun) == 7)
        assert {each.result().status for each in begun if each.done()} == {503}
        assert len(servers["gpu"].seen) == 2, "two are in progress, three wait"
        servers["gpu"].release()
        assert Counter(each.result().status for each in begun) == {503: 7, 200: 5}


def test_a_call_that_fails_goes_on_to_the_fallbacks_in_their_order(envoy: Path, tmp_path: Path) -> None:
    safe = kind_named("safe", "a")
    fallback = (Fallback(backend="b", on=("error",)), Fallback(backend="c", on=("error", "timeout")))
    safe = replace(safe, placement=replace(safe.placement, fallback=fallback))
    policy = policy_of(safe, backends=tuple(pool_named(name) for name in "abc"))
    with model_servers(*"abc") as servers, gateway(envoy, policy, servers, tmp_path) as proxy:
        found = [proxy.ask("safe").by]
        servers["a"].statuses[:] = [503]
        found.append(proxy.ask("safe").by)
        servers["a"].statuses[:], servers["b"].statuses[:] = [500], [429]
        found.append(proxy.ask("safe").by)
    assert found == ["a", "b", "c"]


def test_a_call_is_tried_again_as_often_as_its_class_allows_and_ends_at_its_time_out(
    envoy: Path, tmp_path: Path
) -> None:
    stubborn, never = kind_named("stubborn", "a", retries=2), kind_named("never", "a", retries=0)
    quick = kind_named("quick", "b", timeout_us=250_000)
    policy = policy_of(stubborn, never, quick, backends=(pool_named("a"), pool_named("b")))
    with model_servers("a", "b") as servers, gateway(envoy, policy, servers, tmp_path) as proxy:
        servers["a"].statuses[:] = [503, 500]
        assert proxy.ask("stubborn").status == 200
        servers["a"].statuses[:] = [503]
        assert proxy.ask("never").status == 503
        servers["b"].hold()
        late = proxy.ask("quick")
        assert (late.status, late.seconds >= 0.25) == (504, True)


def test_a_rate_lets_so_many_through_however_many_ask(envoy: Path, tmp_path: Path) -> None:
    slow = kind_named("slow", "a", admission=Admission(requests_per_minute=5))
    policy = policy_of(slow, backends=(pool_named("a"),))
    with model_servers("a") as servers, gateway(envoy, policy, servers, tmp_path) as proxy:
        assert Counter(proxy.ask("slow").status for _ in range(20)) == {200: 5, 429: 15}
