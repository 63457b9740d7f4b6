"""What do the providers count for each call? Their prompt caches, played call by call, and what is charged for that.

Anthropic reads the longest prefix that was written and used within its time to live, and writes from there to the last
breakpoint, for a price; nothing shorter than a minimum is cached. "A cache entry only becomes available after the first
response begins" (platform.claude.com, prompt caching, read on 2026-11-30): of calls that start before, each writes.
OpenAI caches what it has seen within ten minutes, in steps of 128 tokens from 1,024 on, for nothing. Prompts to Google
are too short here to be cached. Prices are the list prices of 2026-11, written here and nowhere shared.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final

from costctl.synth.shop.traffic import Call
from costctl.synth.shop.world import App, Shop

Prefix = tuple[bytes, int]

_TTL_S: Final = {"5m": 300.0, "1h": 3600.0}
_OPENAI_TTL_S: Final = {"gpt-4.1": 1800.0, "gpt-4.1-mini": 600.0, "gpt-4.1-nano": 600.0}
_OPENAI_LEAST, _OPENAI_STEP = 2048, 128
_ANTHROPIC_LEAST: Final = {"claude-sonnet-4-5": 1024, "claude-haiku-4-5": 4096}

# USD per million tokens: input, read from a cache, written for 5 minutes, for an hour, output
_PRICES: Final = {
    "gpt-4.1": (2.0, 0.5, 2.0, 2.0, 8.0),
    "gpt-4.1-mini": (0.4, 0.1, 0.4, 0.4, 1.6),
    "gpt-4.1-nano": (0.1, 0.025, 0.1, 0.1, 0.4),
    "text-embedding-3-small": (0.02, 0.02, 0.02, 0.02, 0.0),
    "gemini-2.5-flash": (0.3, 0.03, 0.3, 0.3, 2.5),
    "claude-sonnet-4-5": (3.0, 0.3, 3.75, 6.0, 15.0),
    "claude-haiku-4-5": (1.0, 0.1, 1.25, 2.0, 5.0),
}
# The same of prompts longer than so many tokens, where they have a price of their own.
_LONG: Final = {"claude-sonnet-4-5": (200_000, (6.0, 0.6, 7.5, 12.0, 22.5))}
_TIER_RATIO: Final = {"default": 1.0, "batch": 0.5, "flex": 0.5}


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one call: input in all, of which read from the cache and written to it, and output."""

    input: int
    cached: int
    written: int
    output: int


def usage_of(shop: Shop, calls: Sequence[Call]) -> tuple[Usage | None, ...]:
    """What the provider counts for each call, in their order, which is that of time; None where it refused the call, or
    never saw it.
    """
    caches: dict[tuple[str, int], _Cache] = {}
    found: list[Usage | None] = []
    for call in calls:
        app = shop.apps[call.app]
        if call.is_refused or call.is_kept_answer:
            found.append(None)
            continue
        prefixes = _prefixes(app, call)
        cache = caches.setdefault((app.model, call.deployment(app)), _Cache())
        cached, written = cache.passes(app, prefixes, call)
        output = 0 if call.answer is None else call.answer.tokens
        found.append(Usage(prefixes[-1][1], cached, written, output))
    return tuple(found)


def usd_of(app: App, usage: Usage | None) -> float:
    """What one call costs, USD."""
    if usage is None:
        return 0.0
    longest, above = _LONG.get(app.model, (usage.input, _PRICES[app.model]))
    plain, read, for_5m, for_1h, out = above if usage.input > longest else _PRICES[app.model]
    write = for_1h if app.caching == "1h" else for_5m
    fresh = usage.input - usage.cached - usage.written
    micro_usd = fresh * plain + usage.cached * read + usage.written * write + usage.output * out
    return micro_usd * _TIER_RATIO[app.tier] / 1e6


class _Cache:
    """The prefixes of one model on one deployment that were seen: by what they say, when each was last used, and since
    when it can be read where that is later than it was sent.
    """

    def __init__(self) -> None:
        self.used_s: dict[bytes, float] = {}
        self.readable_s: dict[bytes, float] = {}

    def passes(self, app: App, prefixes: Sequence[Prefix], call: Call) -> tuple[int, int]:
        """Tokens that a call reads and writes. prefixes: key and tokens of each, shortest first."""
        if app.provider == "openai":
            return self._automatic(app, prefixes, call.start_s) if app.answer is not None else (0, 0)
        if app.provider == "google" or app.caching == "none":
            return 0, 0
        return self._asked(app, prefixes, call)

    def _automatic(self, app: App, prefixes: Sequence[Prefix], at_s: float) -> tuple[int, int]:
        ttl_s = _OPENAI_TTL_S[app.model]
        known = [tokens for key, tokens in prefixes if self._lives(key, at_s, ttl_s)]
        for key, _ in prefixes:
            self.used_s[key] = at_s
        longest = max(known, default=0)
        return (longest // _OPENAI_STEP * _OPENAI_STEP if longest >= _OPENAI_LEAST else 0), 0

    def _asked(self, app: App, prefixes: Sequence[Prefix], call: Call) -> tuple[int, int]:
        least, ttl_s, at_s = _ANTHROPIC_LEAST[app.model], _TTL_S[app.caching], call.start_s
        known = [
            (tokens, key)
            for key, tokens in prefixes
            if tokens >= least and self._lives(key, at_s, ttl_s) and self.readable_s[key] <= at_s
        ]
        cached, read_key = max(known, default=(0, None))
        if read_key is not None:
            self.used_s[read_key] = at_s
        written = 0
        marks = (prefixes[0], prefixes[-1]) if app.cached_until == "conversation" else (prefixes[0],)
        for key, tokens in marks:
            if tokens >= least and tokens > cached:
                is_being_written = self._lives(key, at_s, ttl_s)
                first_s = self.readable_s[key] if is_being_written else call.answer_s
                self.readable_s[key] = min(first_s, call.answer_s)
                self.used_s[key] = at_s
                written = tokens - cached
        return cached, written

    def _lives(self, key: bytes, at_s: float, ttl_s: float) -> bool:
        used_s = self.used_s.get(key)
        return used_s is not None and at_s - used_s <= ttl_s


def _prefixes(app: App, call: Call) -> list[Prefix]:
    """Key and tokens of the prompt up to the end of the system prompt, and of each message."""
    key, tokens = f"{app.name}{call.stamp(app)}".encode(), app.system_tokens
    found = [(key, tokens)]
    for message in call.messages:
        key = blake2b(key + message.key.encode(), digest_size=16).digest()
        tokens += message.tokens
        found.append((key, tokens))
    return found
