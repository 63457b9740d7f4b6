"""What decides the bill of each call that is bought? Arrays over calls, in the order of their start.

In: the relations bought_calls and call_prompt, as frames. Out: ``BoughtCalls``. A lever changes the rule, never these.
"""

from __future__ import annotations

import math
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
    "start_ns", "end_ns", "ttft_s", "input_tokens", "max_tokens", *TEXT_KINDS, "is_input_billed", "is_output_billed",
    "is_cache_observed", "is_generation", "is_failed", "is_wasted", "outcome", "attempt", "place", "is_request_success",
    "usd", "other_usd", "unpriced_charges",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Prefixes:
    """The prompts of n calls as prefixes, one after the other: those of call i are offset[i] to offset[i + 1].

    key: a number for each prefix; calls that begin alike have the same.  size: tokens up to its end.  blocks: content
    blocks of messages up to its end, −1 where they are not known.  content: a number for what was asked, −1 where it is
    not known.  is_by_block: the source hashes blocks of tokens, not messages.
    """

    offset: Ints
    key: Ints
    size: Ints
    blocks: Ints
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
    def first_ns(self) -> int:
        """When the first of them started, ns UTC; there is one."""
        return int(self.frame["start_ns"][0])

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

    @property
    def is_answer_timed(self) -> Bools:
        """Of each call, whether it is known when its answer began, or when it ended."""
        found: Bools = (self.frame["ttft_s"].is_not_null() | self.frame["end_ns"].is_not_null()).to_numpy()
        return found

    @property
    def answer_s(self) -> Floats:
        """When the answer of each call began, on the clock of ``at_s``: at its first token; else at its end, else at
        its start, where that is not observed.
        """
        ttft_s = self.frame["ttft_s"].cast(pl.Float64).fill_null(math.nan).to_numpy()
        found: Floats = np.where(ttft_s >= 0.0, self.at_s + ttft_s, self.end_s)
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
    frame = _in_order(calls.select(BOUGHT_COLUMNS))
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


def _in_order(calls: pl.DataFrame) -> pl.DataFrame:
    """The calls with a start, by it. Each column is copied once."""
    order = calls.select("start_ns", "call_id").with_row_index("row").drop_nulls("start_ns")
    rows = order.sort("start_ns", "call_id")["row"]
    return calls.select(pl.all().gather(rows))


def _sessions(frame: pl.DataFrame) -> Ints:
    """Numbers of sessions, from 0 in the order in which they begin."""
    alone = pl.col("request_id").hash(seed=1)
    named = pl.when(pl.col("session_id").is_null()).then(alone).otherwise(pl.col("session_id").hash())
    hashes = frame.select(named.alias("session")).to_series().to_numpy()
    _, first, number = np.unique(hashes, return_index=True, return_inverse=True)
    place = np.empty(first.size, np.int64)
    place[np.argsort(first)] = np.arange(first.size)
    return place[number]


def _prefixes(frame: pl.DataFrame, prompts: pl.DataFrame) -> Prefixes:
    """Prefixes only of prompts whose sizes are known: the others say nothing of cost. What is asked is known of all."""
    keys, sizes, blocks = (prompts[name] for name in ("prefix_keys", "prefix_tokens", "prefix_blocks"))
    is_told = (keys.list.len() == sizes.list.len()).fill_null(value=False)
    told = prompts.select(
        "call_id", "content_key", length=pl.when(is_told).then(keys.list.len().cast(pl.Int64)).otherwise(0)
    ).with_row_index("row")
    of_calls = frame.select("call_id").join(told, on="call_id", how="left", maintain_order="left")
    row = of_calls["row"].fill_null(0).to_numpy().astype(np.int64)
    lengths = of_calls["length"].fill_null(0).to_numpy()
    content = of_calls["content_key"]
    return Prefixes(
        offset=_ends(lengths),
        key=_numbered(keys.drop_nulls().explode(empty_as_null=False))[_places(keys, row, lengths)],
        size=sizes.drop_nulls().explode(empty_as_null=False).to_numpy()[_places(sizes, row, lengths)],
        blocks=_known_blocks(blocks, row, lengths),
        content=np.where(content.is_null().to_numpy(), -1, _numbered(content.fill_null(""))),
        is_by_block=content.is_null().to_numpy() & (lengths > 0),
    )


def _known_blocks(blocks: pl.Series, row: Ints, lengths: Ints) -> Ints:
    """Of each prefix of some prompts its content blocks, −1 where its prompt does not say them of each."""
    found = np.full(int(lengths.sum()), -1, np.int64)
    if not blocks.drop_nulls().len():
        return found
    is_told = (_lengths(blocks)[row] == lengths) & (lengths > 0)
    values = blocks.drop_nulls().explode(empty_as_null=False).to_numpy()
    found[np.repeat(is_told, lengths)] = values[_places(blocks, row, np.where(is_told, lengths, 0))]
    return found


def _lengths(lists: pl.Series) -> Ints:
    return lists.list.len().fill_null(0).to_numpy().astype(np.int64)


def _ends(lengths: Ints) -> Ints:
    """0, and the end of each of these lengths, one after the other."""
    return np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)])


def _places(lists: pl.Series, row: Ints, lengths: Ints) -> Ints:
    """Where the values of some lists lie among those of all. row: of the lists.  lengths: of them; 0 leaves one out."""
    if not lists.len():
        return np.empty(0, np.int64)
    return _within(_ends(_lengths(lists))[row], lengths)


def _within(start: Ints, lengths: Ints) -> Ints:
    """start, start + 1, … of each run, one run after the other."""
    ends = _ends(lengths)
    found: Ints = np.arange(ends[-1]) + np.repeat(start - ends[:-1], lengths)
    return found


def _numbered(texts: pl.Series) -> Ints:
    """A number from 0 for each distinct text, by its hash of 64 bits: those of prompts are no longer."""
    if texts.is_empty():
        return np.empty(0, np.int64)
    return texts.hash().rank("dense").to_numpy().astype(np.int64) - 1


def _floats(series: pl.Series) -> Floats:
    return series.cast(pl.Float64).fill_null(0.0).to_numpy()


def calls_at(calls: BoughtCalls, rows: Ints) -> BoughtCalls:
    """Some of the calls, in their order. rows: which, ascending. Classes, sessions and prefixes keep their numbers."""
    prefixes = calls.prefixes
    lengths = np.diff(prefixes.offset)[rows]
    places = _within(prefixes.offset[rows], lengths)
    return BoughtCalls(
        frame=calls.frame[rows],
        classes=calls.classes,
        at_s=calls.at_s[rows],
        request_class=calls.request_class[rows],
        session=calls.session[rows],
        tokens={kind: each[rows] for kind, each in calls.tokens.items()},
        prefixes=Prefixes(
            offset=_ends(lengths),
            key=prefixes.key[places],
            size=prefixes.size[places],
            blocks=prefixes.blocks[places],
            content=prefixes.content[rows],
            is_by_block=prefixes.is_by_block[rows],
        ),
    )
