"""``costctl emit --into``: a file that is in use is written into only where --out says so, and is never printed."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

from costctl.documents.coverage import CoverageManifest
from costctl.policy.ledger import digest_of
from tests.command_line import costctl
from tests.policy.merge_shapes import LITELLM
from tests.policy.merged import bound_policy, mixed_policy

CONFIG = LITELLM["deployments in a list that is not indented"].replace("\n", "\r\n").encode()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """With two reviewed policies, and a file of LiteLLM with other ends of lines."""
    (tmp_path / "policy.json").write_bytes(msgspec.json.encode(mixed_policy()))
    (tmp_path / "bound.json").write_bytes(msgspec.json.encode(bound_policy()))
    (tmp_path / "config.yaml").write_bytes(CONFIG)
    return tmp_path


def emitted(folder: Path, *words: str, policy: str = "policy.json") -> tuple[int, str, str]:
    made_from = () if "--remove" in words else ("--policy", policy)
    done = costctl(folder, "emit", "--target", "litellm", *made_from, *words)
    return done.returncode, done.stdout, done.stderr


def test_without_out_it_says_what_would_change_and_writes_and_prints_nothing_of_the_file(
    folder: Path,
) -> None:
    code, out, _ = emitted(folder, "--into", "config.yaml")
    assert code == 0
    assert "Keeps        22 lines of config.yaml, byte for byte" in out
    assert "+  model_list[gpt-4o → openai/gpt-4o].litellm_params.timeout: 3.0" in out
    assert "--into config.yaml --out config.yaml" in out
    assert "sk-" not in out
    assert (folder / "config.yaml").read_bytes() == CONFIG
    assert sorted(each.name for each in folder.iterdir()) == ["bound.json", "config.yaml", "policy.json"]


def test_written_again_nothing_changes_and_taken_out_the_bytes_are_those_of_before(folder: Path) -> None:
    code, out, _ = emitted(folder, "--into", "config.yaml", "--out", "config.yaml")
    assert (code, "Wrote" in out, "takes it out again" in out) == (0, True, True)
    once = (folder / "config.yaml").read_bytes()
    assert once.count(b"\n") == once.count(b"\r\n")
    code, out, _ = emitted(folder, "--into", "config.yaml", "--out", "config.yaml")
    assert (code, "nothing changes" in out) == (0, True)
    assert (folder / "config.yaml").read_bytes() == once
    code, out, _ = emitted(folder, "--into", "config.yaml", "--remove", "--out", "config.yaml")
    assert (code, "timeout: 3.0  (taken out)" in out) == (0, True)
    assert (folder / "config.yaml").read_bytes() == CONFIG
    code, _, err = emitted(folder, "--into", "config.yaml", "--remove")
    assert (code, "Nothing in config.yaml was merged" in err) == (3, True)


def test_the_manifest_is_of_the_merged_file_and_of_the_version_that_is_installed(folder: Path) -> None:
    words = ("--into", "config.yaml", "--out", "merged.yaml", "--consumer-version", "1.90.2")
    code, out, _ = emitted(folder, *words)
    assert (code, "merged.yaml.coverage.json" in out) == (0, True)
    found = json.loads((folder / "merged.yaml.coverage.json").read_bytes())
    manifest = msgspec.convert(found, CoverageManifest)
    assert manifest.consumer.version == "1.90.2"
    assert manifest.files[0].digest == digest_of((folder / "merged.yaml").read_bytes().decode())
    assert any("keep their keys" in each for each in manifest.conditions)


def test_a_required_boundary_that_the_merged_file_would_not_keep_is_exit_5(folder: Path) -> None:
    code, _, err = emitted(folder, "--into", "config.yaml", "--out", "config.yaml", policy="bound.json")
    assert (code, "within its required data boundary" in err) == (5, True)
    assert (folder / "config.yaml").read_bytes() == CONFIG


def test_a_value_in_the_way_is_exit_3_and_replaced_where_that_is_asked(folder: Path) -> None:
    text = CONFIG.decode().replace("    # rpm: 60", "    timeout: 600  # long")
    (folder / "config.yaml").write_bytes(text.encode())
    code, _, err = emitted(folder, "--into", "config.yaml")
    assert (code, "is 600, and the policy asks for 3.0" in err) == (3, True)
    code, out, _ = emitted(folder, "--into", "config.yaml", "--replace", "--out", "config.yaml")
    assert (code, "litellm_params.timeout: 600 → 3.0" in out) == (0, True)
    code, _, _ = emitted(folder, "--into", "config.yaml", "--remove", "--out", "config.yaml")
    assert (folder / "config.yaml").read_bytes() == text.encode()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--target", "litellm", "--replace"), "--replace means nothing without --into."),
        (("--target", "litellm", "--remove"), "--remove means nothing without --into."),
        (("--target", "all", "--into", "config.yaml"), "--into means nothing to --target all."),
        (("--target", "litellm", "--into", "config.yaml", "--diff", "config.yaml"), "--into and --diff"),
        (("--target", "haproxy", "--into", "config.yaml"), "The file of haproxy cannot be merged"),
        (("--target", "all", "--consumer-version", "1.2", "--dry-run"), "--consumer-version means nothing"),
        (("--target", "policy", "--consumer-version", "1.2"), "means nothing to the target policy"),
        (
            ("--target", "vllm", "--consumer-version", "0.99", "--backend", "large"),
            "Nothing is known of vllm 0.99.",
        ),
    ],
    ids=[
        "replace",
        "remove",
        "all",
        "diff",
        "haproxy",
        "version-of-all",
        "version-of-policy",
        "unknown-version",
    ],
)
def test_what_contradicts_itself_is_exit_2(folder: Path, words: tuple[str, ...], said: str) -> None:
    done = costctl(folder, "emit", *words, "--policy", "policy.json")
    assert (done.returncode, said in done.stderr) == (2, True), done.stderr


def test_a_file_that_is_not_there_or_no_text_is_exit_3(folder: Path) -> None:
    (folder / "binary").write_bytes(b"\xff\xfe\x00")
    for name, said in (("missing.yaml", "No such file"), ("binary", "not UTF-8")):
        code, _, err = emitted(folder, "--into", name)
        assert (code, said in err) == (3, True)
