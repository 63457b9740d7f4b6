"""What does a contract ask of each interface, and how do these traces stand to it?

In: a contract, the interfaces of a trace. Out: every clause with the requests that could be checked, broke it, or do
not tell. Whether that is more than chance allows is said in ``check``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import polars as pl

from costctl.contracts.attributes import Carried, carried_by, column_of, nowhere
from costctl.contracts.holding import NOTHING, Counted, counted
from costctl.contracts.rules import failures, longer_than, otherwise_than, shown, tried_more_than
from costctl.contracts.uses import Uses
from costctl.documents.contract import Attribute, Basis, Contract, Interface, Kind
from costctl.documents.contract_check import Clause
from costctl.policy.setting_words import duration
from costctl.units import US_PER_S

_MODES = {
    "retried": "a retry succeeds",
    "fallback": "another interface answers",
    "went on": "the request goes on without it",
    "failed": "the request fails",
}


@dataclass(frozen=True, slots=True)
class Held:
    """One clause. of: the interface.  found: in the traces.  drafted: broken and samples of the draft.

    least: of a declared share of success, which is held to an interval; None of all others.
    """

    of: str
    kind: Kind
    clause: Clause
    allowed: str
    basis: Basis
    found: Counted
    drafted: tuple[int, int]
    attribute: str | None = None
    least: float | None = None


def clauses_of(contract: Contract, uses: Sequence[Uses], requests: int) -> Iterator[Held]:
    """Every clause, in the order of the contract; interfaces that it does not know come last. requests: of the traces.

    An interface that is not used is held to nothing but that it is.
    """
    used = {each.key: each for each in uses}
    for interface in contract.interfaces:
        found = used.pop(interface.key, None)
        yield _in_use(interface, found, requests, contract.drafted.requests)
        if found is not None:
            yield from _limits(interface, found)
            yield from _attributes(interface, found)
    for new in used.values():
        is_used = counted(new.calls, pl.lit(value=True), pl.lit("used"))
        yield Held(
            label_of(new),
            _kind(new),
            "new interface",
            "not used",
            "measured",
            Counted(requests, is_used.broken, 0, is_used.examples),
            (0, contract.drafted.requests),
        )


def label_of(uses: Uses) -> str:
    """How an interface of a trace is called, as one of a contract."""
    return Interface(_kind(uses), uses.stage, uses.operation, uses.name).label


def _kind(uses: Uses) -> Kind:
    kinds: tuple[Kind, ...] = ("model", "tool", "cache", "vector store", "retrieval")
    return next(kind for kind in kinds if kind == uses.kind)


def _in_use(interface: Interface, found: Uses | None, requests: int, drafted_requests: int) -> Held:
    """Broken by every request where none uses it."""
    return Held(
        interface.label,
        interface.kind,
        "in use",
        "is used",
        interface.basis,
        Counted(requests, requests if found is None else 0),
        (drafted_requests - interface.requests, drafted_requests),
    )


def _limits(interface: Interface, uses: Uses) -> Iterator[Held]:
    """How often it fails, how long it takes, how often it is tried, what becomes of a failure."""
    of, kind, calls = interface.label, interface.kind, uses.calls
    success, timeout, retries, degraded = (
        interface.success,
        interface.timeout,
        interface.retries,
        interface.degraded,
    )
    if success.basis != "default":
        drafted, least = (success.broken, success.samples), success.least
        allowed = "as in the draft"
        if success.basis == "declared":
            allowed = (
                "no request with a failed call"
                if least is None
                else f"at least {least:.4g} without a failed call"
            )
        yield Held(of, kind, "success", allowed, success.basis, failures(calls), drafted, least=least)
    if timeout.value_s is not None:
        drafted = (timeout.broken, timeout.samples)
        allowed = f"at most {duration(round(timeout.value_s * US_PER_S))}"
        yield Held(of, kind, "time-out", allowed, timeout.basis, longer_than(calls, timeout.value_s), drafted)
    if retries.most is not None:
        drafted = (retries.broken, retries.samples)
        found = tried_more_than(calls, retries.most)
        yield Held(of, kind, "attempts", f"at most {retries.most + 1:,}", retries.basis, found, drafted)
    if degraded.mode is not None:
        drafted = (degraded.broken, degraded.samples)
        found = otherwise_than(calls, degraded.mode)
        yield Held(of, kind, "after a failure", _MODES[degraded.mode], degraded.basis, found, drafted)


def _attributes(interface: Interface, uses: Uses) -> Iterator[Held]:
    """The schema, of calls that succeeded: a failed one need not carry an answer."""
    calls, there = uses.succeeded(), carried_by(uses)
    for each in interface.attributes:
        carried = there.pop(each.name, None)
        yield from _presence(interface, each, calls, carried)
        if carried is not None:
            yield from _values(interface, each, calls, carried)
    samples = max((each.samples for each in interface.attributes), default=interface.requests)
    for name, carried in there.items():
        found = counted(calls, carried.is_there(), pl.lit(f"carries it, {carried.type}"))
        yield Held(
            interface.label,
            interface.kind,
            "attribute new",
            "not carried",
            "measured",
            found,
            (0, samples),
            name,
        )


def _presence(
    interface: Interface, attribute: Attribute, calls: pl.DataFrame, carried: Carried | None
) -> Iterator[Held]:
    """Of what is not required only its disappearance breaks the contract."""
    found = counted(calls, ~(carried or nowhere(attribute.name)).is_there(), pl.lit("does not carry it"))
    if attribute.presence != "required":
        if attribute.basis == "declared":
            return
        found = NOTHING if calls.height == 0 else found if carried is None else Counted(found.checked, 0)
    yield Held(
        interface.label,
        interface.kind,
        "attribute missing",
        attribute.presence if attribute.presence == "required" else "not gone",
        attribute.basis,
        found,
        (attribute.lacking, attribute.samples),
        attribute.name,
    )


def _values(
    interface: Interface, attribute: Attribute, calls: pl.DataFrame, carried: Carried
) -> Iterator[Held]:
    """The type, the values or the range of what is there."""

    def held(clause: Clause, allowed: str, found: Counted, broken: int) -> Held:
        drafted = (broken, attribute.carried)
        return Held(
            interface.label, interface.kind, clause, allowed, attribute.basis, found, drafted, attribute.name
        )

    is_there, column = carried.is_there(), column_of(attribute.name)
    other = counted(calls, carried.is_other(attribute.type), pl.lit(f"not {attribute.type}"), is_there)
    yield held("type", attribute.type, other, 0)
    untold = Counted(0, 0, calls["request_id"].n_unique())
    if attribute.values is not None:
        found = untold
        if column is not None:
            is_outside = ~pl.col(column).cast(pl.String).is_in(list(attribute.values))
            found = counted(calls, is_outside, shown(column), is_there)
        yield held("values", ", ".join(attribute.values), found, attribute.outside)
    low, high = attribute.low, attribute.high
    if low is not None or high is not None:
        found = untold
        if column is not None:
            value = pl.col(column).cast(pl.Float64, strict=False)
            is_outside = (value < (low if low is not None else value)) | (
                value > (high if high is not None else value)
            )
            found = counted(calls, is_outside, pl.col(column), is_there & value.is_not_null())
        yield held("range", _range(low, high), found, attribute.outside)


def _range(low: float | None, high: float | None) -> str:
    if low is None:
        return f"at most {high:,.6g}"
    return f"at least {low:,.6g}" if high is None else f"{low:,.6g} to {high:,.6g}"
