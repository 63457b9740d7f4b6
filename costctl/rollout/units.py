"""Which settings change, and which of them only together?

In: two policies. Out: ``Unit``s in the order in which they are best done, each with the keys of ``partway``. Every
setting that differs is in exactly one unit.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from costctl.documents.policy import Policy, PolicyBoundary, PolicyClass
from costctl.levers.boundary import reason_outside
from costctl.policy.difference import is_wider
from costctl.policy.mislabelled import reached_by
from costctl.policy.placed_settings import placed_settings
from costctl.rollout import kinds
from costctl.rollout.kinds import KINDS, Kind, kind_of
from costctl.rollout.partway import BOUNDARY, TO_BOTH, WHOLE, Key, union

_ANY = PolicyBoundary(enforcement="advisory")
_PLACEMENT = ("placement.targets", "placement.fallback")


@dataclass(frozen=True, slots=True)
class Unit:
    """Settings that change together. of: whose they are, such as "class chat"; "policy" of the policy itself."""

    kind: Kind
    of: str
    keys: frozenset[Key]


def units(base: Policy, new: Policy) -> list[Unit]:
    """All that differs, the first step first; of one kind in the order of the newer policy."""
    differing = _differing(base, new)
    found = [*_sections(base, new), *_boundaries(base, new, differing)]
    taken = {key for each in found for key in each.keys}
    rest: dict[tuple[Kind, str], set[Key]] = {}
    for key in differing:
        if key not in taken and key[1] != BOUNDARY:
            kind = kind_of(key[1])
            of = "policy" if kind in (kinds.TOLD_APART, kinds.ORDER) else key[0]
            rest.setdefault((kind, of), set()).add(key)
    found += [Unit(kind, of, frozenset(keys)) for (kind, of), keys in rest.items()]
    order = [f"class {each.id}" for each in (*new.classes, *base.classes)]
    order += [f"backend {each.id}" for each in (*new.backends, *base.backends)]
    place = {of: number for number, of in reversed(list(enumerate(["policy", *order])))}
    return sorted(found, key=lambda each: (KINDS.index(each.kind), place[each.of]))


def _differing(base: Policy, new: Policy) -> list[Key]:
    """Settings of what both policies have, where they differ; the order of classes where those of both changed it."""
    before, after = (
        {(each.of, each.setting): each.value for each in placed_settings(side)} for side in (base, new)
    )
    there = {"policy", *({_of(each) for each in _items(base)} & {_of(each) for each in _items(new)})}
    orders = [
        [each.id for each in one.classes if each.id in {kind.id for kind in other.classes}]
        for one, other in ((base, new), (new, base))
    ]
    return [
        key
        for key in dict.fromkeys((*after, *before))
        if key[0] in there
        and before.get(key) != after.get(key)
        and (key != ("policy", "order of classes") or orders[0] != orders[1])
    ]


def _sections(base: Policy, new: Policy) -> Iterator[Unit]:
    """Classes and backends that come or go, each with all of its settings."""
    before, after = ({_of(each) for each in _items(side)} for side in (base, new))
    for of in before ^ after:
        is_class, is_new = of.startswith("class "), of in after
        kind = {
            (True, True): kinds.CLASS_ADDED,
            (True, False): kinds.CLASS_GONE,
            (False, True): kinds.BACKEND_ADDED,
            (False, False): kinds.BACKEND_GONE,
        }[is_class, is_new]
        yield Unit(kind, of, frozenset({(of, WHOLE)}))


def _boundaries(base: Policy, new: Policy, differing: list[Key]) -> Iterator[Unit]:
    """Data boundaries that change. One that narrows takes the placement with it, where that lies outside by then."""
    before, after = ({f"class {each.id}": each for each in side.classes} for side in (base, new))
    for of, setting in differing:
        if setting != BOUNDARY:
            continue
        was, now = before[of].data_boundary or _ANY, after[of].data_boundary or _ANY
        whole = frozenset({(of, BOUNDARY)})
        if not is_wider(was, now):
            is_outside = _is_outside(base, before[of], now)
            moved = frozenset((of, name) for name in _PLACEMENT if is_outside and (of, name) in differing)
            yield Unit(kinds.NARROWER, of, whole | moved)
        elif is_wider(now, was) and union(was, now) not in (was, now):
            yield Unit(kinds.WIDER, of, frozenset({(of, TO_BOTH)}))
            yield Unit(kinds.MOVED, of, whole)
        else:
            yield Unit(kinds.WIDER, of, whole)


def _is_outside(base: Policy, kind: PolicyClass, boundary: PolicyBoundary) -> bool:
    """Whether the class is served where the boundary, if it is required, does not allow it."""
    backends = {each.id: each for each in base.backends}
    return boundary.enforcement == "required" and any(
        reason_outside(boundary, backends[name]) is not None for name in reached_by(kind)
    )


def _items(policy: Policy) -> Iterator[tuple[str, str]]:
    yield from (("class", each.id) for each in policy.classes)
    yield from (("backend", each.id) for each in policy.backends)


def _of(item: tuple[str, str]) -> str:
    return " ".join(item)
