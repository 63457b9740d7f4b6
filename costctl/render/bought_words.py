"""Changes of what is bought by the token, in words: "keep prompts for 5 minutes, the conversation included"."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from costctl.documents.changes import SettingChange, Value
from costctl.render.numbers import plural
from costctl.render.settings import setting_value

_SAID: Final[Mapping[str, Mapping[Value, str]]] = {
    "class.prompt_cache": {
        "5m": "keep prompts cached for 5 minutes",
        "1h": "keep prompts cached for an hour",
        "none": "do not ask for prompts to be cached",
    },
    "class.prompt_cache.until": {
        "system": "up to the end of the system prompt",
        "conversation": "the conversation included",
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
_CACHED_TODAY: Final = {"5m": "cached for 5 minutes today", "1h": "cached for an hour today"}


def is_about_tokens(change: SettingChange) -> bool:
    """Whether the setting is one of what is bought by the token."""
    return change.lever in {*_SAID, *_COUNTED, "class.model", "class.own", "class.response_cache.ttl"}


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
    if change.lever == "class.own":
        return f"serve with {change.to} of your own"
    if change.lever in _COUNTED and isinstance(change.to, int):
        before, thing = _COUNTED[change.lever]
        return f"{before}{plural(change.to, thing)}"
    return _SAID[change.lever].get(change.to, f"{change.to}")
