"""costctl.coverage/v2: for each value of a policy, what a consumer's file makes of it.

Every leaf of the policy document (by RFC 6901 pointer) has exactly one entry. A valid file may still not be
enforced: the entries say so, and ``conditions`` lists what must be true where the consumer runs.
"""

from __future__ import annotations

from typing import Final, Literal

import msgspec

from costctl.documents.policy import Digest, Id, Text

SCHEMA_VERSION: Final = "costctl.coverage/v2"

ValidatorLevel = Literal["real-code", "real-schema", "hand-schema", "none"]


class Exact(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="status", tag="exact"):
    """The consumer enforces the value exactly. written_as: where in its file."""

    pointer: str
    written_as: str


class Rounded(
    msgspec.Struct,
    frozen=True,
    forbid_unknown_fields=True,
    tag_field="status",
    tag="rounded",
    rename={"from_": "from"},
):
    """The consumer's unit cannot express the value; ``to`` is what it uses."""

    pointer: str
    from_: int | float
    to: int | float
    written_as: str


class Approximated(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="status", tag="approximated"
):
    """The consumer does something near; reason says what differs."""

    pointer: str
    reason: Text
    written_as: str


class Unsupported(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="status", tag="unsupported"
):
    """The consumer cannot do it, and nothing was written."""

    pointer: str
    reason: Text


class NotApplicable(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="status", tag="not_applicable"
):
    """Not meant for this consumer or this file: provenance, or what another backend serves."""

    pointer: str
    reason: Text


Entry = Exact | Rounded | Approximated | Unsupported | NotApplicable


class Consumer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the file is for, and the version that the emitter was written against."""

    name: Text
    version: Text


class Validator(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the project's tests hold such files against. checks: what that finds, and what it does not."""

    name: Text
    version: Text
    level: ValidatorLevel
    checks: Text


class EmittedFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A file that was written."""

    name: Text
    digest: Digest


class MissingValues(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """values: how many values of the policy about this are not carried.  subject: what they are about, in words."""

    subject: Text
    values: int


class Carried(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A manifest in few words. exact, rounded, approximated, unsupported: values of the policy.

    missing: what is not carried, the most important first; its values add up to unsupported.
    """

    exact: int
    rounded: int
    approximated: int
    unsupported: int
    missing: tuple[MissingValues, ...] = ()

    @property
    def nearly(self) -> int:
        """Values that are rounded or approximated."""
        return self.rounded + self.approximated

    def values_beyond(self, named: int) -> int:
        """How many values are not carried, those of the first so many subjects left out."""
        return sum(each.values for each in self.missing[named:])


class CoverageManifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The document written beside an emitted file. policy_digest: of the policy as canonical JSON."""

    schema_version: Literal["costctl.coverage/v2"]
    policy_id: Id
    policy_digest: Digest
    consumer: Consumer
    validator: Validator
    files: tuple[EmittedFile, ...]
    conditions: tuple[Text, ...]
    entries: tuple[Entry, ...]
