"""What does the name of a column suggest that it holds?

In: a column's path. Out: the columns of ours that it may be, the likeliest first. A name is a run of words: capitals,
dots, underscores and digits part them, and words of one meaning are one (``prompt`` is ``input``).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from typing import Final

import msgspec

_HUMPS: Final = (re.compile(r"([a-z0-9])([A-Z])"), re.compile(r"([A-Z]+)([A-Z][a-z])"))
_WORD: Final = re.compile(r"[a-zµ]+|\d+")
_SAME: Final = {
    "input": "prompt prompts ctx context in",
    "output": "completion completions generated generation candidates candidate out",
    "token": "tokens toks tok",
    "reasoning": "thoughts thought thinking",
    "cached": "cachedcontent",
    "duration": "dur latency elapsed took runtime",
    "start": "started begin began startat",
    "end": "ended finish finished complete completed done stopped",
    "ms": "millis milliseconds millisecond msec msecs",
    "us": "micros microseconds microsecond usec µs",
    "ns": "nanos nanoseconds nanosecond nsec nano",
    "s": "sec secs seconds second",
    "usd": "dollars dollar",
    "stream": "streaming streamed",
    "count": "cnt num number",
}  # fmt: skip
_WORDS: Final = {spelled: word for word, spellings in _SAME.items() for spelled in spellings.split()}
# Names that are run together; what they are words of.
_JOINED: Final = {
    "startns": "start ns", "endns": "end ns", "starttime": "start time", "endtime": "end time",
    "durations": "duration s", "durationms": "duration ms", "latencyms": "duration ms", "inlen": "input len",
    "outlen": "output len", "promptlen": "input len", "inputlength": "input len", "outputlength": "output len",
    "tokensin": "token input", "tokensout": "token output", "inputtokens": "input token",
    "outputtokens": "output token", "prompttokens": "input token", "completiontokens": "output token",
    "totaltokens": "total token", "cachedtokens": "cached token", "modelname": "model name", "modelid": "model id",
    "sessionid": "session id", "traceid": "trace id", "ttftms": "ttft ms", "ttfts": "ttft s", "permaslug": "slug",
    "length": "len", "requestid": "request id", "costusd": "cost usd", "apikey": "api key", "statuscode": "status code",
    "pt": "input token", "ct": "output token", "fr": "finish reason", "e2elatency": "duration",
}  # fmt: skip
_COUNTED: Final = frozenset({"usage", "token", "details"})
_SAYING_LITTLE: Final = frozenset(
    {"name", "id", "model", "type", "code", "ms", "s", "ns", "us", "time", "at", "usd", "token"}
)


@lru_cache(maxsize=65_536)
def words_of(name: str) -> tuple[str, ...]:
    """The words of a name, those of one meaning alike."""
    spaced = name
    for hump in _HUMPS:
        spaced = hump.sub(r"\1 \2", spaced)
    found: list[str] = []
    for word in _WORD.findall(spaced.lower()):
        found += _JOINED.get(word, _WORDS.get(word, word)).split()
    return tuple(found)


@dataclass(frozen=True, slots=True)
class _Rule:
    """Words that must all be in the last part of the path, or be all of it; words that must be anywhere; words that
    must not be in the last part.
    """

    words: frozenset[str]
    is_whole: bool
    anywhere: frozenset[str]
    never: frozenset[str]


class _Names(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    groups: dict[str, str]
    columns: dict[str, tuple[str, ...]]


@cache
def _rules() -> dict[str, tuple[_Rule, ...]]:
    text = (files("costctl.ingest.propose") / "names.toml").read_text("utf-8")
    named = msgspec.toml.decode(text, type=_Names)
    for group, words in named.groups.items():
        text = text.replace(f"${group}", words)
    columns = msgspec.toml.decode(text, type=_Names).columns
    return {target: tuple(map(_rule, written)) for target, written in columns.items()}


def _rule(written: str) -> _Rule:
    needed, _, never = written.partition("!")
    last, _, anywhere = needed.partition("/")
    is_whole = last.strip().startswith("=")
    return _Rule(
        frozenset(_own(last.replace("=", " "))),
        is_whole,
        frozenset(_own(anywhere)),
        frozenset(_own(never)),
    )


def _own(text: str) -> Iterable[str]:
    return (_WORDS.get(word, word) for word in text.split())


def targets() -> tuple[str, ...]:
    """Ours that names are known for, in the order in which they are looked for."""
    return tuple(_rules())


def likeness(target: str, path: str) -> tuple[int, int, int] | None:
    """How like the name of our column a path is: the rule that it meets, how many words it has besides, how deep it
    lies; smaller is liker. None where it is not like it.
    """
    found = []
    for last in _last_parts(path):
        for number, rule in enumerate(_rules()[target]):
            is_met = rule.words == last if rule.is_whole else rule.words <= last
            if is_met and rule.anywhere <= all_words(path) and not rule.never & last:
                found.append((number, len(last - rule.words - _COUNTED), path.count(".")))
    return min(found, default=None)


@lru_cache(maxsize=65_536)
def _last_parts(path: str) -> tuple[frozenset[str], ...]:
    """Words of the last part, which a number of a list is not; and where that says little, of the last two."""
    parts = _parts(path)
    last = frozenset(words_of(parts[-1]))
    if len(parts) < 2 or not last <= _SAYING_LITTLE:
        return (last,)
    return last, last | frozenset(words_of(parts[-2]))


def _parts(path: str) -> list[str]:
    return [part for part in path.split(".") if not part.isdecimal()] or [path]


def last_words(path: str) -> frozenset[str]:
    """Words of the path's last part."""
    return _last_parts(path)[0]


@lru_cache(maxsize=65_536)
def all_words(path: str) -> frozenset[str]:
    """Words of the whole path."""
    return frozenset(words_of(".".join(_parts(path))))
