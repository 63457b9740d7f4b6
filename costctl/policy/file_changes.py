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
    r"(^|[_-])(key|secret|token|password|credentials?|authorization|cookie|url|dsn)$", re.IGNORECASE
)
_HEADERS: Final = re.compile("headers", re.IGNORECASE)
_FROM_ENVIRONMENT: Final = "os.environ/"
_COMMENT: Final = re.compile(r"(^|\s)#")
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
            Changed(_text(place), _shown(place, there[place]), _shown(place, ours[place]))
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
            yield Placed(_text(places[0]), 1, _shown(places[0], mine[places[0]]))
        else:
            yield Placed(_text(top), len(places))


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
        name = _name(member, number)
        seen[name] += 1
        found.append((name if seen[name] == 1 else f"{name[:-1]} #{seen[name]}]", member))
    return found


def _name(member: Any, number: int) -> str:
    if not isinstance(member, dict):
        return f"[{number}]"
    if "model_name" in member:
        params = member.get("litellm_params")
        return f"[{member['model_name']} → {params.get('model') if isinstance(params, dict) else None}]"
    for key in ("id", "name", "key"):
        if isinstance(member.get(key), str | int):
            return f"[{member[key]}]"
    return f"[{next(iter(member))}]" if len(member) == 1 else f"[{number}]"


def _text(place: Place) -> str:
    return ".".join(place).replace(".[", "[")


def _shown(place: Place, value: Any) -> str:
    """The value as text; masked where its key may name a secret, and it is not a reference to a variable."""
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    may_be_secret = _SECRET.search(place[-1]) if place else None
    is_masked = bool(may_be_secret) or any(_HEADERS.search(key) for key in place)
    return _MASKED if is_masked and not text.startswith(_FROM_ENVIRONMENT) else text
