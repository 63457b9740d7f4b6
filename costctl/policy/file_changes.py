"""What would change in a consumer's present file? Its content against what would be written, by place.

In: two texts, and how the consumer's files are read. Out: ``FileChanges``. Members of a list are matched by what they
are called (a deployment by its group and its model, a rule by its key), not by their place. What may be a secret is
masked.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import msgspec

from costctl.documents.file_changes import Changed, FileChanges, Placed

_SECRET: Final = re.compile(
    r"(^|[_-])(key|secret|token|password|credentials?|authorization|cookie|url|dsn)$"
    r"|(?-i:[a-z0-9](Key|Secret|Token|Password|Credentials?|Authorization|Cookie|Url|URL|Dsn))$",
    re.IGNORECASE,
)
_ALL_SECRET: Final = re.compile(r"headers|^stringData$|^Secret ", re.IGNORECASE)  # whatever stands below
_OF_KEYS: Final = re.compile(r"(^|[_-])keys\b", re.IGNORECASE)
_FROM_ENVIRONMENT: Final = re.compile(r"os\.environ/.*|env\.[A-Za-z_][A-Za-z0-9_]*")
_COMMENT: Final = re.compile(r"(^|\s)#")
# A password in a URL, and what keys of providers and code hosts begin with, wherever they stand.
_LIKE_SECRET: Final = re.compile(
    r"://[^/\s]*@|\b(sk|pk|rk|hf|gsk|xai|ghp|gho|glpat|xox[abprs])[-_][A-Za-z0-9_-]{6,}|\bAKIA[0-9A-Z]{12,}|\bAIza[\w-]{20,}"
)
_MASKED: Final = "(masked)"
Place = tuple[str, ...]


def file_changes(present: str, written: str, read: Callable[[str], Any]) -> FileChanges:
    """How the written text differs from the present one. read: a text as dicts, lists and scalars."""
    there, ours = _flat(read(present)), _flat(read(written))
    both = [place for place in ours if place in there]
    differing = [place for place in both if there[place] != ours[place]]
    written_lines = set(written.splitlines())
    return FileChanges(
        added=tuple(_only(ours, there)),
        changed=tuple(
            Changed(place_text(place), shown_value(place, there[place]), shown_value(place, ours[place]))
            for place in differing
        ),
        only_present=tuple(_only(there, ours)),
        same=len(both) - len(differing),
        comment_lines=tuple(
            number
            for number, line in enumerate(present.splitlines(), start=1)
            if _COMMENT.search(line) and line not in written_lines
        ),
    )


def _only(mine: Mapping[Place, Any], other: Mapping[Place, Any]) -> Iterator[Placed]:
    """What only ``mine`` has, by the highest place that the other has nothing at."""
    known = {place[:depth] for place in other for depth in range(len(place) + 1)}
    tops: dict[Place, list[Place]] = {}
    for place in mine:
        if place not in other:
            top = next((place[:depth] for depth in range(1, len(place)) if place[:depth] not in known), place)
            tops.setdefault(top, []).append(place)
    for top, places in tops.items():
        if len(places) == 1:
            yield Placed(place_text(places[0]), 1, shown_value(places[0], mine[places[0]]))
        else:
            yield Placed(place_text(top), len(places))


def _flat(value: Any, place: Place = ()) -> dict[Place, Any]:
    """Every scalar and every empty container by its place."""
    if isinstance(value, dict) and value:
        items = [(str(key), item) for key, item in value.items()]
    elif isinstance(value, list | tuple) and any(isinstance(item, dict | list) for item in value):
        items = _named(value)
    else:
        return {place: value}
    return {key: leaf for name, item in items for key, leaf in _flat(item, (*place, name)).items()}


def _named(members: Any) -> list[tuple[str, Any]]:
    """Members of a list by what they are called; those of one name are numbered."""
    seen: Counter[str] = Counter()
    found = []
    for number, member in enumerate(members):
        name = member_name(member, number)
        seen[name] += 1
        found.append((name if seen[name] == 1 else f"{name[:-1]} #{seen[name]}]", member))
    return found


def member_name(member: Any, number: int) -> str:
    """What a member of a list is called, in brackets. number: its place, for one that has no name."""
    if not isinstance(member, dict):
        return f"[{number}]"
    if "model_name" in member:
        params = member.get("litellm_params")
        return f"[{member['model_name']} → {params.get('model') if isinstance(params, dict) else None}]"
    for key in ("id", "name", "recipe", "key"):
        if isinstance(member.get(key), str | int):
            return f"[{member[key]}]"
    return f"[{next(iter(member))}]" if len(member) == 1 else f"[{number}]"


def place_text(place: Place) -> str:
    """A place as text, such as ``model_list[gpt-4o → openai/gpt-4o].litellm_params.rpm``."""
    return ".".join(place).replace(".[", "[")


def shown_value(place: Place, value: Any) -> str:
    """The value as text; masked where it, or one within it, may be a secret, and is not a reference to a variable."""
    masked = _masked(place, value, is_secret=False)
    return masked if isinstance(masked, str) else msgspec.json.encode(masked).decode()


def _masked(place: Place, value: Any, *, is_secret: bool) -> Any:
    """The value as JSON has it, what may be a secret in it masked. is_secret: whether a key around it says so."""
    is_secret = is_secret or _is_secret(place)
    if isinstance(value, dict):
        return {
            str(key): _masked((*place, str(key)), item, is_secret=is_secret) for key, item in value.items()
        }
    if isinstance(value, list | tuple) and not is_secret:
        return [_masked(place, each, is_secret=False) for each in value]
    if isinstance(value, str) and _FROM_ENVIRONMENT.fullmatch(value):
        return value
    is_masked = is_secret or (isinstance(value, str) and _LIKE_SECRET.search(value) is not None)
    return _MASKED if is_masked else value


def _is_secret(place: Place) -> bool:
    """Whether what stands there may be a secret, by the names of the keys that lead to it."""
    if any(_ALL_SECRET.search(key) for key in place):
        return True
    *around, last = place or ("",)
    if last == "value":  # of a list of names and values
        return any(_OF_KEYS.search(key) or _SECRET.search(key.strip("[]")) for key in around)
    return _SECRET.search(last) is not None
