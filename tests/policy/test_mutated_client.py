"""A patch for callers that was spoiled has not the shape that is published, so that what reads it can say so."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.policy import consumers
from tests.policy.client_golden import written

SPOILED = {
    "wrong type": ("calls: 1000", "calls: many"),
    "wrong version": ("costctl.client/v1", "costctl.client/v9"),
    "unknown field": ("field: max_retries", "feild: max_retries"),
    "unknown field of a class": ("request_class: agent", "class: agent"),
    "unknown place": ("of: client", "of: gateway"),
    "missing required": ("  api: Anthropic Messages API\n", ""),
    "no digest": ("policy_digest: sha256:", "policy_digest: "),
    "a map in place of a list": ("requests:\n- id: agent", "requests:\n  first:\n    id: agent"),
    "a list of settings in place of one": ("retry.attempts: 3", "retry.attempts: [3]"),
    "a key twice": ("  model: claude-sonnet-4-5\n", "  model: claude-sonnet-4-5\n  model: other\n"),
    "no YAML": ("because:", "because: ["),
    "an id with spaces": ("- id: agent", "- id: the agent"),
}


def spoiled(name: str) -> str:
    before, after = SPOILED[name]
    assert before in written()
    return written().replace(before, after, 1)


def test_the_file_that_nobody_spoiled_is_taken(repository: Path) -> None:
    assert consumers.client(repository, {"written": written()}) == {"written": ""}


@pytest.mark.parametrize("name", SPOILED)
def test_a_spoiled_patch_is_refused(name: str, repository: Path) -> None:
    assert consumers.client(repository, {name: spoiled(name)})[name]
