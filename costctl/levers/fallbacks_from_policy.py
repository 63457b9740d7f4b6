"""To which pools do calls of a class go on, by the fallbacks of a policy's entries?

In: the entries of one class, the backends, today's pools. Out: one list for the class, or none where its entries say
what no list does; and what is left out, with its JSON Pointer and the reason.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from costctl.documents.policy import Backend, Fallback, PolicyClass
from costctl.levers.fallbacks import CAUSES, Fallbacks, fallbacks_from
from costctl.levers.platform import PoolRules

Part = tuple[str, tuple[str, ...]]
LeftOut = tuple[str, str]


@dataclass(frozen=True, slots=True)
class _Entry:
    """own: the pools that it goes to.  parts: those that calls go on to, in order."""

    pointer: str
    own: frozenset[str]
    parts: tuple[Part, ...]


def fallbacks_said(
    entries: Sequence[tuple[str, PolicyClass]],
    backends: Mapping[str, Backend],
    pools: Mapping[str, PoolRules],
) -> tuple[Fallbacks | None, tuple[LeftOut, ...]]:
    """The fallbacks of a class, and what is left out. entries: with their pointers, those that go to these pools."""
    left_out: list[LeftOut] = []
    read = [_entry(here, kind, backends, pools, left_out) for here, kind in entries]
    merged: dict[str, Part] = {}
    for part in (part for entry in read for part in entry.parts):
        merged.setdefault(part[0], part)
    if all(_says(merged.values(), entry, pools) for entry in read):
        return fallbacks_from(merged.values()), tuple(left_out)
    differ = "the entries of a class fall back in ways that no one list of pools says"
    left_out += [(entry.pointer, differ) for entry in read if entry.parts]
    return None, tuple(left_out)


def _entry(
    here: str,
    kind: PolicyClass,
    backends: Mapping[str, Backend],
    pools: Mapping[str, PoolRules],
    left_out: list[LeftOut],
) -> _Entry:
    targets = [backends[each.backend].pool for each in kind.placement.targets if each.weight]
    own = frozenset(name for name in targets if name is not None and name in pools)
    pointer = f"{here}/placement/fallback"
    taken: set[str] = set()  # causes on which calls have gone where no replay follows them
    parts: list[Part] = []
    for place, each in enumerate(kind.placement.fallback):
        at, pool = f"{pointer}/{place}", backends[each.backend].pool
        if pool is None or pool not in pools:
            left_out.append((at, f"{each.backend} is not a pool that can be replayed: calls leave there"))
            taken |= {*each.on}
            continue
        reason = _why_not(each, pool, own, parts, pools, taken)
        if reason is not None:
            left_out.append((at, reason))
            continue
        left_out += _of_content(each, at)
        parts.append((pool, tuple(cause for cause in CAUSES if cause in {*each.on} - taken)))
    return _Entry(pointer, own, tuple(parts))


def _why_not(
    each: Fallback,
    pool: str,
    own: frozenset[str],
    parts: Sequence[Part],
    pools: Mapping[str, PoolRules],
    taken: set[str],
) -> str | None:
    """Why no call goes on to the pool in a replay; None where one may."""
    if pool in own or any(pool == earlier for earlier, _ in parts):
        return "it is of a pool that the calls have been to; the replay does not tell the models in one apart"
    if pools[pool].discipline not in {pools[name].discipline for name in own}:
        return f"{pool} does not batch as the pools do that the entry goes to"
    if not {*each.on} & {*CAUSES}:
        return "no call of a replay is refused for its content"
    if not {*each.on} & {*CAUSES} - taken:
        return "before it calls go on to what is not a pool that can be replayed"
    return None


def _of_content(each: Fallback, at: str) -> Iterator[LeftOut]:
    if "content_policy" in each.on:
        yield f"{at}/on", "no call of a replay is refused for its content"


def _says(merged: Iterable[Part], entry: _Entry, pools: Mapping[str, PoolRules]) -> bool:
    """Whether the list, for each pool that the entry goes to, is the entry's own."""
    whole = [*merged]
    return all(_alike(whole, name, pools) == _alike(entry.parts, name, pools) for name in entry.own)


def _alike(parts: Sequence[Part], own: str, pools: Mapping[str, PoolRules]) -> list[Part]:
    """Of the pools those that a call of this one may go on to: others that batch in its way."""
    return [part for part in parts if part[0] != own and pools[part[0]].discipline == pools[own].discipline]
