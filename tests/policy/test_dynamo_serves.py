"""Dynamo's own router with the policy of a written file: who waits, who is turned away, and who goes first.

Its selection service is the router without the engines. One worker reads 8 prompt tokens in a step; each request has
16, so that a request in progress makes it busy.
"""

from __future__ import annotations

import http.client
import json
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pytest
from msgspec.structs import replace

from costctl.documents.policy import AtMost, Policy, Queue, RejectWhenBusy
from costctl.policy.targets.dynamo import emit_dynamo
from tests.policy.dynamo_reads import Deployment
from tests.policy.gateways import free_port, running, wait_until
from tests.policy.policies import kind_named, policy_of, pool_named
from tests.policy.validators import validator

WORKER = {
    "worker_id": 1,
    "model_name": "llama",
    "endpoint": "http://127.0.0.1:1",
    "block_size": 4,
    "max_num_batched_tokens": 8,
}
CHOSEN = re.compile(r'Selected worker.*?request_id[^"]*"([^"]+)"')


class Router:
    """A router that runs."""

    def __init__(self, port: int, log: Path) -> None:
        self._port = port
        self._log = log

    def ask(self, method: str, path: str, body: object = None, kind: str = "") -> tuple[int, str]:
        """The status and the text of an answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=20)
        headers = {"content-type": "application/json"}
        if kind:
            headers["x-dynamo-meta-policy-class"] = kind
        connection.request(method, path, json.dumps(body), headers)
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        return answer.status, text

    def send(self, name: str, kind: str = "") -> int:
        """A request that begins as no other does; the status, as soon as a worker is chosen or it is turned away."""
        tokens = [1000 * sum(name.encode()) + each for each in range(16)]
        body = {"model_name": "llama", "selection_id": name, "token_ids": tokens}
        return self.ask("POST", "/select_and_reserve", body, kind)[0]

    def has_ended(self, name: str) -> bool:
        """Say that the request was answered; whether the router knew of it: its log speaks of a choice before that."""
        return self.ask("DELETE", f"/reservations/{name}")[0] == 200

    def has_waiting(self, many: int) -> bool:
        """Whether so many requests are held back."""
        return sum(each["pending_count"] for each in json.loads(self.ask("GET", "/loads")[1])) == many

    def has_chosen(self, many: int) -> bool:
        """Whether so many requests were given a worker."""
        return len(self.chosen()) >= many

    def chosen(self) -> list[str]:
        """The requests that were given a worker, in order."""
        return CHOSEN.findall(self._log.read_text(errors="replace"))


@pytest.fixture
def started(repository: Path, tmp_path: Path) -> Iterator[Callable[[Policy], Router]]:
    """Starts a router with what the file of a policy tells it."""
    python = validator(repository, "dynamo")
    with ExitStack() as stack:

        def start(policy: Policy) -> Router:
            file, log, port = tmp_path / "router-policy.yaml", tmp_path / "log", free_port()
            file.write_text(Deployment(emit_dynamo(policy, None).files["dynamo.yaml"]).policy or "")
            command = [str(python), "-m", "dynamo.select_service", "--port", str(port)]
            environment = {"DYN_ROUTER_POLICY_CONFIG": str(file)}
            stack.enter_context(running(command, environment, port, log))
            router = Router(port, log)
            assert router.ask("POST", "/workers", WORKER)[0] == 201
            return router

        yield start


def test_dynamo_turns_away_what_is_over_the_limit_of_a_class_and_lets_the_first_lane_go_first(
    started: Callable[[Policy], Router],
) -> None:
    urgent = kind_named("urgent", "gpu", queue=Queue(depth=RejectWhenBusy()))
    fast = kind_named("fast", "gpu")
    slow = replace(
        kind_named("slow", "gpu", queue=Queue(depth=AtMost(value=3, scope="per_replica"))), lane="third"
    )
    router = started(policy_of(urgent, fast, slow, backends=(pool_named("gpu"),)))

    assert router.send("first", "fast") == 200
    assert router.send("urgent-1", "urgent") == 429, "nothing of it may wait"
    held = [("slow-1", "slow"), ("slow-2", ""), ("slow-3", "slow"), ("fast-1", "fast"), ("fast-2", "fast")]
    with ThreadPoolExecutor(len(held)) as pool:
        for already, (name, kind) in enumerate(held, start=1):
            pool.submit(router.send, name, kind)
            wait_until(partial(router.has_waiting, already))
        assert router.send("slow-4", "slow") == 429, "three may wait"
        for place in range(len(held)):
            wait_until(partial(router.has_ended, router.chosen()[place]))
            wait_until(partial(router.has_chosen, place + 2))
    served = router.chosen()
    assert served[:3] == ["first", "fast-1", "fast-2"]
    assert sorted(served[3:]) == ["slow-1", "slow-2", "slow-3"]
