"""``costctl emit --target all``: a folder for every consumer, and what becomes of one that was written before."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from costctl.documents.policy import Caps, Policy, PolicyEvidence
from tests.command_line import costctl
from tests.policy.policies import sound_policy


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """With a reviewed policy."""
    (tmp_path / "policy.json").write_bytes(msgspec.json.encode(sound_policy()))
    return tmp_path


def files(folder: Path) -> set[str]:
    return {each.relative_to(folder).as_posix() for each in folder.rglob("*") if each.is_file()}


def emitted(folder: Path, *arguments: str) -> tuple[int, str, str]:
    done = costctl(folder, "emit", "--target", "all", "--policy", "policy.json", *arguments)
    return done.returncode, done.stdout, done.stderr


def test_a_folder_is_written_checked_compared_and_written_anew(folder: Path) -> None:
    code, out, _ = emitted(folder, "--out", "deployed")
    assert code == 0
    assert "haproxy/haproxy.cfg" in out
    (folder / "deployed" / "haproxy" / "old.cfg").write_text("")
    checked = costctl(folder, "policy", "check", "deployed")
    assert (checked.returncode, "haproxy/old.cfg was not written by costctl." in checked.stdout) == (1, True)
    code, out, _ = emitted(folder, "--diff", "deployed")
    assert (code, "haproxy.cfg holds what would be written" in out) == (0, True)
    emitted(folder, "--out", "deployed")
    assert costctl(folder, "policy", "check", "deployed").returncode == 0


def test_a_policy_that_was_changed_in_its_bundle_is_not_used(folder: Path) -> None:
    emitted(folder, "--out", "deployed")
    policy = folder / "deployed" / "policy.json"
    policy.write_text(
        policy.read_text().replace('"weight":100', '"weight":50').replace('"weight": 100', '"weight": 50')
    )
    done = costctl(folder, "emit", "--target", "litellm", "--policy", "deployed", "-o", "x.yaml")
    assert (done.returncode, "is not as it was written" in done.stderr) == (3, True)
    assert not (folder / "x.yaml").exists()


def test_a_signed_bundle_is_not_replaced_by_one_that_nobody_signed(folder: Path) -> None:
    emitted(folder, "--out", "deployed")
    (folder / "deployed" / "SHA256SUMS.minisig").write_text("of an earlier bundle")
    before = files(folder)
    code, _, err = emitted(folder, "--out", "deployed")
    assert (code, "is signed, and what would take its place is not" in err, files(folder)) == (
        2,
        True,
        before,
    )


@pytest.mark.parametrize("content", ["", None])
def test_a_bundle_without_digests_says_that_and_nothing_else(folder: Path, content: str | None) -> None:
    emitted(folder, "--out", "deployed")
    sums = folder / "deployed" / "SHA256SUMS"
    sums.unlink() if content is None else sums.write_text(content)
    done = costctl(folder, "policy", "check", "deployed")
    assert (done.returncode, done.stdout.splitlines()[0]) == (1, "deployed has 1 problem:")
    assert "SHA256SUMS is missing or empty" in done.stdout


def test_a_key_that_is_not_there_is_named(folder: Path) -> None:
    emitted(folder, "--out", "deployed")
    done = costctl(folder, "policy", "check", "deployed", "--public-key", "nope.pub")
    assert (done.returncode, "There is no public key nope.pub." in done.stderr) == (3, True)


def test_a_dry_run_writes_nothing(folder: Path) -> None:
    code, out, _ = emitted(folder, "--out", "deployed", "--dry-run")
    assert (code, out.split()[:2], files(folder)) == (0, ["Would", "write"], {"policy.json"})


def test_a_folder_of_something_else_is_left_alone(folder: Path) -> None:
    (folder / "work").mkdir()
    (folder / "work" / "notes.txt").write_text("mine")
    code, _, err = emitted(folder, "--out", "work")
    assert (code, "is no folder for a bundle" in err, files(folder / "work")) == (2, True, {"notes.txt"})


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "--out DIR"),
        (("--out", "d", "--backend", "large"), "Leave it out"),
        (("--sign", "no.key", "--out", "d"), "no.key"),
    ],
)
def test_what_cannot_be_is_said(folder: Path, arguments: tuple[str, ...], said: str) -> None:
    code, _, err = emitted(folder, *arguments)
    assert code in (2, 3)
    assert said in err
    assert files(folder) == {"policy.json"}


def test_the_next_commands_of_a_bundle_work_as_they_are_printed(folder: Path) -> None:
    emitted(folder, "--out", "deployed")
    again = costctl(folder, "emit", "--target", "all", "--policy", "deployed", "--dry-run")
    assert (again.returncode, again.stdout.split()[:2]) == (0, ["Would", "write"])
    assert costctl(folder, "policy", "diff", "deployed", "policy.json").returncode == 0
    assert costctl(folder, "policy", "explain", "deployed", "rag").returncode == 0


def test_what_broke_a_policy_is_told_within_a_screen_and_leads_on_to_the_requests(
    tmp_path: Path, sample_store: Path, repository: Path, sample_policy: Policy
) -> None:
    (tmp_path / "costctl.toml").write_bytes((repository / "sample_traces" / "costctl.toml").read_bytes())
    (tmp_path / "costctl.duckdb").write_bytes(sample_store.read_bytes())
    strict = replace(
        sample_policy,
        classes=tuple(
            replace(
                kind,
                caps=Caps(output_tokens=1),
                timeout_us=1_000_000,
                why={**kind.why, "/caps": ("x",), "/timeout_us": ("x",)},
            )
            for kind in sample_policy.classes
        ),
        evidence=(*sample_policy.evidence, PolicyEvidence(id="x", kind="declared", statement="For a test.")),
    )
    (tmp_path / "strict.json").write_bytes(msgspec.json.encode(strict))
    done = costctl(tmp_path, "policy", "verify", "--policy", "strict.json", "--quiet")
    lines = done.stdout.splitlines()
    assert done.returncode == 1, done.stderr
    assert len(lines) <= 24
    following = next(line for line in lines if line.startswith("Next")).split("costctl ")[1]
    assert costctl(tmp_path, *following.split(), "--quiet").returncode == 0
