"""How many tokens did a call take in and give out, whichever way its dialect counts them?

Shape in: the token columns as attributes gave them, and which spans' counts leave out cached or reasoning
tokens.  Shape out: one algebra: input = uncached + cached + cache write; output includes reasoning. Spans
whose counts cannot be so are named.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from costctl.ingest.attribute_columns import TakenColumns
from costctl.ingest.formats.nested_arrow import Mask, integers, is_present

TOKEN_COLUMNS = (
    "input_tokens",
    "cached_input_tokens",
    "cache_write_tokens",
    "cache_write_1h_tokens",
    "input_audio_tokens",
    "cached_audio_tokens",
    "output_tokens",
    "reasoning_tokens",
    "output_audio_tokens",
)

_PARTS = (
    ("cache_write_1h_tokens", "cache_write_tokens"),
    ("cached_audio_tokens", "cached_input_tokens"),
    ("cached_audio_tokens", "input_audio_tokens"),
    ("input_audio_tokens", "input_tokens"),
    ("output_audio_tokens", "output_tokens"),
)


def total_tokens(columns: dict[str, pa.Array], taken: TakenColumns) -> None:
    """Adds to input and output what the dialect counts apart; a cap below zero is none. Changes the columns
    in place.
    """
    if "max_tokens" in columns:
        cap = columns["max_tokens"]
        columns["max_tokens"] = pc.if_else(pc.less(cap, 0), pa.scalar(None, cap.type), cap)
    added = (
        ("input_tokens", ("cached_input_tokens", "cache_write_tokens"), lambda rule: rule.excludes_cache),
        ("output_tokens", ("reasoning_tokens",), lambda rule: rule.excludes_reasoning),
    )
    for total, parts, is_apart in added:
        apart = taken.flagged(total, is_apart)
        if apart is None:
            continue
        for part in parts:
            if part in columns:
                more = np.where(apart, integers(columns[part]), 0)
                columns[total] = pc.add(columns[total], pa.array(more))


def contradictory_tokens(columns: dict[str, pa.Array]) -> list[tuple[str, str, Mask]]:
    """Code, message and spans of each contradiction: counts below zero, parts above their whole."""
    found = [_below_zero(columns, name) for name in TOKEN_COLUMNS if name in columns]
    negative = ("negative_tokens", "A token count is below zero.")
    contradictions = [(*negative, mask) for mask in found]
    if "input_tokens" in columns:
        total = columns["input_tokens"]
        parts = sum(
            (
                integers(columns[name])
                for name in ("cached_input_tokens", "cache_write_tokens")
                if name in columns
            ),
            np.zeros(len(total), dtype=np.int64),
        )
        contradictions.append(
            (
                "negative_uncached_tokens",
                "More input tokens were cached than there were input tokens.",
                is_present(total) & (parts > integers(total)),
            )
        )
    contradictions += [
        (f"too_many_{part}", f"More {_words(part)} than {_words(whole)}.", _exceeds(columns, part, whole))
        for part, whole in _PARTS
        if part in columns and whole in columns
    ]
    return contradictions


def _words(column: str) -> str:
    return column.replace("_", " ")


def _exceeds(columns: dict[str, pa.Array], part: str, whole: str) -> Mask:
    """Spans whose part is larger than its whole, where both are known."""
    return is_present(columns[whole]) & (integers(columns[part]) > integers(columns[whole]))


def _below_zero(columns: dict[str, pa.Array], name: str) -> Mask:
    return integers(columns[name]) < 0
