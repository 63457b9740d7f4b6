"""What do the token columns of a log count, by their own arithmetic?

In: the columns that are taken for input, output, cached, cache write, reasoning and total tokens. Out: which of them
are added so that the input holds the cache and the output the reasoning, and how that is known; and which column is a
total that no name tells.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations
from typing import Final

from costctl.ingest.propose.names import last_words

Numbers = Sequence[int | float | None]


@dataclass(frozen=True, slots=True)
class Counting:
    """input_plus, output_plus: our columns that are counted apart and are to be added.  why: by what that is known, of
    the input and of the output; empty where nothing is to be said.
    """

    input_plus: tuple[str, ...] = ()
    output_plus: tuple[str, ...] = ()
    input_why: str = ""
    output_why: str = ""


_CACHE = ("cached_input_tokens", "cache_write_tokens")
# What may be counted outside of a count, and how a mapping says that all of it is.
PARTS: Final[dict[str, tuple[str, ...]]] = {"input_tokens": _CACHE, "output_tokens": ("reasoning_tokens",)}
CONVENTIONS: Final = {"input_tokens": "excludes_cache", "output_tokens": "excludes_reasoning"}
# Which parts are counted outside of input and output, the most usual convention first.
_CONVENTIONS: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = (
    ((), ()),
    (_CACHE, ()),
    (("cached_input_tokens",), ()),
    (("cache_write_tokens",), ()),
    ((), ("reasoning_tokens",)),
    (_CACHE, ("reasoning_tokens",)),
    (("cached_input_tokens",), ("reasoning_tokens",)),
)


def counting(columns: Mapping[str, Numbers], paths: Mapping[str, str]) -> Counting:
    """What is counted apart. columns: numbers by our names.  paths: theirs."""
    fitting = _fitting(columns)
    if fitting:
        apart, outside = fitting[0]
        return Counting(
            apart,
            outside,
            "the total also includes the cache" if apart else "",
            "the total also includes the reasoning" if outside else "",
        )
    present = tuple(name for name in _CACHE if name in columns)
    if not present or "input_tokens" not in columns:
        return Counting()
    if _exceeds(columns, present):
        return Counting(
            present, (), "some rows have more cached tokens than input tokens, so the input excludes them"
        )
    if _is_anthropic(paths):
        return Counting(present, (), "by its name, input excludes cache reads and cache writes; check it")
    return Counting((), (), "assumed to include cached tokens; no total confirms it; check it")


def _fitting(columns: Mapping[str, Numbers]) -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
    """The conventions by which the total adds up, of those that the columns can tell apart."""
    has = {name for name, values in columns.items() if any(value for value in values)}
    conventions = [
        (tuple(name for name in apart if name in columns), tuple(name for name in outside if name in columns))
        for apart, outside in _CONVENTIONS
        if (not apart or has & {*apart}) and (not outside or has & {*outside})
    ]
    return [(apart, outside) for apart, outside in conventions if _adds_up(columns, apart, outside)]


def _adds_up(columns: Mapping[str, Numbers], apart: tuple[str, ...], outside: tuple[str, ...]) -> bool:
    """Whether total = input + output + the parts on every row that has a total."""
    total = columns.get("total_tokens")
    parts = [columns.get(name) for name in ("input_tokens", "output_tokens", *apart, *outside)]
    if total is None or parts[0] is None or parts[1] is None:
        return False
    rows = [number for number, value in enumerate(total) if value and parts[0][number] is not None]
    return bool(rows) and all(
        sum(part[number] or 0 for part in parts if part is not None) == total[number] for number in rows
    )


def _exceeds(columns: Mapping[str, Numbers], names: Sequence[str]) -> bool:
    whole = columns["input_tokens"]
    return any(
        whole[row] is not None and sum(columns[name][row] or 0 for name in names) > (whole[row] or 0)
        for row in range(len(whole))
    )


def _is_anthropic(paths: Mapping[str, str]) -> bool:
    """Anthropic and Bedrock call them cache_read_input_tokens, cacheWriteInputTokens; both count apart."""
    named = [last_words(paths[name]) for name in _CACHE if name in paths]
    has_write = "cache_write_tokens" in paths
    return has_write and all({"cache", "input", "token"} <= words for words in named)


def unnamed_total(columns: Mapping[str, Numbers], loose: Mapping[str, Numbers]) -> str | None:
    """The one loose column that is the total of the named counts on every row, by some convention; None where several
    are, or where fewer than two rows tell.
    """
    parts = zip(columns["input_tokens"], columns["output_tokens"], strict=True)
    if len({row for row in parts if row[0] and row[1]}) < 2:
        return None
    found = [
        path
        for path, values in loose.items()
        if all(values) and _fitting({**columns, "total_tokens": values})
    ]
    return found[0] if len(found) == 1 else None


def unnamed_sum(columns: Mapping[str, Numbers]) -> tuple[str, str, str] | None:
    """Three columns of counts of which the first is the sum of the other two on every row, and no other three are."""
    found = []
    for total, one, other in permutations(columns, 3):
        rows = [
            row for row in zip(columns[total], columns[one], columns[other], strict=True) if None not in row
        ]
        is_telling = len({row for row in rows if row[1] and row[2]}) >= 2
        if one < other and is_telling and all(row[0] == (row[1] or 0) + (row[2] or 0) for row in rows):
            found.append((total, one, other))
    return found[0] if len(found) == 1 else None
