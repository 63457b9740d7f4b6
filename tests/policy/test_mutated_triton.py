"""A file for Triton that somebody spoiled is refused by the server, or loses something in it that we see."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from costctl.policy.targets.protobuf_text import read_protobuf_text
from costctl.policy.targets.triton import emit_triton
from tests.policy.test_triton_serves import NAME, lanes_in_batches
from tests.policy.triton_server import Triton, lost, triton

# What stands in the file and what stands there instead; each is refused but the last, which is loaded.
MUTATIONS: Final[dict[str, tuple[str, str]]] = {
    "a field that there is not": ("max_queue_delay_microseconds", "max_queue_delay_us"),
    "an action that there is not": ("timeout_action: REJECT", "timeout_action: DROP"),
    "a limit in words": ("max_queue_size: 3", 'max_queue_size: "three"'),
    "a delay below 0": ("max_queue_delay_microseconds: 500000", "max_queue_delay_microseconds: -1"),
    "a bracket that is not closed": ("dynamic_batching {", "dynamic_batching { {"),
    "a batch of less than none": ("max_batch_size: 4", "max_batch_size: -4"),
    "a default level beyond the last": ("default_priority_level: 3", "default_priority_level: 4"),
    "no default level": ("  default_priority_level: 3\n", ""),
    "rules of a level beyond the last": ("key: 2", "key: 4"),
    "rules of level 0": ("key: 2", "key: 0"),
    "a preferred size that no batch has": (
        "dynamic_batching {",
        "dynamic_batching {\n  preferred_batch_size: [ 5 ]",
    ),
    "another name than its folder's": (f'name: "{NAME}"', 'name: "lama"'),
    "rules of one level given twice": ("key: 2", "key: 1"),
}
LOSES: Final = "rules of one level given twice"


@pytest.fixture(scope="module")
def server(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Triton]:
    with triton(repository, tmp_path_factory.mktemp("triton")) as running:
        yield running


def sound() -> str:
    return emit_triton(lanes_in_batches(), None).files["config.pbtxt"]


@pytest.mark.parametrize("name", [name for name in MUTATIONS if name != LOSES])
def test_a_spoiled_file_is_refused(server: Triton, name: str) -> None:
    before, after = MUTATIONS[name]
    assert before in sound()
    assert "failed to load" in server.load(NAME, sound().replace(before, after, 1))


def test_a_spoiled_file_that_is_loaded_loses_something(server: Triton) -> None:
    before, after = MUTATIONS[LOSES]
    text = sound().replace(before, after, 1)
    assert server.load(NAME, text) == ""
    assert lost(read_protobuf_text(text), server.config(NAME)) != []
