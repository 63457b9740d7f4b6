"""How many tokens did a call take in and give out, whichever way its source counts them?

Shape in: for each quantity the claims that a record makes of it, one for each name that it stands under, and the
convention that the name counts by. Shape out: one algebra: input = uncached + cached + cache write; output includes
reasoning; audio, images, video and hour-long cache writes are parts. Spans, logs and every mapping come through here.

A record's own arithmetic decides (docs/explanation/decisions/0015): its total says whether input holds what a cache
served and output what was reasoned, whatever the dialect says; so do parts that are larger than their whole. A zero
gives way to a number for the same quantity. What contradicts itself is unknown: NULL, with its keys named.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa

from costctl.arrays import Bools, Ints
from costctl.ingest.usage_candidates import Candidates, alone, candidates, together

MODALITIES: Final = ("audio", "image", "video")
# What dialects and mappings may name, and no span keeps: they decide what the kept ones are.
WITNESSES: Final = ("total_tokens", "input_text_tokens", "output_text_tokens", "cache_write_5m_tokens")
_INPUT_PARTS: Final = (
    "cached_input_tokens",
    "cache_write_tokens",
    "cache_write_1h_tokens",
    *(f"input_{kind}_tokens" for kind in MODALITIES),
    *(f"cached_{kind}_tokens" for kind in MODALITIES),
)
_OUTPUT_PARTS: Final = ("reasoning_tokens", *(f"output_{kind}_tokens" for kind in MODALITIES))
TOKEN_COLUMNS: Final = ("input_tokens", *_INPUT_PARTS, "output_tokens", *_OUTPUT_PARTS)
CLAIMED: Final = (*TOKEN_COLUMNS, *WITNESSES)
BETWEEN_KEYS: Final = " "


@dataclass(frozen=True, slots=True)
class Claim:
    """What one name says of one quantity. values: int64, one a record.  known: where the record has the name.

    excludes_cache, excludes_reasoning: the name leaves out what a cache served and what was written to it, or what was
    reasoned.
    """

    key: str
    values: Ints
    known: Bools
    excludes_cache: bool = False
    excludes_reasoning: bool = False


Claims = Mapping[str, Sequence[Claim]]


@dataclass(frozen=True, slots=True)
class Usage:
    """Counts by column, NULL where not observed or contradictory, and the keys that contradict each other."""

    columns: dict[str, pa.Array]
    conflict: pa.StringArray | None


@dataclass(slots=True)
class _Count:
    """One quantity. torn: the names that it stands under contradict each other, or it is below zero."""

    values: Ints
    known: Bools
    torn: Bools


def resolved_usage(claims: Claims, rows: int, has_no_output: Bools | None = None) -> Usage:
    """The usage of each record. has_no_output: records of calls that give no tokens out, such as embeddings."""
    if not any(claims.get(name) for name in CLAIMED):
        return Usage({}, None)
    counts = {
        name: _agreed(claims.get(name, ()), rows)
        for name in (*_INPUT_PARTS, *_OUTPUT_PARTS, "cache_write_5m_tokens")
    }
    _settle_writes(counts)
    torn_in = _torn(counts, _INPUT_PARTS) | _overfull_parts(counts)
    torn_out = _torn(counts, _OUTPUT_PARTS)
    taken_in = _input_candidates(claims, counts, rows)
    given_out = _output_candidates(claims, counts, rows)
    totals = [(claim.values, claim.known & (claim.values > 0)) for claim in claims.get("total_tokens", ())]
    if totals:
        nothing = np.zeros(rows, dtype=np.bool_) if has_no_output is None else has_no_output
        into, out = together(taken_in, given_out, totals, nothing)
    else:
        into, out = alone(taken_in), alone(given_out)
    torn_in |= into.torn
    torn_out |= out.torn
    counts["input_tokens"] = _Count(into.values, into.found, torn_in)
    counts["output_tokens"] = _Count(out.values, out.found, torn_out)
    columns = _columns(counts, claims, torn_in, torn_out)
    return Usage(columns, _conflicts(claims, torn_in, torn_out))


def _agreed(claims: Sequence[Claim], rows: int) -> _Count:
    """What the names of one quantity say together: a zero gives way to a number, two numbers contradict each other."""
    values, known = np.zeros(rows, dtype=np.int64), np.zeros(rows, dtype=np.bool_)
    torn = np.zeros(rows, dtype=np.bool_)
    for claim in claims:
        torn |= claim.known & (
            (claim.values < 0) | ((values != 0) & (claim.values != 0) & (values != claim.values))
        )
        values = np.where(claim.known & (values == 0), claim.values, values)
        known |= claim.known
    return _Count(values, known, torn)


def _settle_writes(counts: dict[str, _Count]) -> None:
    """Cache writes are those that are kept for minutes and those that are kept for an hour."""
    written, short, long = (
        counts[name] for name in ("cache_write_tokens", "cache_write_5m_tokens", "cache_write_1h_tokens")
    )
    if not (short.known.any() or long.known.any()):
        return
    parts = short.values + long.values
    is_from_parts = (parts > 0) & (written.values == 0)
    has_rest = short.known & ~long.known & (written.values > short.values) & (short.values > 0)
    long.values = np.where(has_rest, written.values - short.values, long.values)
    long.known = long.known | has_rest
    written.torn |= short.torn | (
        ~is_from_parts & (parts > 0) & short.known & ~has_rest & (written.values != parts)
    )
    written.values = np.where(is_from_parts, parts, written.values)
    written.known |= is_from_parts


def _torn(counts: dict[str, _Count], names: Sequence[str]) -> Bools:
    torn = counts[names[0]].torn.copy()
    for name in names[1:]:
        torn |= counts[name].torn
    return torn


def _overfull_parts(counts: dict[str, _Count]) -> Bools:
    """Parts of parts that are larger than what they are part of."""
    pairs = [("cache_write_1h_tokens", "cache_write_tokens")]
    pairs += [(f"cached_{kind}_tokens", "cached_input_tokens") for kind in MODALITIES]
    pairs += [(f"cached_{kind}_tokens", f"input_{kind}_tokens") for kind in MODALITIES]
    overfull = np.zeros(len(counts["cached_input_tokens"].values), dtype=np.bool_)
    for part, whole in pairs:
        if counts[part].known.any():
            overfull |= counts[whole].known & (counts[part].values > counts[whole].values)
    return overfull


def _input_candidates(claims: Claims, counts: dict[str, _Count], rows: int) -> Candidates:
    said = [
        (claim.values, claim.known, 3 if claim.excludes_cache else 0)
        for claim in claims.get("input_tokens", ())
    ]
    said += _by_modality(claims, counts, "input", rows)
    cached, written = counts["cached_input_tokens"].values, counts["cache_write_tokens"].values
    steps = [np.zeros(rows, dtype=np.int64), cached, written, cached + written]
    least = np.maximum(cached + written, _modal_sum(counts, "input"))
    return candidates(said, steps, least)


def _output_candidates(claims: Claims, counts: dict[str, _Count], rows: int) -> Candidates:
    said = [
        (claim.values, claim.known, int(claim.excludes_reasoning))
        for claim in claims.get("output_tokens", ())
    ]
    said += _by_modality(claims, counts, "output", rows)
    reasoned = counts["reasoning_tokens"].values
    steps = [np.zeros(rows, dtype=np.int64), reasoned]
    return candidates(said, steps, np.maximum(reasoned, _modal_sum(counts, "output")))


def _modal_sum(counts: dict[str, _Count], way: str) -> Ints:
    first, *others = (counts[f"{way}_{kind}_tokens"].values for kind in MODALITIES)
    return sum(others, first)


def _by_modality(
    claims: Claims, counts: dict[str, _Count], way: str, rows: int
) -> list[tuple[Ints, Bools, int]]:
    """What text and the other modalities sum to, which is one more name of the whole."""
    text = claims.get(f"{way}_text_tokens", ())
    if not text:
        return []
    said = _agreed(text, rows)
    return [(said.values + _modal_sum(counts, way), said.known & ~said.torn, 0)]


def _columns(
    counts: dict[str, _Count], claims: Claims, torn_in: Bools, torn_out: Bools
) -> dict[str, pa.Array]:
    """The counts as columns; of a side that contradicts itself none is known."""
    columns = {}
    for name in TOKEN_COLUMNS:
        count = counts[name]
        if not (claims.get(name) or count.known.any()):
            continue
        torn = torn_in if name in _INPUT_PARTS or name == "input_tokens" else torn_out
        columns[name] = pa.array(count.values, mask=~count.known | torn)
    return columns


def _conflicts(claims: Claims, torn_in: Bools, torn_out: Bools) -> pa.StringArray | None:
    """For each record whose counts contradict each other the keys of those that it has."""
    torn = np.flatnonzero(torn_in | torn_out)
    if len(torn) == 0:
        return None
    sides = (
        (torn_in, ("input_tokens", *_INPUT_PARTS, "cache_write_5m_tokens", "input_text_tokens")),
        (torn_out, ("output_tokens", *_OUTPUT_PARTS, "output_text_tokens")),
        (torn_in | torn_out, ("total_tokens",)),
    )
    texts: list[str | None] = [None] * len(torn_in)
    for row in torn.tolist():
        keys = [
            claim.key
            for is_torn, names in sides
            if is_torn[row]
            for name in names
            for claim in claims.get(name, ())
            if claim.known[row] and claim.values[row] != 0
        ]
        texts[row] = BETWEEN_KEYS.join(dict.fromkeys(keys))
    return pa.array(texts, pa.string())
