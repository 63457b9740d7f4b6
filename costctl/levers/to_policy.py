"""How do settings look in a policy? Written into it, each at the pointers of its lever.

In: a policy, settings, today's platform, what the classes allow. Out: the policy with the settings, the pointers
where each stands, and those that no policy can carry, with the reason.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from costctl.documents.policy import Backend, Policy, PolicyClass
from costctl.documents.setting_names import toml_key
from costctl.documents.settings import ClassSettings
from costctl.errors import InputError
from costctl.levers.bought_from_policy import bought_backends
from costctl.levers.bought_levers import BOUGHT_LEVERS
from costctl.levers.fallbacks import fallbacks_of
from costctl.levers.fallbacks_to_policy import fallbacks_written
from costctl.levers.from_policy import demoted_to, lane_ranks, replayed_backends
from costctl.levers.identifiers import identifier
from costctl.levers.platform import Platform
from costctl.levers.settings import Setting
from costctl.levers.weights import Weights, weights_of
from costctl.levers.written_values import Unsaid, written


@dataclass(frozen=True, slots=True)
class NotCarried:
    """A setting that the policy does not hold. reason: a clause."""

    setting: Setting
    reason: str


@dataclass(frozen=True, slots=True)
class Written:
    """The policy, by key of each setting the pointers where it stands, and what is not carried."""

    policy: Policy
    pointers: Mapping[str, tuple[str, ...]]
    not_carried: tuple[NotCarried, ...]


@dataclass(slots=True)
class _Writing:
    """What has been written so far. raw: the policy in JSON's types."""

    policy: Policy
    today: Platform
    raw: dict[str, Any]
    pointers: dict[str, tuple[str, ...]] = field(default_factory=dict)
    not_carried: list[NotCarried] = field(default_factory=list)


def to_policy(
    policy: Policy, settings: Iterable[Setting], today: Platform, declared: Mapping[str, ClassSettings]
) -> Written:
    """The policy with the settings. declared: by class, for the models that it allows.

    Raises InputError where a class is to move to a pool that has no model for it.
    """
    raw = msgspec.to_builtins(policy)
    writing = _Writing(policy, today, {**raw, "backends": [*raw["backends"]]})
    wanted = list(settings)
    for each in wanted:
        if each.lever.form == "targets":
            _write_targets(writing, each, declared.get(each.subject, ClassSettings()))
        elif each.lever.form == "weights":
            _write_weights(writing, each, declared.get(each.subject, ClassSettings()))
        elif each.lever.form == "model":
            _write_model(writing, each)
        elif each.lever.form not in ("lane", "expiry", "fallbacks"):
            _write_value(writing, each)
    for each in wanted:
        if each.lever.form == "fallbacks":
            _write_fallbacks(writing, each, declared.get(each.subject, ClassSettings()))
    _write_lanes(writing, [each for each in wanted if each.lever.form == "lane"])
    for subject in sorted({each.subject for each in wanted if each.lever.form == "expiry"}):
        _write_expiry(
            writing, [each for each in wanted if (each.lever.form, each.subject) == ("expiry", subject)]
        )
    _forget_reasons(writing)
    return Written(msgspec.convert(writing.raw, Policy), dict(writing.pointers), tuple(writing.not_carried))


def _forget_reasons(writing: _Writing) -> None:
    """What is written rests no longer on what the value before it rested on."""
    for pointers in writing.pointers.values():
        for pointer in pointers:
            _, section, index, place = pointer.split("/", 3)
            writing.raw[section][int(index)].get("why", {}).pop(f"/{place}", None)


def _write_value(writing: _Writing, each: Setting) -> None:
    places = _places(writing.policy, each, writing.today)
    value = written(each.lever, each.value)
    if each.lever.pointer is None:
        writing.not_carried.append(NotCarried(each, "no gateway's file has a word for it"))
    elif not places:
        writing.not_carried.append(NotCarried(each, _why_nowhere(writing.policy, each)))
    elif isinstance(value, Unsaid):
        writing.not_carried.append(NotCarried(each, value.reason))
    else:
        for section, index in places:
            _put(writing.raw[section][index], each.lever.pointer, value)
            if each.lever.name == "queue.max_wait":
                _expire(writing.raw[section][index]["queue"], is_limited=each.value is not None)
        writing.pointers[each.key] = tuple(
            f"/{section}/{index}{each.lever.pointer}" for section, index in places
        )


def _expire(queue: dict[str, Any], *, is_limited: bool) -> None:
    """What becomes of a call that waited too long: in the replay it is rejected, where nothing else is said."""
    if is_limited:
        queue.setdefault("on_timeout", "reject")
    else:
        queue.pop("on_timeout", None)


def _places(policy: Policy, each: Setting, today: Platform) -> list[tuple[str, int]]:
    """Where the subject stands: the backends of the pool; the entries of the class that go to pools of the platform, or
    to providers where the setting is of what is bought there: it was judged on these.
    """
    if each.lever.owner == "pool":
        return [("backends", index) for index, it in enumerate(policy.backends) if it.pool == each.subject]
    is_bought = each.lever in BOUGHT_LEVERS
    return [
        ("classes", index)
        for index, it in enumerate(policy.classes)
        if it.request_class == each.subject
        and (bought_backends(policy, it) if is_bought else replayed_backends(policy, it, today))
    ]


def _why_nowhere(policy: Policy, each: Setting) -> str:
    if each.lever in BOUGHT_LEVERS and any(it.request_class == each.subject for it in policy.classes):
        return f"no call of {each.subject} is paid by the token"
    return f"the policy says nothing of {each.subject}"


def _put(item: dict[str, Any], pointer: str, value: Any) -> None:
    *above, last = pointer.split("/")[1:]
    for part in above:
        item = item.setdefault(part, {})
    item[last] = value


def _write_lanes(writing: _Writing, lanes: list[Setting]) -> None:
    """The order of service: classes with a lane by its number, then all others together."""
    if not lanes:
        return
    ranks = {**lane_ranks(writing.policy), **{each.subject: _rank(each) for each in lanes}}
    order = sorted(set(ranks.values()), key=lambda rank: (rank is None, rank or 0))
    writing.raw["lanes"] = [{"id": f"lane-{place}"} for place in range(1, len(order) + 1)]
    for index, kind in enumerate(writing.policy.classes):
        writing.raw["classes"][index]["lane"] = f"lane-{order.index(ranks[kind.request_class]) + 1}"
    for each in lanes:
        places = _places(writing.policy, each, writing.today)
        writing.pointers[each.key] = tuple(f"/classes/{index}/lane" for _, index in places)
        if not places:
            writing.not_carried.append(NotCarried(each, f"the policy says nothing of {each.subject}"))


def _write_expiry(writing: _Writing, of_class: list[Setting]) -> None:
    """What becomes of calls of one class that waited too long. A policy demotes to the lane that is served next."""
    said = {each.lever.field: each.value for each in of_class}
    rules = writing.today.classes[of_class[0].subject]
    on_expiry = said.get("on_expiry", rules.on_expiry)
    demote_to = said.get("demote_to", rules.demote_to)
    policy = msgspec.convert(writing.raw, Policy)
    places = [index for _, index in _places(writing.policy, of_class[0], writing.today)]
    takers = {demoted_to(policy, policy.classes[index], writing.today) for index in places}
    for index in places if on_expiry == "reject" or takers == {demote_to} else ():
        _put(writing.raw["classes"][index], "/queue/on_timeout", on_expiry)
    for each in of_class:
        if not places:
            writing.not_carried.append(NotCarried(each, _why_nowhere(writing.policy, each)))
        elif on_expiry == "reject" and each.lever.field == "demote_to":
            writing.not_carried.append(
                NotCarried(each, "a policy that demotes nobody says not to whose queue")
            )
        elif on_expiry == "demote" and takers != {demote_to}:
            reason = f"a policy demotes to the lane that is served next, and {demote_to} is not the first class there"
            writing.not_carried.append(NotCarried(each, reason))
        else:
            writing.pointers[each.key] = tuple(f"/classes/{index}/queue/on_timeout" for index in places)


def _rank(each: Setting) -> int | None:
    return each.value if isinstance(each.value, int) else None


def _write_targets(writing: _Writing, each: Setting, declared: ClassSettings) -> None:
    pools = each.value if isinstance(each.value, tuple) else ()
    backends = {backend.id: backend for backend in writing.policy.backends}
    changed = []
    for _, index in _places(writing.policy, each, writing.today):
        kind = writing.policy.classes[index]
        targets = _moved(kind, pools, backends, writing.today, declared)
        if targets is not None:
            writing.raw["classes"][index]["placement"]["targets"] = targets
            changed.append(f"/classes/{index}/placement/targets")
    writing.pointers[each.key] = tuple(changed)
    if not changed:
        writing.not_carried.append(
            NotCarried(each, f"no call of {each.subject} goes to a pool that it leaves")
        )


def _moved(
    kind: PolicyClass,
    pools: tuple[str, ...],
    backends: Mapping[str, Backend],
    today: Platform,
    declared: ClassSettings,
) -> list[dict[str, Any]] | None:
    """The targets when the class is served by these pools: the weight of each pool that it leaves goes to the first
    of them that batches in the same way, as the replay has it. None where nothing moves.
    """
    weights = {target.backend: target.weight for target in kind.placement.targets}
    leaving = [
        backends[target.backend]
        for target in kind.placement.targets
        if backends[target.backend].pool in today.pools and backends[target.backend].pool not in pools
    ]
    for backend in leaving:
        discipline = today.pools[backend.pool or ""].discipline
        to = next(name for name in sorted(pools) if today.pools[name].discipline == discipline)
        taking = _taking(backends, to, backend.model, declared)
        weights[taking] = weights.get(taking, 0) + weights.pop(backend.id)
    return [{"backend": name, "weight": weight} for name, weight in weights.items()] if leaving else None


def _write_weights(writing: _Writing, each: Setting, declared: ClassSettings) -> None:
    """In entries that go to pools which batch in this way, the weight of these is shared as the setting says."""
    weights = weights_of(str(each.value))
    changed = []
    for _, index in _places(writing.policy, each, writing.today):
        targets = _shared(writing, index, weights, declared)
        if targets is not None:
            writing.raw["classes"][index]["placement"]["targets"] = targets
            changed.append(f"/classes/{index}/placement/targets")
    writing.pointers[each.key] = tuple(changed)
    if not changed:
        writing.not_carried.append(NotCarried(each, f"no call of {each.subject} batches as these pools do"))


def _shared(
    writing: _Writing, index: int, weights: Weights, declared: ClassSettings
) -> list[dict[str, Any]] | None:
    """The targets of an entry: what its pools of this discipline weigh, shared; others keep their part. None where it
    has no such pool.
    """
    backends = {backend.id: backend for backend in writing.policy.backends}
    pools, targets = writing.today.pools, writing.policy.classes[index].placement.targets
    discipline = pools[weights.pools[0]].discipline
    leaving = {
        target.backend: target.weight
        for target in targets
        if (pool := backends[target.backend].pool) in pools and pools[pool or ""].discipline == discipline
    }
    if not leaving:
        return None
    whole = sum(weight for _, weight in weights.parts)
    model = backends[next(iter(leaving))].model
    found = {each.backend: each.weight * whole for each in targets if each.backend not in leaving}
    for pool, weight in weights.parts:
        taking = _taking(backends, pool, model, declared)
        found[taking] = found.get(taking, 0) + weight * sum(leaving.values())
    common = math.gcd(*found.values()) or 1
    return [{"backend": name, "weight": weight // common} for name, weight in found.items()]


def _write_fallbacks(writing: _Writing, each: Setting, declared: ClassSettings) -> None:
    """In every entry that goes to pools of the platform, as its targets have become; what stood there of these goes."""
    backends = {backend.id: backend for backend in writing.policy.backends}
    fallbacks, changed = fallbacks_of(str(each.value)), []

    def taking(pool: str, model: str | None) -> str:
        return _taking(backends, pool, model, declared)

    for _, index in _places(writing.policy, each, writing.today):
        kind = msgspec.convert(writing.raw["classes"][index], PolicyClass)
        said = fallbacks_written(kind, fallbacks, backends, writing.today.pools, taking)
        if isinstance(said, Unsaid):
            writing.not_carried.append(NotCarried(each, said.reason))
            return
        changed.append((index, msgspec.to_builtins(said)))
    for index, said in changed:
        writing.raw["classes"][index]["placement"]["fallback"] = said
    writing.pointers[each.key] = tuple(f"/classes/{index}/placement/fallback" for index, _ in changed)
    if not changed:
        writing.not_carried.append(NotCarried(each, _why_nowhere(writing.policy, each)))


def _taking(backends: Mapping[str, Backend], pool: str, model: str | None, declared: ClassSettings) -> str:
    """The backend of the pool that takes calls of this model: of the same, else the first that the class allows."""
    here = [backend for backend in backends.values() if backend.pool == pool]
    same = [backend for backend in here if backend.model == model]
    allowed = [backend for backend in here if backend.model in declared.allowed_models]
    if same or allowed:
        return (same or allowed)[0].id
    raise InputError(
        f"The recommended move to the pool {pool} cannot be written into a policy.",
        why="No model in that pool is the one in use, or allowed for the class.",
        next_step=f"Declare models in [pools.{toml_key(pool)}], or allowed_models of the class.",
    )


def _write_model(writing: _Writing, each: Setting) -> None:
    """Calls that are bought go to the same provider's backend of that model, which is added where there is none. Where
    one model is replaced, only what goes to it: the other targets of an entry, and entries without it, stay.
    """
    places = [
        index
        for _, index in _places(writing.policy, each, writing.today)
        if each.instead_of is None or each.instead_of in _asked_for(writing.policy, index)
    ]
    if not places:
        writing.not_carried.append(NotCarried(each, _why_no_model(writing.policy, each)))
    writing.pointers[each.key] = tuple(f"/classes/{index}/placement/targets" for index in places)
    for index in places:
        weights: dict[str, int] = {}
        for target in writing.raw["classes"][index]["placement"]["targets"]:
            to = _selling(writing.raw["backends"], target["backend"], each)
            weights[to] = weights.get(to, 0) + target["weight"]
        writing.raw["classes"][index]["placement"]["targets"] = [
            {"backend": name, "weight": weight} for name, weight in weights.items()
        ]


def _asked_for(policy: Policy, index: int) -> set[str | None]:
    """The models that an entry of the policy goes to, of those that are paid by the token: as they are asked for, and
    as they answer.
    """
    backends = bought_backends(policy, policy.classes[index])
    return {name for backend in backends for name in (backend.model, backend.answers_as)}


def _why_no_model(policy: Policy, each: Setting) -> str:
    if any(it.request_class == each.subject and bought_backends(policy, it) for it in policy.classes):
        return f"no entry of {each.subject} goes to {each.instead_of}"
    return _why_nowhere(policy, each)


def _selling(backends: list[dict[str, Any]], name: str, change: Setting) -> str:
    """The id of the backend that sells the model where this backend is: its own where it is a pool, or where its model
    is not the one that is replaced.
    """
    present, model = next(each for each in backends if each["id"] == name), str(change.value)
    stays = change.instead_of not in (None, present.get("model"), present.get("answers_as"))
    if "pool" in present or present.get("model") == model or stays:
        return name
    place = {key: value for key, value in present.items() if key not in ("id", "model", "answers_as", "why")}
    for each in backends:
        if each.get("model") == model and all(each.get(key) == value for key, value in place.items()):
            return str(each["id"])
    made = identifier(".".join(part for part in (present.get("provider"), model) if part))
    if any(each["id"] == made for each in backends):
        made = identifier(f"{name}.{model}")
    backends.append({"id": made, "model": model, **place})
    return made
