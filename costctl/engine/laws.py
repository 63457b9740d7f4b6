"""Do the relations keep the laws of sql/checks? Asked wherever frames are built, so that no figure rests on a breach.

In: an engine. Out: nothing, or BrokenLawError with the law, how many rows break it, and the first of them.
"""

from __future__ import annotations

import hashlib
from typing import Final

import polars as pl

from costctl.engine.protocol import Engine
from costctl.errors import BrokenLawError
from costctl.relations import Relation, build_order, load_relations

_SHOWN: Final = 3  # rows of the evidence
_OUR_WORDS: Final = ("total",)  # columns whose texts are written in the check itself
_HASH_DIGITS: Final = 16  # as of content that ingest replaces by its hash


def require_lawful(engine: Engine) -> None:
    """Raise BrokenLawError where a relation breaks a law of sql/checks."""
    broken = [(check, rows) for check in _checks() if not (rows := engine.check(check.name)).is_empty()]
    if not broken:
        return
    check, rows = broken[0]
    others = ", ".join(_law(other) for other, _ in broken[1:])
    raise BrokenLawError.of(
        f"{_law(check)}.",
        f"sql/checks/{check.name}.sql finds {check.question} There are {rows.height:,}; the first: {_first(rows)}."
        + (f" Broken as well: {others}." if others else ""),
    )


def _checks() -> list[Relation]:
    """Those that rest on the fewest relations first: a fault goes on into what is built on it."""
    relations = load_relations("duckdb")
    checks = [relation for relation in relations.values() if relation.layer == "checks"]
    return sorted(checks, key=lambda check: len(build_order(relations, check.name)))


def _law(check: Relation) -> str:
    """The name of a check says what should hold."""
    return check.name.replace("_", " ")


def _first(rows: pl.DataFrame) -> str:
    """The first rows in words, texts hashed: request_id 4, classes 2; …"""
    return "; ".join(
        ", ".join(f"{name} {value if name in _OUR_WORDS else _shown(value)}" for name, value in row.items())
        for row in rows.head(_SHOWN).iter_rows(named=True)
    )


def _shown(value: object) -> str:
    """Numbers as they are; a text, which may be content, as its hash."""
    if value is None:
        return "not observed"
    if isinstance(value, float):
        return f"{value:.12g}"
    if isinstance(value, str):
        return "sha256:" + hashlib.sha256(value.encode()).hexdigest()[:_HASH_DIGITS]
    return str(value)
