"""costctl.policy_explanation/v1: what a class, a backend or a whole policy says, and what each setting rests on."""

from __future__ import annotations

from typing import Final

import msgspec

from costctl.documents.policy import Expectation, PolicyEvidence, Text
from costctl.documents.policy_difference import PolicySide

SCHEMA_VERSION: Final = "costctl.policy_explanation/v1"


class SettingExplained(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """of: such as "class chat".  value: in words.  facts: what it rests on; none where the policy names nothing.

    pointer: into the policy.
    """

    of: Text
    setting: Text
    value: str
    facts: tuple[PolicyEvidence, ...]
    pointer: str


class PolicyExplanation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """asked: what was asked about; null for all of the policy.  expected: what changes are expected to do there.

    request_classes: of the classes that were asked about, for ``costctl explain``, which goes on to requests.  advice:
    ids of recommendations that settings rest on, for ``costctl recommend --show``.
    """

    schema_version: str
    policy: PolicySide
    asked: str | None
    settings: tuple[SettingExplained, ...]
    expected: tuple[Expectation, ...]
    request_classes: tuple[str, ...]
    advice: tuple[str, ...]
