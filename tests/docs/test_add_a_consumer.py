"""The page on a new consumer, followed to the letter: its file is written, and every value is accounted for."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import msgspec

from tests.docs.page_steps import followed, run
from tests.policy.policies import sound_policy

if TYPE_CHECKING:
    from pathlib import Path

PAGE = "docs/how-to/add-a-consumer.md"


def test_the_new_consumer_gets_its_file_and_a_whole_manifest(repository: Path, tmp_path: Path) -> None:
    followed(repository, PAGE, tmp_path)
    policy = sound_policy()
    (tmp_path / "policy.json").write_bytes(msgspec.json.encode(policy))
    arguments = ("emit", "--target", "routes", "--policy", "policy.json", "--out", "routes.json")
    done = run(arguments, tmp_path)
    assert done.returncode == 0, done.stderr
    assert "bytes: 2 routes), and routes.json.coverage.json" in done.stdout
    routes = json.loads((tmp_path / "routes.json").read_text())
    assert routes["rag"] == {"backends": {"embedder": 100}, "waiting": [9]}
    (manifest,) = [
        path for path in tmp_path.glob("*.json") if path.name not in {"routes.json", "policy.json"}
    ]
    entries = json.loads(manifest.read_text())["entries"]
    assert {entry["status"] for entry in entries} == {
        "exact",
        "approximated",
        "unsupported",
        "not_applicable",
    }
