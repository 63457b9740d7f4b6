"""What the interfaces of traces keep to: a contract is drafted, and traces are held to it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from costctl import __version__
from costctl.documents.contract import Contract, Drafted
from costctl.documents.contract_check import SCHEMA_VERSION, ContractCheck, ContractSide
from costctl.errors import InputError, NotEnoughDataError
from costctl.observation import Observation, Question, observed
from costctl.progress import Progress
from costctl.units import iso_utc

if TYPE_CHECKING:
    from costctl.contracts.uses import Uses

METHODS = {
    "chance": "difference of two shares of requests, exact bounds; all clauses together are wrong in 1% of checks",
    "time-out": "where failed calls were cut, else an upper bound of p99.9 or p99 of those that succeeded",
}


def contract_draft(question: Question, progress: Progress, before: Contract | None = None) -> Contract:
    """The contract that the traces show. before: an earlier one, whose declared parts are kept.

    Raises NotEnoughDataError where the traces show no interface.
    """
    from costctl.contracts.draft import contract_of

    with observed(question, progress) as observation:
        uses = _interfaces(observation, progress)
        requests = observation.engine.fetch("requests", ("request_id", "start_ns"))
        starts = requests["start_ns"].drop_nulls()
        first, last = starts.min(), starts.max()
        drafted = Drafted(
            costctl_version=__version__,
            requests=requests.height,
            window_from=iso_utc(first) if isinstance(first, int) else None,
            window_to=iso_utc(last) if isinstance(last, int) else None,
            inputs=tuple(sorted(each.sha256 for each in observation.inputs)),
        )
        return contract_of(uses, drafted, before)


def contract_check(contract: Path, question: Question, progress: Progress) -> ContractCheck:
    """How the traces keep to a contract. Raises InputError where the file is none, NotEnoughDataError where the traces
    show no interface.
    """
    from costctl.contracts.check import kept
    from costctl.contracts.reading import contract_digest

    asked = contract_at(contract)
    with observed(question, progress) as observation:
        uses = _interfaces(observation, progress)
        requests = observation.engine.fetch("requests", ("request_id",)).height
        found = kept(asked, uses, requests)
        return ContractCheck(
            schema_version=SCHEMA_VERSION,
            provenance=observation.provenance(METHODS),
            contract=ContractSide(
                str(contract), contract_digest(asked), len(asked.interfaces), asked.drafted.requests
            ),
            requests=requests,
            level=found.level,
            outcome=found.outcome,
            breached=found.of("breached"),
            cannot_say=found.of("cannot_say"),
            passed=found.of("passed"),
            clauses=found.clauses,
        )


def contract_at(path: Path) -> Contract:
    """The contract in a file, TOML or JSON. Raises InputError."""
    from costctl.contracts.reading import contract_from_text

    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"Cannot read the contract {path}.",
            why=f"{error}.",
            next_step="Draft one from traces: `costctl contract draft`.",
        ) from error
    return contract_from_text(text, str(path))


def _interfaces(observation: Observation, progress: Progress) -> tuple[Uses, ...]:
    from costctl.contracts.uses import interfaces_in

    calls = observation.engine.fetch("interface_call")
    if calls.height == 0:
        raise NotEnoughDataError(
            "There are no interfaces to speak of.",
            why="No record of the traces is of a call to a model, a tool, a cache, a vector store or a retrieval.",
            next_step="See what was found with `costctl doctor`.",
        )
    progress("Looking at interfaces", None)
    return interfaces_in(calls)
