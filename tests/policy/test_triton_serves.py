"""Triton itself under the files that are written for it: what makes a batch, who waits, who is served first."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from costctl.documents.coverage import Approximated
from costctl.documents.policy import AtMost, Batch, Policy, Queue
from costctl.policy.targets.protobuf_text import read_protobuf_text
from costctl.policy.targets.triton import emit_triton
from tests.policy.gateways import wait_until
from tests.policy.policies import kind_named, policy_of, pool_named, sound_policy
from tests.policy.triton_server import Triton, lost, triton

WINDOW_S = 0.5
MOST = 4  # requests of a batch
WAITING = 3  # that the first lane may have
LONGEST_S = 0.2  # that the first lane waits
NAME = "llama"


def lanes_in_batches() -> Policy:
    """A pool that gathers batches, for two lanes, the first of which has a queue limit and a longest wait."""
    batch = Batch(window_us=int(WINDOW_S * 1e6), max_size=MOST)
    queue = Queue(
        depth=AtMost(value=WAITING, scope="per_replica"), max_wait_us=10_000_000, on_timeout="reject"
    )
    impatient = Queue(max_wait_us=int(LONGEST_S * 1e6), on_timeout="reject")
    return policy_of(
        kind_named("now", "gpu", queue=queue),
        kind_named("soon", "gpu", lane="second", queue=impatient),
        kind_named("late", "gpu", lane="third"),
        backends=(replace(pool_named("gpu"), batching="static", batch=batch),),
    )


@pytest.fixture(scope="module")
def server(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Triton]:
    with triton(repository, tmp_path_factory.mktemp("triton")) as running:
        assert running.load(NAME, emit_triton(lanes_in_batches(), None).files["config.pbtxt"]) == ""
        running.infer(NAME)
        yield running


def begun(folder: Path) -> int:
    return len(list(folder.glob("begun-*")))


def test_requests_of_one_window_are_one_batch_and_the_first_waits_for_it(server: Triton) -> None:
    replies = [each.result() for each in [server.begin(NAME) for _ in range(MOST - 1)]]
    assert len({each.batch for each in replies}) == 1
    assert WINDOW_S <= max(each.seconds for each in replies) < WINDOW_S + 1


def test_a_full_batch_does_not_wait_for_the_window(server: Triton) -> None:
    began = time.monotonic()
    replies = [each.result() for each in [server.begin(NAME) for _ in range(2 * MOST)]]
    assert time.monotonic() - began < WINDOW_S
    assert sorted(Counter(each.batch for each in replies).values()) == [MOST, MOST]


def test_lanes_are_served_in_order(server: Triton) -> None:
    with server.held(NAME) as folder:
        before = begun(folder)
        first = server.begin(NAME, 3)
        wait_until(lambda: begun(folder) == before + 1)
        late = [
            server.begin(NAME) for _ in range(2 * MOST)
        ]  # who says nothing is in the lane of the default class
        wait_until(lambda: server.waiting(NAME) == 2 * MOST)
        now = [server.begin(NAME, 1) for _ in range(WAITING)]
        wait_until(lambda: server.waiting(NAME) == 2 * MOST + WAITING)
    assert first.result().batch == before + 1
    assert {each.result().batch for each in now} == {before + 2}
    assert {each.result().batch for each in late} == {before + 2, before + 3, before + 4}


def test_who_would_wait_beyond_the_queue_limit_is_refused_at_once_and_other_lanes_are_not(
    server: Triton,
) -> None:
    with server.held(NAME) as folder:
        before = begun(folder)
        first = server.begin(NAME, 3)
        wait_until(lambda: begun(folder) == before + 1)
        asked = [server.begin(NAME, 1) for _ in range(WAITING + 5)]
        wait_until(lambda: sum(each.done() for each in asked) == 5)
        late = [server.begin(NAME, 3) for _ in range(WAITING + 5)]
        wait_until(lambda: server.waiting(NAME) == WAITING + len(late))
        refused = [each.result() for each in asked if each.done()]
    assert all("Exceeds maximum queue size" in each.reason for each in refused)
    assert sum(each.result().batch is not None for each in asked) == WAITING
    assert all(each.result().batch is not None for each in (first, *late))


def test_who_has_waited_too_long_is_refused_and_who_may_wait_is_not(server: Triton) -> None:
    with server.held(NAME) as folder:
        before = begun(folder)
        first = server.begin(NAME, 3)
        wait_until(lambda: begun(folder) == before + 1)
        soon, now = server.begin(NAME, 2), server.begin(NAME, 1)
        wait_until(lambda: server.waiting(NAME) == 2)
        time.sleep(LONGEST_S)
    assert "timeout" in soon.result().reason
    assert now.result().batch == before + 2
    assert first.result().batch == before + 1


def test_the_server_has_what_the_file_says(server: Triton) -> None:
    written = read_protobuf_text(emit_triton(lanes_in_batches(), None).files["config.pbtxt"])
    assert lost(written, server.config(NAME)) == []


def test_a_model_whose_name_no_folder_can_have_is_called_as_its_backend(server: Triton) -> None:
    pools = tuple(
        replace(each, model="BAAI/bge-m3") if each.batching == "static" else each
        for each in sound_policy().backends
    )
    emission = emit_triton(sound_policy(backends=pools), None)
    entry = next(each for each in emission.manifest.entries if each.pointer == "/backends/1/model")
    assert isinstance(entry, Approximated)
    assert "The model's folder in the repository is called embedder." in emission.manifest.conditions
    assert server.load("embedder", emission.files["config.pbtxt"]) == ""


def test_the_file_of_the_sample_traces_is_loaded_as_it_is_written(
    server: Triton, sample_policy: Policy
) -> None:
    text = emit_triton(sample_policy, None).files["config.pbtxt"]
    written = read_protobuf_text(text)
    name = written["name"].strip('"')
    assert server.load(name, text) == ""
    assert lost(written, server.config(name)) == []
