"""Do traces keep to a contract? Each clause, held against what chance allows, or, where it was declared, as it stands.

In: a contract, the interfaces of a trace. Out: clauses with their outcome.

    measured: broken where the share of requests that break it lies above the draft's by more than chance (``chance``)
    declared: broken by the first request that breaks it; a share of success, where its interval lies below the share

Laws: the trace that a contract was drafted from keeps to it; of two halves of one traffic one keeps to the other's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from costctl.contracts.chance import could_tell, is_more, level_for, more_by
from costctl.contracts.clauses import Held, clauses_of
from costctl.contracts.uses import Uses
from costctl.documents.check import Outcome
from costctl.documents.contract import Contract
from costctl.documents.contract_check import ClauseKept
from costctl.stats.exact_shares import share_bounds

_ORDER: tuple[Outcome, ...] = ("breached", "cannot_say", "passed")


@dataclass(frozen=True, slots=True)
class Kept:
    """clauses: breached ones first.  level: of the intervals."""

    clauses: tuple[ClauseKept, ...]
    level: float
    outcome: Outcome

    def of(self, outcome: Outcome) -> int:
        """How many clauses came to that."""
        return sum(each.outcome == outcome for each in self.clauses)


def kept(contract: Contract, uses: Sequence[Uses], requests: int) -> Kept:
    """Hold a trace to a contract. requests: in the trace."""
    held = tuple(clauses_of(contract, uses, requests))
    level = level_for(sum(each.basis != "declared" or each.least is not None for each in held))
    clauses = [_judged(each, level) for each in held]
    return Kept(tuple(sorted(clauses, key=lambda each: _ORDER.index(each.outcome))), level, _outcome(clauses))


def _judged(held: Held, level: float) -> ClauseKept:
    found = held.found
    by, outcome = _by_chance(held, level)
    return ClauseKept(
        interface=held.of,
        kind=held.kind,
        clause=held.clause,
        attribute=held.attribute,
        allowed=held.allowed,
        basis=held.basis,
        checked=found.checked,
        broken=found.broken,
        unknown=found.unknown,
        drafted_samples=held.drafted[1],
        drafted_broken=held.drafted[0],
        more_by=by,
        outcome=outcome,
        examples=found.examples,
    )


def _by_chance(held: Held, level: float) -> tuple[float | None, Outcome]:
    """The least by which more broke it, and what follows."""
    found = held.found
    if held.least is not None:
        if found.checked == 0:
            return None, "cannot_say"
        low, high = share_bounds(found.checked - found.broken, found.checked, level)
        short = held.least - high
        return short, "breached" if short > 0.0 else "passed" if low >= held.least else "cannot_say"
    if held.basis == "declared":
        if found.checked == 0:
            return None, "cannot_say"
        return None, "breached" if found.broken else "passed"
    share = (found.broken, found.checked)
    by = more_by(share, held.drafted, level)
    if is_more(share, held.drafted, level):
        return by, "breached"
    return by, "passed" if could_tell(found.checked, held.drafted, level) else "cannot_say"


def _outcome(clauses: Sequence[ClauseKept]) -> Outcome:
    """Breached where any is; cannot_say where a declared one cannot be said, or none at all can."""
    outcomes = {each.outcome for each in clauses}
    if "breached" in outcomes:
        return "breached"
    is_untold = any(each.outcome == "cannot_say" and each.basis == "declared" for each in clauses)
    return "cannot_say" if is_untold or "passed" not in outcomes else "passed"
