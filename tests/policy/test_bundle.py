"""A policy for all consumers in a folder: every byte of it is held to what was written, and to who signed it."""

from __future__ import annotations

import random
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from msgspec.structs import replace

from costctl.documents.policy import Policy
from costctl.policy.bundle import SUMS, bundle_of
from costctl.policy.bundle_check import CheckedBundle, check_bundle
from costctl.policy.pointers import policy_digest
from costctl.policy.signature import PublicKey, fault_in_signature, public_key, secret_key, signed
from costctl.policy.targets.registry import TARGETS
from tests.policy.policies import sound_policy
from tests.policy.random_policies import policies


def written(folder: Path, policy: Policy | None = None) -> Path:
    """A bundle on disk."""
    for name, text in bundle_of(policy or sound_policy())[1].items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def checked(folder: Path, key: PublicKey | None = None) -> CheckedBundle:
    """What is found of what lies in a folder now."""
    paths = (each for each in folder.rglob("*") if each.is_file())
    return check_bundle({each.relative_to(folder).as_posix(): each.read_bytes() for each in paths}, key)


@given(policies())
def test_every_consumer_is_written_for_or_left_out_with_a_reason(policy: Policy) -> None:
    bundle, files = bundle_of(policy)
    answered = [each.target for each in bundle.files] + [each.target for each in bundle.left_out]
    whole = [target.name for target in TARGETS if not target.takes_backend]
    assert sorted(set(answered) & set(whole)) == sorted(whole)
    assert all(each.reason for each in bundle.left_out)
    assert {path for each in bundle.files for path in (each.path, each.coverage)} <= set(files)
    assert bundle.policy_digest == policy_digest(policy)


def test_a_bundle_as_it_was_written_has_no_fault_and_is_what_sha256sum_reads(tmp_path: Path) -> None:
    folder = written(tmp_path)
    assert checked(folder).faults == ()
    done = subprocess.run(["sha256sum", "--check", "--strict", "--quiet", SUMS], cwd=folder, check=False)
    assert done.returncode == 0


def test_the_same_policy_gives_the_same_bytes(tmp_path: Path) -> None:
    one, other = written(tmp_path / "one"), written(tmp_path / "other")
    names = sorted(each.relative_to(one) for each in one.rglob("*") if each.is_file())
    assert [(one / name).read_bytes() for name in names] == [(other / name).read_bytes() for name in names]


def test_a_byte_that_is_changed_anywhere_is_found_a_hundred_times_of_a_hundred(tmp_path: Path) -> None:
    folder, dice = written(tmp_path), random.Random(19)
    files = sorted(each for each in folder.rglob("*") if each.is_file())
    for _ in range(100):
        path = dice.choice(files)
        content = path.read_bytes()
        place, bit = dice.randrange(len(content)), 1 << dice.randrange(8)
        path.write_bytes(content[:place] + bytes([content[place] ^ bit]) + content[place + 1 :])
        assert checked(folder).faults, f"{path.name}, byte {place}, bit {bit}"
        path.write_bytes(content)
    assert checked(folder).faults == ()


def _truncated(folder: Path) -> None:
    path = folder / "haproxy" / "haproxy.cfg"
    path.write_bytes(path.read_bytes()[:-1])


def _without_a_file(folder: Path) -> None:
    (folder / "envoy" / "envoy.yaml").unlink()


def _with_a_file_more(folder: Path) -> None:
    (folder / "envoy" / "more.yaml").write_text("")


def _with_shorter_sums(folder: Path) -> None:
    lines = (folder / SUMS).read_text().splitlines(keepends=True)
    (folder / SUMS).write_text("".join(lines[:-1]))


def _without_sums(folder: Path) -> None:
    (folder / SUMS).unlink()


def _with_the_files_of_another_policy(folder: Path) -> None:
    other = replace(sound_policy(), policy_id="another")
    (folder / "policy.json").write_text(bundle_of(other)[1]["policy.json"])


@pytest.mark.parametrize(
    "spoil",
    [
        _truncated,
        _without_a_file,
        _with_a_file_more,
        _with_shorter_sums,
        _without_sums,
        _with_the_files_of_another_policy,
    ],
    ids=lambda spoil: spoil.__name__,
)
def test_what_is_cut_missing_added_or_swapped_is_found(spoil: Callable[[Path], None], tmp_path: Path) -> None:
    folder = written(tmp_path)
    spoil(folder)
    assert checked(folder).faults


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pair of keys without a password, and another pair, made by minisign."""
    if shutil.which("minisign") is None:
        pytest.skip("minisign is not installed; run: make validators")
    folder = tmp_path_factory.mktemp("keys")
    for name in ("own", "other"):
        command = ["minisign", "-G", "-W", "-p", f"{name}.pub", "-s", f"{name}.key"]
        subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return folder


def test_what_costctl_signs_minisign_verifies(keys: Path, tmp_path: Path) -> None:
    (tmp_path / "sums").write_text("content\n")
    key = secret_key((keys / "own.key").read_text(), None)
    (tmp_path / "sums.minisig").write_text(signed(b"content\n", key, "of a test"))
    command = ["minisign", "-V", "-m", "sums", "-p", str(keys / "own.pub")]
    done = subprocess.run(command, cwd=tmp_path, check=False, capture_output=True, text=True)
    assert (done.returncode, "of a test" in done.stdout) == (0, True), done.stderr


def test_what_minisign_signs_costctl_verifies_and_no_other_key_and_nothing_changed(
    keys: Path, tmp_path: Path
) -> None:
    (tmp_path / "sums").write_text("content\n")
    command = ["minisign", "-S", "-m", "sums", "-s", str(keys / "own.key"), "-t", "by hand"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    signature = (tmp_path / "sums.minisig").read_bytes()
    own, other = (public_key((keys / f"{name}.pub").read_text()) for name in ("own", "other"))
    assert fault_in_signature(b"content\n", signature, own) is None
    assert fault_in_signature(b"content\n", signature, other) == "It is signed with another key."
    assert "was changed" in str(fault_in_signature(b"Content\n", signature, own))
    assert "was changed" in str(
        fault_in_signature(b"content\n", signature.replace(b"by hand", b"by hans"), own)
    )
    assert "cannot be read" in str(fault_in_signature(b"content\n", signature[:-20], own))


def test_digests_that_were_made_anew_do_not_deceive_a_signature(keys: Path, tmp_path: Path) -> None:
    key = secret_key((keys / "own.key").read_text(), None)
    public = public_key((keys / "own.pub").read_text())
    folder = written(tmp_path)
    signature = signed((folder / SUMS).read_bytes(), key, "ours")
    (folder / f"{SUMS}.minisig").write_text(signature)
    assert (checked(folder, public).faults, checked(folder, public).is_verified) == ((), True)
    written(folder, replace(sound_policy(), policy_id="another"))
    assert checked(folder).faults == (), "whoever can write all files can write the digests"
    assert "was changed" in " ".join(checked(folder, public).faults)
    (folder / f"{SUMS}.minisig").unlink()
    assert "It is not signed." in checked(folder, public).faults
