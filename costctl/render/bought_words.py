"""Changes of what is bought by the token, in words: "cache prompts for 5 minutes, conversation too"."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from costctl.documents.changes import SettingChange, Value
from costctl.render.numbers import plural
from costctl.render.settings import setting_value

_SAID: Final[Mapping[str, Mapping[Value, str]]] = {
    "class.prompt_cache": {
        "5m": "cache prompts for 5 minutes",
        "1h": "cache prompts for an hour",
        "none": "ask for no prompt cache",
    },
    "class.prompt_cache.until": {
        "system": "system prompt only",
        "conversation": "conversation too",
    },
    "class.affinity": {"prefix": "send calls to where their prefix is cached"},
    "class.service_tier": {
        "batch": "buy from the batch tier",
        "flex": "buy from the flex tier",
        "priority": "buy from the priority tier",
        "default": "buy from the default tier",
    },
}
_COUNTED: Final[Mapping[str, tuple[str, str]]] = {
    "commitment.units": ("pay by time for ", "unit"),
    "class.own.replicas": ("on ", "replica"),
}
_CACHED_TODAY: Final = {"5m": "5 minutes today", "1h": "an hour today"}


# Numbers of what has a bound, in the words around them.
_BOUNDED: Final = {
    "class.retry.attempts": "attempt a call at most {} times",
    "class.retry.wait": "wait at least {} before another attempt",
    "class.loop.steps": "stop a request after {} calls",
    "class.context.most_tokens": "send prompts of at most {} tokens",
    "class.output.most_tokens": "allow answers of at most {} tokens",
}


def is_about_tokens(change: SettingChange) -> bool:
    """Whether the setting is one of what is bought by the token."""
    return change.lever in {
        *_SAID, *_BOUNDED, *_COUNTED, "class.model", "class.own", "class.response_cache.ttl",
    }  # fmt: skip


def in_plain_words(changes: tuple[SettingChange, ...]) -> str:
    """All of them, as one would tell a colleague, and what prompts are kept for today."""
    today = [
        _CACHED_TODAY[each.from_]
        for each in changes
        if each.lever == "class.prompt_cache" and isinstance(each.from_, str) and each.from_ in _CACHED_TODAY
    ]
    return f"{in_few_words(changes)}{''.join(f' ({each})' for each in today)}"


def in_few_words(changes: tuple[SettingChange, ...]) -> str:
    """The same, without what there is today."""
    return ", ".join(_said(each) for each in changes)


def _said(change: SettingChange) -> str:
    if change.lever == "class.model":
        return f"{change.from_} → {change.to}"
    if change.lever == "class.response_cache.ttl":
        kept = setting_value(change.to, change.unit, is_limit=change.is_limit)
        return f"answer repeats from a cache, for {kept}"
    if change.lever == "class.retry.attempts" and change.to == 1:
        return "attempt a call once"
    if change.lever in _BOUNDED:
        return _BOUNDED[change.lever].format(setting_value(change.to, change.unit, is_limit=change.is_limit))
    if change.lever == "class.own":
        return f"serve with {change.to} of your own"
    if change.lever in _COUNTED and isinstance(change.to, int):
        before, thing = _COUNTED[change.lever]
        return f"{before}{plural(change.to, thing)}"
    return _SAID[change.lever].get(change.to, f"{change.to}")
