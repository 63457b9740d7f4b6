"""What does a policy come to for all consumers at once? The files of a folder, and what stands in it.

In: a policy. Out: a ``Bundle``, and by path the text of every file; the same policy gives the same bytes. A consumer
that refuses the policy is left out, with its reason.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import Final

import msgspec

import costctl
from costctl.documents.bundle import SCHEMA_VERSION, Bundle, BundledFile, LeftOut
from costctl.documents.policy import Policy
from costctl.errors import CostctlError, InfeasibleError
from costctl.policy.carried import carried
from costctl.policy.ledger import Emission
from costctl.policy.pointers import policy_digest
from costctl.policy.targets.registry import TARGETS
from costctl.policy.targets.target import Target

POLICY: Final = "policy.json"
CONTENTS: Final = "bundle.json"
SUMS: Final = "SHA256SUMS"


def bundle_of(policy: Policy) -> tuple[Bundle, dict[str, str]]:
    """What stands in the folder, and its files by path, SHA256SUMS last."""
    files = {POLICY: as_text(policy)}
    written: list[BundledFile] = []
    left_out: list[LeftOut] = []
    for target, backend in _asked(policy):
        folder = target.name if backend is None else f"{target.name}/{backend}"
        try:
            emission = target.emit(policy, backend)
        except CostctlError as refused:
            reason, is_boundary = f"{refused.what} {refused.why}", isinstance(refused, InfeasibleError)
            left_out.append(LeftOut(target.name, reason, is_boundary, backend))
            continue
        files |= {f"{folder}/{name}": text for name, text in emission.files.items()}
        entry = _entry(policy, target, emission, folder, backend)
        files[entry.coverage] = as_text(emission.manifest)
        written.append(entry)
    bundle = Bundle(
        schema_version=SCHEMA_VERSION,
        policy_id=policy.policy_id,
        policy_digest=policy_digest(policy),
        tool_version=costctl.__version__,
        policy=POLICY,
        files=tuple(written),
        left_out=tuple(left_out),
    )
    files[CONTENTS] = as_text(bundle)
    files[SUMS] = sums_of({name: text.encode() for name, text in files.items()})
    return bundle, files


def sums_of(files: Mapping[str, bytes]) -> str:
    """Digests as ``sha256sum`` prints them, sorted by path."""
    return "".join(f"{hashlib.sha256(files[name]).hexdigest()}  {name}\n" for name in sorted(files))


def as_text(document: msgspec.Struct) -> str:
    """A document as JSON for people and machines."""
    return msgspec.json.format(msgspec.json.encode(document, order="deterministic"), indent=2).decode() + "\n"


def _asked(policy: Policy) -> Iterator[tuple[Target, str | None]]:
    """Each consumer, and where its file is of one backend, each backend that it may be of."""
    for target in TARGETS:
        if target.takes_backend:
            yield from ((target, each.id) for each in policy.backends if target.suits(each))
        else:
            yield target, None


def _entry(
    policy: Policy, target: Target, emission: Emission, folder: str, backend: str | None
) -> BundledFile:
    path = f"{folder}/{emission.main}"
    return BundledFile(
        path=path,
        coverage=f"{path}.coverage.json",
        target=target.name,
        consumer=emission.manifest.consumer,
        carried=carried(emission.manifest, policy),
        backend=backend,
    )
