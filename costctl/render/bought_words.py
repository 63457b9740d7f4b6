"""Changes of what is bought by the token, in words: "cache prompts for 5 minutes, conversation too"."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from costctl.documents.changes import SettingChange, Value
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
_CACHED_TODAY: Final = {"5m": "5 minutes today", "1h": "an hour today"}


def is_about_tokens(change: SettingChange) -> bool:
    """Whether the setting is one of what is bought by the token."""
    return change.lever in {*_SAID, "class.model", "class.response_cache.ttl"}


def in_plain_words(changes: tuple[SettingChange, ...]) -> str:
    """All of them, as one would tell a colleague."""
    said = [_said(each) for each in changes]
    today = [
        _CACHED_TODAY[each.from_]
        for each in changes
        if each.lever == "class.prompt_cache" and isinstance(each.from_, str) and each.from_ in _CACHED_TODAY
    ]
    return f"{', '.join(said)}{''.join(f' ({each})' for each in today)}"


def _said(change: SettingChange) -> str:
    if change.lever == "class.model":
        return f"{change.from_} → {change.to}"
    if change.lever == "class.response_cache.ttl":
        kept = setting_value(change.to, change.unit, is_limit=change.is_limit)
        return f"answer repeats from a cache, for {kept}"
    return _SAID[change.lever].get(change.to, f"{change.to}")
