"""HAProxy itself, on loopback, under the files that are written for it: who is served first, where, and who is not."""

from __future__ import annotations

import contextlib
import shutil
import socket
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest
from msgspec.structs import replace

from costctl.documents.policy import (
    Admission,
    AtMost,
    Fallback,
    Match,
    Placement,
    Policy,
    Queue,
    RejectWhenBusy,
    Target,
)
from costctl.policy.targets.haproxy import emit_haproxy
from tests.policy.gateways import Answer, ModelServer, ask, free_port, model_servers, running, wait_until
from tests.policy.policies import kind_named, policy_of, pool_named

PER_REPLICA = "per_replica"


@dataclass(frozen=True)
class Gateway:
    """A running HAProxy. control: the path of its socket for commands."""

    port: int
    control: Path
    pool: ThreadPoolExecutor

    def ask(self, kind: str, model: str = "llama", number: str = "") -> Answer:
        return ask(self.port, {"model": model}, {"x-costctl-class": kind, "x-number": number})

    def begin(self, kind: str, number: str = "") -> Future[Answer]:
        return self.pool.submit(self.ask, kind, "llama", number)

    def told(self, command: str) -> str:
        with socket.socket(socket.AF_UNIX) as asked:
            asked.connect(str(self.control))
            asked.sendall(f"{command}\n".encode())
            return b"".join(iter(lambda: asked.recv(65536), b"")).decode()

    def waiting(self, pool: str) -> int:
        """Requests in the queue of a pool."""
        lines = [line.split(",") for line in self.told("show stat").splitlines()]
        column = lines[0].index("qcur")
        return int(next(line[column] for line in lines if line[:2] == [pool, "BACKEND"]))


@pytest.fixture(autouse=True)
def _needs_haproxy() -> None:
    if shutil.which("haproxy", path="/usr/sbin:/usr/bin") is None:
        pytest.skip("haproxy is not installed; run: make validators")


@contextlib.contextmanager
def gateway(
    policy: Policy, servers: dict[str, ModelServer], folder: Path, edge: str = "127.0.0.0/8"
) -> Iterator[Gateway]:
    """HAProxy with the file of a policy; each server under the variable of its name."""
    control = folder / "control"
    (folder / "haproxy.cfg").write_text(emit_haproxy(policy, None).files["haproxy.cfg"])
    (folder / "control.cfg").write_text(f"global\n    stats socket {control} level admin\n")
    port = free_port()
    addresses = {name: f"127.0.0.1:{server.port}" for name, server in servers.items()}
    environment = {"COSTCTL_LISTEN": f"127.0.0.1:{port}", "COSTCTL_EDGE": edge, **addresses}
    files = [part for name in ("haproxy.cfg", "control.cfg") for part in ("-f", str(folder / name))]
    with (
        running(["haproxy", "-db", *files], environment, port, folder / "log"),
        ThreadPoolExecutor(64) as pool,
    ):
        yield Gateway(port, control, pool)


def test_lanes_are_served_in_order_and_within_a_lane_who_came_first(tmp_path: Path) -> None:
    one = AtMost(value=1, scope=PER_REPLICA)
    lanes = {"late": "third", "soon": "second", "now": "first"}
    kinds = [kind_named(name, "gpu", lane=lane) for name, lane in lanes.items()]
    with model_servers("GPU_ADDRESS") as servers:
        server = servers["GPU_ADDRESS"]
        with gateway(policy_of(*kinds, backends=(pool_named("gpu", one),)), servers, tmp_path) as proxy:
            server.hold()
            begun = [proxy.begin("late", "0")]
            wait_until(lambda: server.seen == ["0"])
            for at, kind in enumerate(["late", "soon", "now", "late", "soon", "now"], start=1):
                begun.append(proxy.begin(kind, f"{at}"))
                wait_until(lambda at=at: proxy.waiting("gpu") == at)
            server.release()
            assert {each.result().status for each in begun} == {200}
    assert server.seen == ["0", "3", "6", "2", "5", "1", "4"]


def test_who_would_wait_beyond_the_queue_limit_is_turned_away_at_once(tmp_path: Path) -> None:
    most = AtMost(value=3, scope=PER_REPLICA)
    bounded = kind_named("bounded", "gpu", queue=Queue(depth=most), lane="second")
    before = kind_named("before", "gpu", queue=Queue(depth=AtMost(value=2, scope=PER_REPLICA)))
    two = pool_named("gpu", AtMost(value=2, scope=PER_REPLICA))
    with model_servers("GPU_ADDRESS") as servers:
        server = servers["GPU_ADDRESS"]
        with gateway(policy_of(before, bounded, backends=(two,)), servers, tmp_path) as proxy:
            server.hold()
            begun = [proxy.begin("bounded", f"{at}") for at in range(2)]
            wait_until(lambda: len(server.seen) == 2)
            begun += [proxy.begin("bounded") for _ in range(3)]
            wait_until(lambda: proxy.waiting("gpu") == 3)
            assert proxy.ask("bounded").status == 429, "three wait"
            begun += [proxy.begin("before") for _ in range(2)]
            wait_until(lambda: proxy.waiting("gpu") == 5)
            assert proxy.ask("before").status == 429, "three and two wait"
            server.release()
            assert {each.result().status for each in begun} == {200}
    assert len(server.seen) == 7


def test_a_queue_that_holds_nothing_refuses_only_while_the_pool_is_busy(tmp_path: Path) -> None:
    strict = kind_named("strict", "gpu", queue=Queue(depth=RejectWhenBusy()))
    one = pool_named("gpu", AtMost(value=1, scope=PER_REPLICA))
    with model_servers("GPU_ADDRESS") as servers:
        server = servers["GPU_ADDRESS"]
        with gateway(policy_of(strict, backends=(one,)), servers, tmp_path) as proxy:
            server.hold()
            first = proxy.begin("strict")
            wait_until(lambda: len(server.seen) == 1)
            assert proxy.ask("strict").status == 429
            server.release()
            assert first.result().status == 200
            assert proxy.ask("strict").status == 200


def test_who_waited_as_long_as_allowed_is_refused(tmp_path: Path) -> None:
    patient = kind_named("patient", "gpu", queue=Queue(max_wait_us=300_000))
    one = pool_named("gpu", AtMost(value=1, scope=PER_REPLICA))
    with model_servers("GPU_ADDRESS") as servers:
        server = servers["GPU_ADDRESS"]
        with gateway(policy_of(patient, backends=(one,)), servers, tmp_path) as proxy:
            server.hold()
            first = proxy.begin("patient")
            wait_until(lambda: len(server.seen) == 1)
            refused = proxy.ask("patient")
            server.release()
            assert (refused.status, refused.seconds >= 0.3, first.result().status) == (503, True, 200)


def test_no_more_of_a_class_are_in_progress_than_admitted(tmp_path: Path) -> None:
    few = kind_named("few", "gpu", admission=Admission(concurrency=AtMost(value=2, scope="global")))
    others = kind_named("others", "gpu")
    with model_servers("GPU_ADDRESS") as servers:
        server = servers["GPU_ADDRESS"]
        with gateway(policy_of(few, others, backends=(pool_named("gpu"),)), servers, tmp_path) as proxy:
            server.hold()
            begun = [proxy.begin("few") for _ in range(2)]
            wait_until(lambda: len(server.seen) == 2)
            assert proxy.ask("few").status == 429
            begun.append(proxy.begin("others"))
            wait_until(lambda: len(server.seen) == 3)
            server.release()
            assert {each.result().status for each in begun} == {200}
            assert proxy.ask("few").status == 200, "the refused one is no longer counted"


def test_a_rate_lets_so_many_through_however_many_ask(tmp_path: Path) -> None:
    slow = kind_named("slow", "gpu", admission=Admission(requests_per_minute=5))
    with (
        model_servers("GPU_ADDRESS") as servers,
        gateway(policy_of(slow, backends=(pool_named("gpu"),)), servers, tmp_path) as proxy,
    ):
        found = Counter(proxy.ask("slow").status for _ in range(40))
    assert found == {200: 5, 429: 35}


def test_targets_take_their_parts_by_weight(tmp_path: Path) -> None:
    targets = (Target(backend="a", weight=3), Target(backend="b", weight=1), Target(backend="c", weight=0))
    split = kind_named("split", placement=Placement(targets=targets))
    with model_servers("A_ADDRESS", "B_ADDRESS", "C_ADDRESS") as servers:
        policy = policy_of(split, backends=tuple(pool_named(name) for name in "abc"))
        with gateway(policy, servers, tmp_path) as proxy:
            found = Counter(proxy.ask("split").by for _ in range(400))
    # Of 400, 300 are expected at a; 52 fewer or more is six standard deviations away.
    assert abs(found["A_ADDRESS"] - 300) < 52
    assert found["A_ADDRESS"] + found["B_ADDRESS"] == 400


def test_a_fallback_takes_over_where_no_server_of_the_pool_is_up(tmp_path: Path) -> None:
    safe = kind_named("safe", "a")
    safe = replace(safe, placement=replace(safe.placement, fallback=(Fallback(backend="b", on=("error",)),)))
    with (
        model_servers("A_ADDRESS", "B_ADDRESS") as servers,
        gateway(policy_of(safe, backends=(pool_named("a"), pool_named("b"))), servers, tmp_path) as proxy,
    ):
        before = proxy.ask("safe").by
        proxy.told("set server a/a-1 state maint")
        assert (before, proxy.ask("safe").by) == ("A_ADDRESS", "B_ADDRESS")


def test_an_overflow_goes_to_the_fallback_for_it(tmp_path: Path) -> None:
    placement = Placement(
        targets=(Target(backend="a", weight=1),), fallback=(Fallback(backend="b", on=("overload",)),)
    )
    spilling = kind_named(
        "spilling", placement=placement, queue=Queue(depth=AtMost(value=1, scope=PER_REPLICA))
    )
    backends = (pool_named("a", AtMost(value=1, scope=PER_REPLICA)), pool_named("b"))
    with (
        model_servers("A_ADDRESS", "B_ADDRESS") as servers,
        gateway(policy_of(spilling, backends=backends), servers, tmp_path) as proxy,
    ):
        servers["A_ADDRESS"].hold()
        begun = [proxy.begin("spilling")]
        wait_until(lambda: len(servers["A_ADDRESS"].seen) == 1)
        begun.append(proxy.begin("spilling"))
        wait_until(lambda: proxy.waiting("a") == 1)
        assert proxy.ask("spilling").by == "B_ADDRESS"
        servers["A_ADDRESS"].release()
        assert {each.result().by for each in begun} == {"A_ADDRESS"}


def test_what_a_client_says_of_itself_is_not_believed(tmp_path: Path) -> None:
    inner, outer = kind_named("inner", "a"), kind_named("outer", "b")
    policy = policy_of(inner, outer, backends=(pool_named("a"), pool_named("b")))
    with model_servers("A_ADDRESS", "B_ADDRESS") as servers:
        (tmp_path / "edge").mkdir()
        with gateway(policy, servers, tmp_path / "edge") as proxy:
            assert proxy.ask("inner").by == "A_ADDRESS", "from the edge it is"
        with gateway(policy, servers, tmp_path, edge="10.0.0.0/8") as proxy:
            assert proxy.ask("inner").by == "B_ADDRESS", "the default class takes it"


HOSTILE = 'm"; deny # $HOME \\ {\n}'


@pytest.mark.parametrize("name", ["llama", HOSTILE], ids=["plain", "hostile"])
def test_classes_are_told_by_the_model_that_the_body_names(name: str, tmp_path: Path) -> None:
    asked = kind_named("asked", "a", match=Match(model=(name, "also"), operation=("chat",)))
    rest = kind_named("rest", "b", match=Match())
    policy = policy_of(asked, rest, backends=(pool_named("a"), pool_named("b")))
    with model_servers("A_ADDRESS", "B_ADDRESS") as servers, gateway(policy, servers, tmp_path) as proxy:
        long = {"messages": [{"content": "x" * 300_000}]}
        found = [
            ask(proxy.port, {**long, "model": name}).by,
            ask(proxy.port, {"model": "also"}).by,
            ask(proxy.port, {"model": f"{name}."}).by,
            ask(proxy.port, {"model": name}, path="/v1/embeddings").by,
            ask(proxy.port, ["model", name]).by,
        ]
        too_long = ask(proxy.port, {"messages": "x" * 2_100_000, "model": name})
    assert found == ["A_ADDRESS", "A_ADDRESS", "B_ADDRESS", "B_ADDRESS", "B_ADDRESS"]
    assert too_long.status == 413


def test_a_call_that_fails_is_tried_again_as_often_as_its_class_allows(tmp_path: Path) -> None:
    stubborn, never = kind_named("stubborn", "a", retries=2), kind_named("never", "a", retries=0)
    with (
        model_servers("A_ADDRESS") as servers,
        gateway(policy_of(stubborn, never, backends=(pool_named("a"),)), servers, tmp_path) as proxy,
    ):
        servers["A_ADDRESS"].statuses[:] = [503, 500]
        assert proxy.ask("stubborn").status == 200
        servers["A_ADDRESS"].statuses[:] = [503]
        assert proxy.ask("never").status == 503


def test_a_class_whose_wait_another_ends_is_named() -> None:
    patient, silent = (
        kind_named("patient", "gpu", queue=Queue(max_wait_us=300_000)),
        kind_named("silent", "gpu"),
    )
    policy = policy_of(patient, silent, backends=(pool_named("gpu", AtMost(value=1, scope=PER_REPLICA)),))
    said = [each for each in emit_haproxy(policy, None).manifest.conditions if "silent" in each]
    assert said == [
        "gpu: the wait of its other classes ends that of silent too, of which the policy says none."
    ]


def test_weights_between_models_of_one_pool_are_said_to_be_nobodys() -> None:
    models = tuple(replace(pool_named(name), pool="gpu", model=name) for name in ("large", "small"))
    split = kind_named("split", "large", "small")
    entries = emit_haproxy(policy_of(split, backends=models), None).manifest.entries
    said = {
        type(each).__name__ for each in entries if each.pointer.startswith("/classes/0/placement/targets")
    }
    assert said == {"Approximated"}
