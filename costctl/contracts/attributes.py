"""Which attributes do the records of an interface carry, and of which types?

In: calls of the interface. Out: for each attribute an expression that is true of calls that carry it. Columns of the
relation have one type each; of other attributes it is told by how each value is written, and only that is known: no
value of theirs is looked at.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import polars as pl

from costctl.contracts.uses import Uses
from costctl.documents.contract import AttributeType

# By column of interface_call: the name in a contract, where it is another, and the type.
_COLUMNS: Final[Mapping[str, tuple[str, AttributeType]]] = {
    "provider": ("provider", "text"),
    "model": ("model", "text"),
    "finish_reason": ("finish_reason", "text"),
    "service_tier": ("service_tier", "text"),
    "region": ("region", "text"),
    "http_status": ("http_status", "integer"),
    "is_stream": ("is_stream", "boolean"),
    "cache_hit": ("cache_hit", "boolean"),
    "documents": ("documents", "integer"),
    "input_tokens": ("input_tokens", "integer"),
    "cached_input_tokens": ("cached_input_tokens", "integer"),
    "cache_write_tokens": ("cache_write_tokens", "integer"),
    "output_tokens": ("output_tokens", "integer"),
    "reasoning_tokens": ("reasoning_tokens", "integer"),
    "max_tokens": ("max_tokens", "integer"),
    "batch_size": ("batch_size", "integer"),
    "queue_s": ("queue_s", "number"),
    "ttft_s": ("ttft_s", "number"),
    "prefill_s": ("prefill_s", "number"),
    "decode_s": ("decode_s", "number"),
    "storage_bytes": ("storage_bytes", "integer"),
    "has_tenant": ("tenant", "text"),
    "has_session": ("session_id", "text"),
    "has_data_classification": ("data_classification", "text"),
}
# Whose values say how a platform is run, and nothing of a person or of what was asked.
ENUMERATED: Final = ("provider", "model", "finish_reason", "service_tier", "region", "http_status")
RANGED: Final = (
    "documents", "input_tokens", "cached_input_tokens", "cache_write_tokens", "output_tokens", "reasoning_tokens",
    "max_tokens", "batch_size",
)  # fmt: skip
_WIDER: Final[Mapping[AttributeType, frozenset[AttributeType]]] = {
    "boolean": frozenset({"boolean"}),
    "integer": frozenset({"integer"}),
    "number": frozenset({"integer", "number"}),
    "json": frozenset({"json"}),
    "text": frozenset({"boolean", "integer", "number", "json", "text"}),
}


@dataclass(frozen=True, slots=True)
class Carried:
    """One attribute. shapes: the ids of the shapes in which it has each type; None of a column of its own."""

    name: str
    type: AttributeType
    column: str | None = None
    shapes: Mapping[AttributeType, tuple[int, ...]] | None = None

    def is_there(self) -> pl.Expr:
        """Whether a call carries it."""
        if self.column is not None:
            return pl.col(self.column).is_not_null()
        return self._in({each for ids in (self.shapes or {}).values() for each in ids})

    def is_other(self, wanted: AttributeType) -> pl.Expr:
        """Whether a call carries it with a value that is not of the type."""
        if self.column is not None:
            return pl.lit(value=self.type not in _WIDER[wanted]) & self.is_there()
        shapes = (self.shapes or {}).items()
        return self._in({each for kind, ids in shapes if kind not in _WIDER[wanted] for each in ids})

    @staticmethod
    def _in(ids: set[int]) -> pl.Expr:
        return pl.col("shape_id").is_in(sorted(ids)) if ids else pl.lit(value=False)


def carried_by(uses: Uses) -> dict[str, Carried]:
    """Every attribute that some successful call of the interface carries, by name."""
    calls = uses.succeeded()
    found = {
        name: Carried(name, kind, column=column)
        for column, (name, kind) in _COLUMNS.items()
        if calls[column].null_count() < calls.height
    }
    by_name: dict[str, dict[AttributeType, list[int]]] = {}
    for number in sorted(calls["shape_id"].unique()):
        for line in filter(None, uses.shapes[number].split("\n")):
            name, _, kind = line.rpartition("=")
            by_name.setdefault(name, {}).setdefault(_type(kind), []).append(number)
    for name, types in sorted(by_name.items()):
        if name not in found:
            shapes = {kind: tuple(ids) for kind, ids in types.items()}
            found[name] = Carried(name, _narrowest(frozenset(types)), shapes=shapes)
    return found


def column_of(name: str) -> str | None:
    """The column of an attribute that has one."""
    return next((column for column, (known, _) in _COLUMNS.items() if known == name), None)


def nowhere(name: str) -> Carried:
    """An attribute that no call carries."""
    return Carried(name, "text", shapes={})


def _type(written: str) -> AttributeType:
    return next(kind for kind in _WIDER if kind == written)


def _narrowest(types: frozenset[AttributeType]) -> AttributeType:
    """The first type that takes in all of them."""
    return next(kind for kind, within in _WIDER.items() if types <= within)
