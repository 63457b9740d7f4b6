"""How is a value of a policy said in a sentence? Limits, durations, targets, boundaries.

In: the name of a setting and its value in JSON's types. Out: a few words.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from costctl.levers.boundary import period
from costctl.units import US_PER_S

_US_PER_MS: Final = 1_000
_MINUTES: Final = 60  # of an hour


def in_words(setting: str, value: Any) -> str:
    """The value of a setting, such as ``queue.depth``, as people say it."""
    known = _WORDS.get(setting)
    if known is not None:
        return known(value)
    if setting.endswith("_us") and isinstance(value, int):
        return duration(value)
    if isinstance(value, dict) and "kind" in value:
        return limit(value)
    return _plain(value)


def limit(value: Mapping[str, Any]) -> str:
    """A limit of a policy."""
    match value["kind"]:
        case "unlimited":
            return "no limit"
        case "reject_when_busy":
            return "none may wait"
        case _:
            scope = {"global": "in all", "per_backend": "a backend", "per_replica": "a replica"}
            return f"at most {value['value']:,} {scope.get(value['scope'], 'a caller')}"


def duration(us: int) -> str:
    """Exactly, in the largest unit that leaves whole numbers or at most three places."""
    for unit, size in (("s", US_PER_S), ("ms", _US_PER_MS)):
        if us >= size and (us * 1_000) % size == 0:
            return f"{us / size:,.10g} {unit}"
    return f"{us:,} µs"


def _boundary(value: Mapping[str, Any]) -> str:
    places = [
        f"{name} {', '.join(value[name])}"
        for name in ("regions", "jurisdictions", "boundaries")
        if value.get(name)
    ]
    return f"{value['enforcement']}: {'; '.join((*places, *_kept(value))) or 'anywhere'}"


def _kept(value: Mapping[str, Any]) -> Iterator[str]:
    """What may be kept of the data."""
    if "cacheable_us" in value:
        longest = value["cacheable_us"]
        yield "kept in no cache" if longest == 0 else f"in a cache for {period(longest)} at most"
    if value.get("logging") is False:
        yield "not logged"
    if "retention_us" in value:
        longest = value["retention_us"]
        yield "nothing kept" if longest == 0 else f"kept for {period(longest)} at most"
    if value.get("batch") is False:
        yield "in no file of a batch"


def _targets(value: list[Mapping[str, Any]]) -> str:
    whole = sum(each["weight"] for each in value)
    if len(value) == 1:
        return str(value[0]["backend"])
    return ", ".join(f"{each['backend']} {each['weight']} of {whole}" for each in value)


def _fallbacks(value: list[Mapping[str, Any]]) -> str:
    return ", then ".join(f"{each['backend']} on {', '.join(each['on'])}" for each in value) or "none"


def _match(value: Mapping[str, Any]) -> str:
    headers = [f"{each['name']}: {each['value']}" for each in value.get("headers", ())]
    lists = [f"{name} {' or '.join(value[name])}" for name in ("operation", "model") if value.get(name)]
    return " and ".join((*headers, *lists)) or "everything"


def _hours(value: Mapping[str, Any]) -> str:
    found = value.get("hours")
    when = "" if found is None else f"{_clock(found['from_minute'])} to {_clock(found['until_minute'])} UTC"
    within = value.get("within_us")
    return ", ".join(part for part in (when, "" if within is None else f"within {duration(within)}") if part)


def _clock(minute: int) -> str:
    return f"{minute // _MINUTES:02d}:{minute % _MINUTES:02d}"


def _plain(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name.removesuffix('_us')} {in_words(name, item)}" for name, item in value.items())
    if isinstance(value, list):
        return ", ".join(map(_plain, value))
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


_WORDS: Final[Mapping[str, Callable[[Any], str]]] = {
    "data_boundary": _boundary,
    "placement.targets": _targets,
    "placement.fallback": _fallbacks,
    "match": _match,
    "defer": _hours,
}
