"""What does a trace show that each interface keeps to? A contract, drafted; what people declared in it is kept.

Laws: the order of files and of records does not matter; what is drafted from a trace is kept by that trace; a draft
that is drafted again from the same trace is the same.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import polars as pl
from msgspec.structs import replace

from costctl.contracts.attributes import ENUMERATED, RANGED, Carried, carried_by, column_of
from costctl.contracts.chance import FEWEST_REQUESTS
from costctl.contracts.declared import kept_alone, with_declared
from costctl.contracts.holding import counted
from costctl.contracts.limits import degraded_of, latency_of, retries_of, success_of, timeout_of
from costctl.contracts.rules import NAME
from costctl.contracts.uses import Uses
from costctl.documents.contract import (
    SCHEMA_VERSION,
    Attribute,
    Contract,
    Drafted,
    Interface,
    Kind,
    Presence,
)

_MOST_VALUES: Final = 12
_MOST_LACKING: Final = 0.05
_SAID: Final = pl.lit("")


def contract_of(uses: Iterable[Uses], drafted: Drafted, before: Contract | None = None) -> Contract:
    """The contract of these interfaces. before: the one whose declared parts are kept."""
    known = {} if before is None else {each.key: each for each in before.interfaces}
    found = [with_declared(interface_of(each), known.pop(each.key, None), each) for each in uses]
    kept = [alone for each in known.values() if (alone := kept_alone(each)) is not None]
    ordered = sorted((*found, *kept), key=lambda each: (-each.requests, each.key))
    return Contract(SCHEMA_VERSION, drafted, tuple(ordered))


def interface_of(uses: Uses) -> Interface:
    """What the trace shows of one."""
    return Interface(
        kind=_kind(uses.kind),
        stage=uses.stage,
        operation=uses.operation,
        name=uses.name,
        requests=uses.requests,
        calls=uses.calls.height,
        success=success_of(uses),
        latency=latency_of(uses),
        timeout=timeout_of(uses),
        retries=retries_of(uses),
        degraded=degraded_of(uses),
        attributes=tuple(_attribute(uses.succeeded(), each) for each in carried_by(uses).values()),
    )


def _kind(written: str) -> Kind:
    kinds: tuple[Kind, ...] = ("model", "tool", "cache", "vector store", "retrieval")
    return next(kind for kind in kinds if kind == written)


def _attribute(calls: pl.DataFrame, carried: Carried) -> Attribute:
    samples = calls["request_id"].n_unique()
    has = counted(calls, carried.is_there(), _SAID).broken
    lacking = counted(calls, ~carried.is_there(), _SAID).broken
    presence: Presence = "required" if lacking <= _MOST_LACKING * samples else "optional"
    if samples < FEWEST_REQUESTS:
        presence = "too few to say"
    plain = Attribute(carried.name, carried.type, presence, "measured", samples, has, lacking)
    if has < FEWEST_REQUESTS:
        return plain
    column = column_of(carried.name)
    if column in ENUMERATED:
        return _with_values(plain, calls, column)
    return _with_range(plain, calls, column) if column in RANGED else plain


def _with_values(attribute: Attribute, calls: pl.DataFrame, column: str) -> Attribute:
    """With its values, where they are few and say nothing but names."""
    text = pl.col(column).cast(pl.String)
    used = calls.group_by(value=text).agg(requests=pl.col("request_id").n_unique()).drop_nulls("value")
    if used.height > _MOST_VALUES or not used["value"].str.contains(NAME).all():
        return attribute
    rare = used.filter(requests=1)["value"]
    outside = counted(calls, text.is_in(rare.implode()), _SAID).broken
    return replace(attribute, values=tuple(used["value"].sort()), outside=outside)


def _with_range(attribute: Attribute, calls: pl.DataFrame, column: str) -> Attribute:
    """With the least and the most, and how many requests alone reach them."""
    per_request = (
        calls.group_by("request_id").agg(low=pl.col(column).min(), high=pl.col(column).max()).drop_nulls()
    )
    low, high = per_request["low"].min(), per_request["high"].max()
    if not isinstance(low, int) or not isinstance(high, int):
        return attribute
    alone = [
        per_request.filter(pl.col(side) == bound)["request_id"]
        for side, bound in (("low", low), ("high", high))
    ]
    outside = {each[0] for each in alone if each.len() == 1}
    return replace(attribute, low=low, high=high, outside=len(outside))
