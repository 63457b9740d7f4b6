"""What becomes of each value of a policy in a consumer's file?

In: a policy, and what an emitter says of its values. Out: the entries of a coverage manifest, exactly one for
each leaf. An emitter that says nothing of a value, or speaks of one that is not there, is a bug and fails.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from costctl.documents.coverage import (
    SCHEMA_VERSION,
    Approximated,
    Consumer,
    CoverageManifest,
    EmittedFile,
    Entry,
    Exact,
    NotApplicable,
    Rounded,
    Unsupported,
    Validator,
)
from costctl.documents.policy import Policy
from costctl.policy.pointers import leaf_pointers, policy_digest

_DECLARED: Final = "What its place keeps, as declared: every class was held to it before."
_TOLD: Final = "Its name in the analysis; requests are told by the header in match."


@dataclass(frozen=True, slots=True)
class Emission:
    """Files for a consumer, by name, and what they carry. main: the name of the file to load.

    contents: what stands in it: how many of what, in the singular.
    """

    files: dict[str, str]
    manifest: CoverageManifest
    main: str
    contents: tuple[tuple[int, str], ...] = ()


class Ledger:
    """Collects one entry for each leaf; the first that speaks of a leaf has said it, so say details first."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._entries: dict[str, Entry | None] = dict.fromkeys(leaf_pointers(policy))

    def exact(self, pointer: str, written_as: str) -> None:
        """The values at or under the pointer are held to as they are."""
        self._say(pointer, lambda leaf: Exact(pointer=leaf, written_as=written_as))

    def rounded(self, pointer: str, before: int, after: int, written_as: str) -> None:
        """The value at the pointer is held as ``after``."""
        self._say(pointer, lambda leaf: Rounded(pointer=leaf, from_=before, to=after, written_as=written_as))

    def approximated(self, pointer: str, reason: str, written_as: str) -> None:
        """Something near the values at or under the pointer is done."""
        self._say(pointer, lambda leaf: Approximated(pointer=leaf, reason=reason, written_as=written_as))

    def unsupported(self, pointer: str, reason: str) -> None:
        """Nothing is done about the values at or under the pointer."""
        self._say(pointer, lambda leaf: Unsupported(pointer=leaf, reason=reason))

    def not_applicable(self, pointer: str, reason: str) -> None:
        """The values at or under the pointer are not meant for this file."""
        self._say(pointer, lambda leaf: NotApplicable(pointer=leaf, reason=reason))

    def provenance(self) -> None:
        """What every target says alike of the parts that tell where the policy comes from."""
        reason = "Tells where the policy comes from; changes nothing that is served."
        for pointer in ("/schema_version", "/policy_id", "/generated", "/expected", "/evidence"):
            if self.has(pointer):
                self.not_applicable(pointer, reason)
        for index in range(len(self._policy.backends)):
            if self.has(f"/backends/{index}/keeps"):
                self.not_applicable(f"/backends/{index}/keeps", _DECLARED)
        for index in range(len(self._policy.classes)):
            if self.has(f"/classes/{index}/data_classification"):
                self.not_applicable(f"/classes/{index}/data_classification", _TOLD)
        for section, items in (("backends", self._policy.backends), ("classes", self._policy.classes)):
            for index in range(len(items)):
                for part in ("why", "calls", "answers_as"):
                    if self.has(f"/{section}/{index}/{part}"):
                        self.not_applicable(f"/{section}/{index}/{part}", reason)
        self.unsupported(
            "/validity", "The consumer keeps a file until another replaces it; renew it in time."
        )

    def has(self, pointer: str) -> bool:
        """Whether the document has a value at or under the pointer."""
        return any(_is_at_or_under(leaf, pointer) for leaf in self._entries)

    def manifest(
        self,
        *,
        consumer: Consumer,
        validator: Validator,
        files: Mapping[str, str],
        conditions: tuple[str, ...],
    ) -> CoverageManifest:
        """The manifest. Raises ValueError, a bug in an emitter, where a leaf was not spoken of."""
        silent = [leaf for leaf, entry in self._entries.items() if entry is None]
        if silent:
            raise ValueError(f"nothing is said of {', '.join(silent)}")
        return CoverageManifest(
            schema_version=SCHEMA_VERSION,
            policy_id=self._policy.policy_id,
            policy_digest=policy_digest(self._policy),
            consumer=consumer,
            validator=validator,
            files=tuple(
                EmittedFile(name=name, digest=digest_of(text)) for name, text in sorted(files.items())
            ),
            conditions=conditions,
            entries=tuple(entry for entry in self._entries.values() if entry is not None),
        )

    def _say(self, pointer: str, entry_for: Callable[[str], Entry]) -> None:
        leaves = [leaf for leaf in self._entries if _is_at_or_under(leaf, pointer)]
        if not leaves:
            raise ValueError(f"the policy has nothing at {pointer}")
        for leaf in leaves:
            if self._entries[leaf] is None:
                self._entries[leaf] = entry_for(leaf)


def digest_of(text: str) -> str:
    """SHA-256 of a file."""
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def _is_at_or_under(leaf: str, pointer: str) -> bool:
    return leaf == pointer or leaf.startswith(pointer + "/")
