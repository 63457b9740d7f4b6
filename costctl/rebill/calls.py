"""What decides the bill of each call that is bought? Arrays over calls, in the order of their start.

In: the relations bought_calls and call_prompt, as frames. Out: ``BoughtCalls``. A lever changes the rule, never these.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from costctl.arrays import Bools, Floats, Ints
from costctl.units import NS_PER_S

TEXT_KINDS: Final = ("input", "cached_input", "cache_write", "cache_write_1h", "output", "reasoning")
PRICED_BY: Final = ("provider", "model", "day", "service_tier", "inference_geo")
BOUGHT_COLUMNS: Final = (
    "call_id", "request_id", "request_class", "session_id", "operation", *PRICED_BY, "replica", "tenant",
    "start_ns", "end_ns", "input_tokens", "max_tokens", *TEXT_KINDS, "is_input_billed", "is_output_billed",
    "is_generation", "is_failed", "is_wasted", "outcome", "attempt", "place", "is_request_success",
    "usd", "other_usd", "unpriced_charges",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Prefixes:
    """The prompts of n calls as prefixes, one after the other: those of call i are offset[i] to offset[i + 1].

    key: a number for each prefix; calls that begin alike have the same.  size: tokens up to its end.  content: a number
    for what was asked, −1 where it is not known.  is_by_block: the source hashes blocks, not messages.
    """

    offset: Ints
    key: Ints
    size: Ints
    content: Ints
    is_by_block: Bools

    @property
    def is_known(self) -> Bools:
        """Of each call, whether its prompt is known."""
        known: Bools = np.diff(self.offset) > 0
        return known

    @property
    def first_tokens(self) -> Ints:
        """Of each call, tokens of tools and system prompt; 0 where not known, or where the source hashes blocks."""
        told = self.is_known & ~self.is_by_block
        found = np.zeros(told.size, np.int64)
        found[told] = self.size[self.offset[:-1][told]]
        return found

    @property
    def last_tokens(self) -> Ints:
        """Of each call, tokens of the last message; 0 where not known, or where the source hashes blocks."""
        told = (np.diff(self.offset) > 1) & ~self.is_by_block
        last = self.offset[1:][told] - 1
        found = np.zeros(told.size, np.int64)
        found[told] = self.size[last] - self.size[last - 1]
        return found


@dataclass(frozen=True, slots=True)
class BoughtCalls:
    """n calls, by start, then id. frame: a row a call in the columns of ``BOUGHT_COLUMNS``.

    at_s: start, seconds since the first.  request_class: index into classes.  session: number of the session, of the
    request where none is named.  tokens: of text, by kind, as they are billed; 0 where not observed.
    """

    frame: pl.DataFrame
    classes: tuple[str, ...]
    at_s: Floats
    request_class: Ints
    session: Ints
    tokens: dict[str, Floats]
    prefixes: Prefixes

    @property
    def size(self) -> int:
        """How many calls there are."""
        return self.frame.height

    @property
    def today_usd(self) -> Floats:
        """What each call is charged; 0 where nothing of it has an amount."""
        return _floats(self.frame["usd"])

    @property
    def end_s(self) -> Floats:
        """When each call ended, on the clock of ``at_s``; its start where that is not observed."""
        length = (self.frame["end_ns"] - self.frame["start_ns"]).fill_null(0).to_numpy() / NS_PER_S
        found: Floats = self.at_s + length
        return found

    def of_class(self, name: str) -> Bools:
        """The calls of this class."""
        found: Bools = self.request_class == (self.classes.index(name) if name in self.classes else -1)
        return found


def limits_of(calls: BoughtCalls, by_class: Mapping[str, int | None]) -> Ints:
    """The limit of each call's class; 0 where it has none."""
    found = np.zeros(calls.size, np.int64)
    for name, most in by_class.items():
        if most is not None:
            found[calls.of_class(name)] = most
    return found


def bought_calls_of(calls: pl.DataFrame, prompts: pl.DataFrame) -> BoughtCalls:
    """The calls of two relations, with a start. prompts: may lack rows of calls."""
    frame = calls.select(BOUGHT_COLUMNS).filter(pl.col("start_ns").is_not_null()).sort("start_ns", "call_id")
    classes = tuple(frame["request_class"].cast(pl.String).unique().sort())
    numbers = {name: number for number, name in enumerate(classes)}
    start_ns = frame["start_ns"].to_numpy()
    billed = {
        kind: _floats(frame[kind]) * _floats(frame["is_output_billed" if kind in _OUT else "is_input_billed"])
        for kind in TEXT_KINDS
    }
    return BoughtCalls(
        frame=frame,
        classes=classes,
        at_s=(start_ns - (start_ns[0] if start_ns.size else 0)) / NS_PER_S,
        request_class=frame["request_class"]
        .cast(pl.String)
        .replace_strict(numbers, return_dtype=pl.Int64)
        .to_numpy(),
        session=_sessions(frame),
        tokens=billed,
        prefixes=_prefixes(frame, prompts),
    )


_OUT: Final = frozenset({"output", "reasoning"})


def _sessions(frame: pl.DataFrame) -> Ints:
    """Numbers of sessions, from 0 in the order in which they begin."""
    named = pl.coalesce("session_id", pl.concat_str(pl.lit("request "), pl.col("request_id").cast(pl.String)))
    numbers: Ints = (
        frame.select(named.alias("session"))
        .to_series()
        .cast(pl.Categorical)
        .to_physical()
        .cast(pl.Int64)
        .to_numpy()
    )
    return np.unique(numbers, return_inverse=True)[1].astype(np.int64)


def _prefixes(frame: pl.DataFrame, prompts: pl.DataFrame) -> Prefixes:
    """Only prompts of which the sizes are known: the others say nothing of cost."""
    told = frame.select("call_id").join(
        prompts.select("call_id", "content_key", "prefix_keys", "prefix_tokens").filter(
            pl.col("prefix_tokens").list.len() == pl.col("prefix_keys").list.len()
        ),
        on="call_id",
        how="left",
        maintain_order="left",
    )
    lengths = told["prefix_keys"].list.len().fill_null(0).to_numpy().astype(np.int64)
    keys = told["prefix_keys"].drop_nulls().explode(empty_as_null=False)
    sizes = told["prefix_tokens"].drop_nulls().explode(empty_as_null=False)
    return Prefixes(
        offset=np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)]),
        key=_numbered(keys),
        size=sizes.to_numpy().astype(np.int64),
        content=np.where(
            told["content_key"].is_null().to_numpy(), -1, _numbered(told["content_key"].fill_null(""))
        ),
        is_by_block=told["content_key"].is_null().to_numpy() & (lengths > 0),
    )


def _numbered(texts: pl.Series) -> Ints:
    """A number from 0 for each distinct text."""
    if texts.is_empty():
        return np.empty(0, np.int64)
    return texts.rank("dense").to_numpy().astype(np.int64) - 1


def _floats(series: pl.Series) -> Floats:
    return series.cast(pl.Float64).fill_null(0.0).to_numpy()
