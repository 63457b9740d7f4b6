"""How is a part of the traffic given a change before all of it is?

In: one step. Out: its stages, and the policies that are in force meanwhile. A change of where a class is served is
divided by the weights of targets; what one pool of several replicas is told, by loading it on one of them. Nothing else
in a policy has a share.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec

from costctl.documents.policy import Policy, PolicyClass, Target
from costctl.documents.policy_plan import DividedBy, StageName
from costctl.policy.checks import covers
from costctl.rollout import kinds
from costctl.rollout.asks import overlap
from costctl.rollout.order import Move

POLICY: Final = "policy.json"
_WEIGHED: Final[tuple[tuple[StageName, int], ...]] = (("5 %", 5), ("50 %", 50))  # per cent
_ALL: Final = 100
_MOST_WEIGHT: Final = 1_000_000  # of a target, as documents.policy has it
_NO_SHADOW: Final = frozenset(
    {kinds.NARROWER, kinds.MEASURE, kinds.BACKEND_ADDED, kinds.WIDER, kinds.BACKEND_GONE, kinds.EXPIRY}
)
_OF_ENGINES: Final = frozenset({kinds.BATCHES, kinds.QUEUES, kinds.ROUTING})


@dataclass(frozen=True, slots=True)
class Part:
    """One stage. share: None where it is not known.  policy: in force meanwhile.  file: what it is called."""

    name: StageName
    share: float | None
    policy: Policy
    file: str = POLICY


@dataclass(frozen=True, slots=True)
class Exposure:
    """The stages of a step, the last of which is all. words: how the traffic is divided, or why it is not."""

    divided_by: DividedBy
    words: str
    parts: tuple[Part, ...]


def exposure(move: Move, is_sound: Callable[[Policy], bool]) -> Exposure:
    """The stages. is_sound: whether a policy partway may be in force."""
    last = Part("all", 1.0, move.after)
    first = () if any(each.kind in _NO_SHADOW for each in move.units) else (Part("shadow", 0.0, move.before),)
    weighed = _by_weights(move)
    if weighed and all(is_sound(each.policy) for each in weighed):
        words = "By the weights of targets: load policy-5.json, then policy-50.json, then policy.json."
        return Exposure("weights", words, (*first, *weighed, last))
    share = _share_of_one_replica(move)
    if share is not None:
        words = "A policy has no share of it: load the step's file on one replica of the pool, then on all."
        return Exposure("replicas", words, (*first, Part("one replica", share, move.after), last))
    if _is_of_engines(move):
        words = (
            "The policy names no second replica of the pool: on one first if there are several, else at once."
        )
        return Exposure("nothing", words, (*first, last))
    undivided = next((each.kind.undivided for each in move.units if each.kind.undivided), "")
    words = undivided or "A part of it would break what both policies keep, so it is done at once."
    return Exposure("nothing", words, (*first, last))


def mixed(old: Sequence[Target], new: Sequence[Target], percent: int) -> tuple[Target, ...]:
    """Targets that give the new ones this percentage of the requests, each by its weight; exactly, if weights allow."""
    whole_old, whole_new = (sum(each.weight for each in side) for side in (old, new))
    parts: dict[str, int] = {}
    for side, factor in ((old, whole_new * (_ALL - percent)), (new, whole_old * percent)):
        for each in side:
            if each.weight:
                parts[each.backend] = parts.get(each.backend, 0) + each.weight * factor
    common = math.gcd(*parts.values())
    scale = min(1.0, _MOST_WEIGHT * common / max(parts.values()))
    return tuple(
        Target(name, part // common if scale == 1.0 else max(1, round(part / common * scale)))
        for name, part in parts.items()
    )


def _by_weights(move: Move) -> tuple[Part, ...]:
    """The stages by weight; none where the step changes more than where one class is served."""
    owners = {each.of for each in move.units}
    found = {each.kind for each in move.units}
    if len(owners) != 1 or not found <= {kinds.PLACEMENT, kinds.FALLBACKS, kinds.CLASS_ADDED}:
        return ()
    name = next(iter(owners)).removeprefix("class ")
    number = next((at for at, each in enumerate(move.after.classes) if each.id == name), None)
    if number is None or (kinds.FALLBACKS in found and len(found) == 1):
        return ()
    kind = move.after.classes[number]
    was = _served_by(move.before, kind)
    if was is None or was.placement.targets == kind.placement.targets:
        return ()
    return tuple(
        Part(
            stage,
            percent / _ALL,
            _with(move.after, number, mixed(was.placement.targets, kind.placement.targets, percent)),
            f"policy-{percent}.json",
        )
        for stage, percent in _WEIGHED
    )


def _served_by(before: Policy, kind: PolicyClass) -> PolicyClass | None:
    """What the requests of a class were before: the class itself, or the one that took all of them; None where they
    were of several.
    """
    for each in before.classes:
        if each.id == kind.id or covers(each.match, kind.match):
            return each
        if overlap(each.match, kind.match) and all(other.id != kind.id for other in before.classes):
            return None
    return next(each for each in before.classes if each.id == before.default_class)


def _with(policy: Policy, number: int, targets: tuple[Target, ...]) -> Policy:
    """The policy with these targets of a class, and no fallback to one of them."""
    kind = policy.classes[number]
    names = {each.backend for each in targets}
    fallback = tuple(each for each in kind.placement.fallback if each.backend not in names)
    why = (
        kind.why
        if fallback
        else {place: ids for place, ids in kind.why.items() if not _is_of_fallback(place)}
    )
    placed = msgspec.structs.replace(
        kind,
        placement=msgspec.structs.replace(kind.placement, targets=targets, fallback=fallback),
        why={place: ids for place, ids in why.items() if not place.startswith("/placement/targets/")},
    )
    if not any(place.startswith("/placement") for place in placed.why) and kind.why:
        ids = tuple(
            sorted(
                {
                    each
                    for place, found in kind.why.items()
                    if place.startswith("/placement")
                    for each in found
                }
            )
        )
        placed = msgspec.structs.replace(
            placed, why={**placed.why, **({"/placement/targets": ids} if ids else {})}
        )
    classes = (*policy.classes[:number], placed, *policy.classes[number + 1 :])
    return msgspec.structs.replace(policy, classes=classes)


def _is_of_fallback(place: str) -> bool:
    return place.startswith("/placement/fallback")


def _is_of_engines(move: Move) -> bool:
    return all(each.kind in _OF_ENGINES and each.of.startswith("backend ") for each in move.units)


def _share_of_one_replica(move: Move) -> float | None:
    """The largest share that one replica of a pool has; None where not only pools of several replicas change."""
    if not _is_of_engines(move):
        return None
    names = {each.of.removeprefix("backend ") for each in move.units}
    replicas = [each.replicas for each in move.after.backends if each.id in names]
    if any(each is None or each == 1 for each in replicas):
        return None
    return max(1.0 / each for each in replicas if each is not None)
