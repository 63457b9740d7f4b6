"""What does a policy say when some of its settings have changed, and others not yet?

In: the policy before and after, the keys that are done. Out: the policy partway. A key is what a setting is of and its
name, as ``policy diff`` has them; a class or a backend that comes or goes is one key with an empty name, and a boundary
that is first widened to what both allow has a key of its own.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec

from costctl.documents.policy import Policy, PolicyBoundary
from costctl.policy.pointers import escaped, resolves

Key = tuple[str, str]
Json = dict[str, Any]

WHOLE: Final = ""  # in place of a setting: the class or the backend itself
TO_BOTH: Final = "data_boundary, widened to both"
BOUNDARY: Final = "data_boundary"
_WORDS: Final = {"classes": "class", "backends": "backend"}
# What tells where a class or a backend comes from: it comes with the first setting that does.
_TOLD: Final = ("calls", "request_class", "answers_as")
_LONGEST_ID: Final = 64
_BEFORE: Final = ".before"


class Partway:
    """Two policies, and every policy between them."""

    def __init__(self, base: Policy, new: Policy) -> None:
        self.base, self.new = base, new
        self._before: Json = msgspec.to_builtins(base)
        self._after: Json = msgspec.to_builtins(new)
        self._renamed = _renamed(self._before.get("evidence", []), self._after.get("evidence", []))

    def policy(self, done: Collection[Key]) -> Policy:
        """The policy with these settings as the newer has them; with none of them the base itself."""
        if not done:
            return self.base
        found = {**self._after, "policy_id": _named(self.new.policy_id, "partway")}
        for section in _WORDS:
            found[section] = self._section(section, done)
        found["lanes"] = self._lanes(found["classes"], done)
        for name in ("default_class", "validity"):
            found[name] = (self._after if ("policy", name) in done else self._before)[name]
        used = {each for section in _WORDS for item in found[section] for each in _ids(item)}
        renamed = [
            {**each, "id": self._renamed[each["id"]]}
            for each in self._before.get("evidence", [])
            if each["id"] in self._renamed
        ]
        facts = [*self._after.get("evidence", []), *self._before.get("evidence", []), *renamed]
        found["evidence"] = list(
            {each["id"]: each for each in reversed(facts) if each["id"] in used}.values()
        )
        found["evidence"].sort(key=lambda each: str(each["id"]))
        found["expected"] = [each for each in self._after.get("expected", []) if each["evidence"] in used]
        return msgspec.convert(found, Policy)

    def _section(self, section: str, done: Collection[Key]) -> list[Json]:
        """Classes or backends, in the order of the base until that changes."""
        word = _WORDS[section]
        before = {each["id"]: each for each in self._before[section]}
        after = {each["id"]: each for each in self._after[section]}
        there = {
            name
            for name in {**before, **after}
            if (name in before and name in after) or (name in after) == ((f"{word} {name}", WHOLE) in done)
        }
        is_reordered = section == "backends" or ("policy", "order of classes") in done
        orders = (list(after), list(before)) if is_reordered else (list(before), list(after))
        return [self._item(word, before.get(name), after.get(name), done) for name in _merged(*orders, there)]

    def _item(self, word: str, before: Json | None, after: Json | None, done: Collection[Key]) -> Json:
        if before is None or after is None:
            return after if before is None and after is not None else self._of_base(before or {})
        of = f"{word} {after['id']}"
        moved = {setting for each, setting in done if each == of}
        if not moved:
            return self._of_base(before)
        found: Json = {name: value for name, value in before.items() if name not in (*_TOLD, "why")}
        found |= {name: after[name] for name in _TOLD if name in after}
        for setting in sorted(moved):
            if setting == TO_BOTH:
                if (of, BOUNDARY) not in done:
                    found[BOUNDARY] = _both(before.get(BOUNDARY), after.get(BOUNDARY))
            else:
                _carry(found, after, setting)
        found = {name: value for name, value in found.items() if value is not None}
        why = self._why(found, before.get("why", {}), after.get("why", {}), moved)
        return {**found, "why": why} if why else found

    def _of_base(self, item: Json) -> Json:
        """A class or a backend as it was, resting on facts of the base."""
        if "why" not in item:
            return item
        return {**item, "why": {place: self._old(ids) for place, ids in item["why"].items()}}

    def _old(self, ids: Sequence[str]) -> list[str]:
        return [self._renamed.get(each, each) for each in ids]

    def _why(
        self, item: Json, before: Mapping[str, Any], after: Mapping[str, Any], moved: Collection[str]
    ) -> dict[str, list[str]]:
        """Each setting rests on what it rested on in the policy that it comes from."""
        old = {place: self._old(ids) for place, ids in before.items()}
        found: dict[str, list[str]] = {}
        for name, value in item.items():
            here = f"/{escaped(name)}"
            parts = {f"{name}.{part}" for part in value} if isinstance(value, dict) else set()
            is_moved = name in moved or any(each.startswith(f"{name}.") for each in moved)
            is_kept = name not in moved and (not parts or not parts <= set(moved))
            told = {
                **({place: ids for place, ids in old.items() if _is_at(place, here)} if is_kept else {}),
                **(
                    {place: list(ids) for place, ids in after.items() if _is_at(place, here)}
                    if is_moved
                    else {}
                ),
            }
            known = {place: ids for place, ids in told.items() if resolves(item, place)}
            if told and not known:
                known = {here: sorted({each for ids in told.values() for each in ids})}
            found |= known
        return found

    def _lanes(self, classes: Iterable[Json], done: Collection[Key]) -> list[Json]:
        """The lanes, and those of the other policy that classes are still, or already, in."""
        before, after = ([each["id"] for each in side["lanes"]] for side in (self._before, self._after))
        first, second = (after, before) if ("policy", "lanes") in done else (before, after)
        used = {each["lane"] for each in classes}
        return [{"id": name} for name in _merged(first, second, {*first, *(set(second) & used)})]


def named_step(policy: Policy, new: Policy, number: int) -> Policy:
    """A policy partway with the name of its step."""
    return msgspec.structs.replace(policy, policy_id=_named(new.policy_id, f"step-{number:02d}"))


def union(before: PolicyBoundary, after: PolicyBoundary) -> PolicyBoundary:
    """The boundary within which data may go, and be kept, where either allows it; required if both require theirs."""
    return msgspec.convert(_both(msgspec.to_builtins(before), msgspec.to_builtins(after)), PolicyBoundary)


def _both(before: Json | None, after: Json | None) -> Json:
    """None is a boundary that allows anything."""
    if before is None or after is None:
        return {"enforcement": "advisory"}
    is_required = before["enforcement"] == after["enforcement"] == "required"
    lists = {
        name: list(dict.fromkeys((*before[name], *after[name])))
        for name in ("regions", "jurisdictions", "boundaries")
        if before.get(name) and after.get(name)
    }
    times: Json = {
        name: max(before[name], after[name])
        for name in ("cacheable_us", "retention_us")
        if name in before and name in after
    }
    permissions: Json = {
        name: before[name] or after[name] for name in ("logging", "batch") if name in before and name in after
    }
    return {"enforcement": "required" if is_required else "advisory", **lists, **times, **permissions}


def _carry(item: Json, after: Json, setting: str) -> None:
    """Set one setting as the newer policy has it; None where it has none."""
    name, _, part = setting.partition(".")
    if not part:
        item[name] = after.get(name)
        return
    group = {**(item.get(name) or {}), part: (after.get(name) or {}).get(part)}
    kept = {key: value for key, value in group.items() if value is not None}
    item[name] = kept or None


def _merged(first: Sequence[str], second: Sequence[str], there: Collection[str]) -> list[str]:
    """Those that are there: in the first order, and what only the second has after what it follows there."""
    found = [name for name in first if name in there]
    for place, name in enumerate(second):
        if name in there and name not in found:
            previous = next((each for each in reversed(second[:place]) if each in found), None)
            found.insert(0 if previous is None else found.index(previous) + 1, name)
    return found


def _is_at(place: str, here: str) -> bool:
    return place == here or place.startswith(f"{here}/")


def _ids(item: Json) -> Iterable[str]:
    return (each for ids in item.get("why", {}).values() for each in ids)


def _renamed(before: Iterable[Json], after: Iterable[Json]) -> dict[str, str]:
    """By id, what a fact of the base is called where the newer policy has another fact of that id."""
    facts = {each["id"]: each for each in after}
    taken = {*facts, *(each["id"] for each in before)}
    found: dict[str, str] = {}
    for each in before:
        if each["id"] in facts and facts[each["id"]] != each:
            name = _named(each["id"], _BEFORE[1:], ".")
            while name in taken:
                name = _named(name, "1", ".")
            taken.add(name)
            found[each["id"]] = name
    return found


def _named(name: str, more: str, between: str = "-") -> str:
    """An id with more at its end, as short as ids must be."""
    return f"{name[: _LONGEST_ID - len(more) - len(between)].rstrip('._-')}{between}{more}"
