"""Is a folder still the bundle that was written? By its digests, its documents, and its signature where a key is given.

In: the files of the folder. Out: what is wrong, a sentence each; none where every byte is the one that was written.
Whoever can change all files can change the digests too: only a signature speaks against that.
"""

from __future__ import annotations

import hashlib
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, TypeVar

import msgspec

from costctl.documents.bundle import Bundle
from costctl.documents.policy import Policy
from costctl.errors import InputError
from costctl.policy.bundle import CONTENTS, SUMS, sums_of
from costctl.policy.pointers import policy_digest
from costctl.policy.signature import SUFFIX, PublicKey, fault_in_signature

SIGNATURE: Final = f"{SUMS}{SUFFIX}"
Document = TypeVar("Document", bound=msgspec.Struct)


@dataclass(frozen=True, slots=True)
class CheckedBundle:
    """bundle, policy: None where they cannot be read.  is_signed: a signature lies there.

    is_verified: it was held against a public key, and holds.
    """

    faults: tuple[str, ...]
    bundle: Bundle | None
    policy: Policy | None
    is_signed: bool
    is_verified: bool


def check_bundle(found: Mapping[str, bytes], key: PublicKey | None) -> CheckedBundle:
    """Hold every file of a folder to its digest. found: what lies in it, by path within the folder."""
    files = {name: content for name, content in found.items() if name not in (SUMS, SIGNATURE)}
    sums, signature = found.get(SUMS, b""), found.get(SIGNATURE)
    bundle, policy = _document(files.get(CONTENTS), Bundle), None
    if bundle is not None:
        policy = _document(files.get(bundle.policy), Policy)
    faults = [*_sum_faults(files, sums), *_document_faults(bundle, policy)]
    if key is not None:
        fault = "It is not signed." if signature is None else fault_in_signature(sums, signature, key)
        faults.extend(() if fault is None else (fault,))
    is_verified = key is not None and not faults
    return CheckedBundle(tuple(faults), bundle, policy, signature is not None, is_verified)


def require_unchanged(name: str, content: bytes, sums: bytes | None, folder: str) -> None:
    """Raise InputError where a file of a bundle is not the one whose digest stands there. sums: None where the folder
    is no bundle.
    """
    if sums is not None and (hashlib.sha256(content).hexdigest(), name) not in _lines(sums):
        raise InputError(
            f"The bundle {folder} is not as it was written.",
            why=f"{name} has another digest than {SUMS} says.",
            next_step=f"See what else changed with `costctl policy check {shlex.quote(folder)}`.",
        )


def _sum_faults(files: Mapping[str, bytes], sums: bytes) -> Iterator[str]:
    """How SHA256SUMS differs from what it would be, byte for byte."""
    expected = sums_of(files)
    if sums == expected.encode():
        return
    if not any(_lines(sums)):
        yield f"{SUMS} is missing or empty: nothing says what was written."
        return
    said = {name: digest for digest, name in _lines(sums)}
    there = {name: digest for digest, name in _lines(expected.encode())}
    found = [
        *(
            f"{name} is not what was written."
            for name in sorted(said.keys() & there.keys())
            if said[name] != there[name]
        ),
        *(f"{name} is missing." for name in sorted(said.keys() - there.keys())),
        *(f"{name} was not written by costctl." for name in sorted(there.keys() - said.keys())),
    ]
    yield from found or (f"{SUMS} is not as it was written.",)


def _lines(sums: bytes) -> Iterator[tuple[str, str]]:
    for line in sums.decode("utf-8", "replace").splitlines():
        digest, _, name = line.partition("  ")
        yield digest, name


def _document_faults(bundle: Bundle | None, policy: Policy | None) -> Iterator[str]:
    if bundle is None:
        yield f"{CONTENTS} is missing, or is no bundle."
    elif policy is None:
        yield f"{bundle.policy} is missing, or is no policy."
    elif policy_digest(policy) != bundle.policy_digest:
        yield f"{bundle.policy} is not the policy that {CONTENTS} is of."


def _document(content: bytes | None, kind: type[Document]) -> Document | None:
    try:
        return None if content is None else msgspec.json.decode(content, type=kind)
    except (msgspec.DecodeError, msgspec.ValidationError, UnicodeDecodeError):
        return None
