"""costctl.bundle/v1: one policy as the files of all consumers, in a folder.

It lies in the folder as bundle.json; SHA256SUMS beside it has the digest of every file, bundle.json among them, as
``sha256sum --check`` reads it.
"""

from __future__ import annotations

from typing import Final, Literal

import msgspec

from costctl.documents.coverage import Carried, Consumer
from costctl.documents.policy import Digest, Id, Text

SCHEMA_VERSION: Final = "costctl.bundle/v1"


class BundledFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A consumer's file. path: within the folder, with ``/``.  coverage: the path of its manifest.

    backend: the one that it configures, where it is of one.
    """

    path: Text
    coverage: Text
    target: Text
    consumer: Consumer
    carried: Carried
    backend: Id | None = None


class LeftOut(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A consumer for whom nothing was written. reason: sentences.

    is_boundary: it could not keep a required data boundary.
    """

    target: Text
    reason: Text
    is_boundary: bool
    backend: Id | None = None


class Bundle(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What lies in the folder, and what does not. policy: the path of the policy document."""

    schema_version: Literal["costctl.bundle/v1"]
    policy_id: Id
    policy_digest: Digest
    tool_version: Text
    policy: Text
    files: tuple[BundledFile, ...]
    left_out: tuple[LeftOut, ...]
