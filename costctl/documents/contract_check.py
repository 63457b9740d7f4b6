"""costctl.contract_check/v1: how traces keep to a contract of their interfaces, clause by clause."""

from __future__ import annotations

from typing import Final, Literal

import msgspec

from costctl.documents.check import Outcome
from costctl.documents.contract import Basis, Kind
from costctl.documents.policy import Digest, Text
from costctl.documents.policy_verification import BrokenBy
from costctl.documents.provenance import Provenance

SCHEMA_VERSION: Final = "costctl.contract_check/v1"

Clause = Literal[
    "in use", "new interface", "attribute missing", "attribute new", "type", "values", "range", "success", "time-out",
    "attempts", "after a failure",
]  # fmt: skip


class ContractSide(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The contract. name: what it was called when it was asked about.  interfaces: in it.  requests: it was drafted
    from.
    """

    name: Text
    digest: Digest
    interfaces: int
    requests: int


class ClauseKept(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How an interface kept one clause. attribute: that it is about, null of others.  allowed: what the contract says,
    in words.

    checked: requests of which it can be said.  broken: of these, those that broke it.  unknown: requests whose records
    do not tell.  basis: measured, where the draft's own requests are what chance is judged by, or declared.
    drafted_samples, drafted_broken: requests of the draft, and those of them that broke it.  more_by: the least by
    which the share that broke it is above the draft's, at the level of the check, or of success the least by which it
    is short; negative where chance may be all of it; null of what is declared for each request, and where either has
    none.

    outcome: breached where more than chance allows broke it, or, of what is declared, any; cannot_say where no request
    tells, or too few for chance to be ruled out even if all broke it.  examples: the first that broke it, one call a
    request; place is among the uses of the interface.
    """

    interface: Text
    kind: Kind
    clause: Clause
    attribute: str | None
    allowed: Text
    basis: Basis
    checked: int
    broken: int
    unknown: int
    drafted_samples: int
    drafted_broken: int
    more_by: float | None
    outcome: Outcome
    examples: tuple[BrokenBy, ...]


class ContractCheck(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """clauses: breached ones first, then those that cannot be said, each in the order of the contract.

    level: of the intervals that clauses are judged by, so that all of them together are wrong once in a hundred checks.
    outcome: breached where any clause is; cannot_say where none is and a declared one cannot be said, or none at all
    can.
    """

    schema_version: str
    provenance: Provenance
    contract: ContractSide
    requests: int
    level: float
    outcome: Outcome
    breached: int
    cannot_say: int
    passed: int
    clauses: tuple[ClauseKept, ...]

    @property
    def broken(self) -> tuple[ClauseKept, ...]:
        """The clauses that were broken beyond chance."""
        return tuple(each for each in self.clauses if each.outcome == "breached")

    @property
    def untold(self) -> int:
        """How many declared clauses cannot be said."""
        return sum(each.outcome == "cannot_say" and each.basis == "declared" for each in self.clauses)
