"""costctl.policy_verification/v1: which calls broke a policy, by class and rule, with the first."""

from __future__ import annotations

from typing import Final, Literal

import msgspec

from costctl.documents.policy import Id, Text
from costctl.documents.policy_difference import PolicySide
from costctl.documents.provenance import Provenance

SCHEMA_VERSION: Final = "costctl.policy_verification/v1"

Rule = Literal[
    "route", "data boundary", "data in a cache", "data in a batch", "longest wait", "time-out", "attempts",
    "answer tokens", "input tokens", "steps", "calls a minute", "calls in progress", "service tier", "order of service",
]  # fmt: skip


class BrokenBy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A call that broke a rule. trace_id, place: of its request, and its number among the calls of that, from 1.

    at: ns UTC of its start.  said: what was so, in words, without anything of its content.
    """

    trace_id: Text
    place: int
    at_ns: int
    said: Text


class RuleKept(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a class kept one rule. allowed: what the policy says, in words.  checked: calls of which it can be said.

    broken: of these, those that broke it.  unknown: calls whose record does not tell.  examples: the first that broke
    it.  is_required: of a data boundary that is required.
    """

    policy_class: Id
    rule: Rule
    allowed: Text
    checked: int
    broken: int
    unknown: int
    examples: tuple[BrokenBy, ...]
    is_required: bool = False


class PolicyVerification(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """rules: those that were broken first, required data boundaries before others.

    calls: in the traces.  unmatched: of these, calls that no class of the policy takes but the default class.
    first_unmatched: the trace of the earliest of them; null where there is none.
    """

    schema_version: str
    provenance: Provenance
    policy: PolicySide
    calls: int
    unmatched: int
    first_unmatched: str | None
    rules: tuple[RuleKept, ...]

    @property
    def broken(self) -> tuple[RuleKept, ...]:
        """The rules that some call broke."""
        return tuple(each for each in self.rules if each.broken)

    @property
    def leaks(self) -> int:
        """How many required data boundaries were broken."""
        return sum(each.is_required for each in self.broken)
