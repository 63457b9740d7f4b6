"""Which model groups does a LiteLLM proxy have, and which deployments stand behind each?

In: a policy. Out: groups, one for each name that clients ask for. Where classes that ask for one name are served in
different ways, each way has deployments with the tags of its classes, and one answers untagged requests too: the one
with the model of that name, else that of the default class. What LiteLLM cannot ask is left out, with the reason.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from costctl.documents.policy import Backend, Fallback, Policy, PolicyClass
from costctl.policy.targets.litellm_bought import bought_params
from costctl.policy.targets.litellm_providers import NoUpstream, Upstream, upstreams_of


@dataclass(frozen=True, slots=True)
class Entry:
    """A class of the policy and its place there."""

    number: int
    kind: PolicyClass


@dataclass(frozen=True, slots=True)
class Treatment:
    """Classes that are served alike. targets: backend → weight, only what LiteLLM can ask."""

    entries: tuple[Entry, ...]
    targets: Mapping[str, int]

    @property
    def first(self) -> PolicyClass:
        """One of the classes: targets, timeout and limits are the same for all."""
        return self.entries[0].kind

    @property
    def calls(self) -> int | None:
        """Of all its classes; None where one does not say."""
        counts = [entry.kind.calls for entry in self.entries]
        return None if None in counts else sum(count or 0 for count in counts)

    def calls_to(self, backend: str) -> float | None:
        """The part of the calls that goes to a backend."""
        calls = self.calls
        return None if calls is None else calls * self.targets[backend] / sum(self.targets.values())


@dataclass(frozen=True, slots=True)
class Group:
    """What clients ask for by one name. aliases: other names for the same.  treatments: the first is the default.

    stand_ins: by backend of a treatment, others that fall back to it: their requests go there too, but later.
    fallbacks: by backend of no other treatment that is tried next, in order, what its classes say of it.
    """

    name: str
    aliases: tuple[str, ...]
    treatments: tuple[Treatment, ...]
    stand_ins: Mapping[str, tuple[Treatment, ...]]
    fallbacks: Mapping[str, tuple[Fallback, ...]]

    @property
    def kinds(self) -> tuple[PolicyClass, ...]:
        """Its classes."""
        return tuple(entry.kind for treatment in self.treatments for entry in treatment.entries)

    @property
    def is_tagged(self) -> bool:
        """Whether LiteLLM must be told the class of a request."""
        return len(self.treatments) > 1


@dataclass(frozen=True)
class Layout:
    """All groups, sorted by name. left_out: by number of a class, why no deployment answers it.

    upstreams: by id of a backend, how LiteLLM asks it.
    """

    policy: Policy
    groups: tuple[Group, ...]
    left_out: Mapping[int, str]
    upstreams: Mapping[str, Upstream | NoUpstream]

    @cached_property
    def is_tagged(self) -> bool:
        """Whether any group needs tags; then every deployment has one, or tagged requests would find none."""
        return any(group.is_tagged for group in self.groups)

    @cached_property
    def fallback_group(self) -> dict[tuple[str, str], str]:
        """By group and backend, the name of the group that is asked when the first fails: one that clients know where
        that has only this backend, else one of its own.
        """
        known = {
            next(iter(group.treatments[0].targets)): group.name
            for group in reversed(self.groups)
            if not group.is_tagged and len(group.treatments[0].targets) == 1
        }
        taken = {name for group in self.groups for name in (group.name, *group.aliases)}
        named: dict[tuple[str, str], str] = {}
        for group in self.groups:
            for backend in group.fallbacks:
                own = f"{backend}-fallback" if backend in taken else backend
                named[group.name, backend] = (
                    known[backend] if known.get(backend, group.name) != group.name else own
                )
        return named

    @cached_property
    def only_fallbacks(self) -> dict[str, str]:
        """Groups that only answer when another fails: name → backend."""
        names = {group.name for group in self.groups}
        return {
            name: backend for (_, backend), name in sorted(self.fallback_group.items()) if name not in names
        }

    @cached_property
    def asked(self) -> dict[str, Upstream]:
        """How LiteLLM asks each backend that stands in the file."""
        serving = {name for group in self.groups for it in group.treatments for name in it.targets}
        serving |= {name for group in self.groups for name in group.fallbacks}
        return {
            name: upstream
            for name, upstream in self.upstreams.items()
            if name in serving and isinstance(upstream, Upstream)
        }

    @cached_property
    def backends(self) -> dict[str, Backend]:
        """Backends by id."""
        return {backend.id: backend for backend in self.policy.backends}


def layout_of(policy: Policy) -> Layout:
    """The groups of the proxy."""
    upstreams = upstreams_of(policy.backends)
    left_out: dict[int, str] = {}
    by_name: dict[str, list[Entry]] = defaultdict(list)
    for number, kind in enumerate(policy.classes):
        reasons = [_reason(upstreams[target.backend]) for target in kind.placement.targets]
        if all(reasons):
            left_out[number] = str(reasons[0])
        else:
            by_name[_names(kind, policy)[0]].append(Entry(number, kind))
    groups = tuple(
        _group(name, entries, policy, set(by_name), upstreams) for name, entries in sorted(by_name.items())
    )
    return Layout(policy, groups, left_out, upstreams)


def shares(total: int, calls: Sequence[float | None]) -> tuple[int, ...]:
    """A limit that several deployments have in common, by the calls that may come through each: together the limit, but
    one each at least. Even where the calls of one are unknown.
    """
    known = [call for call in calls if call is not None]
    parts = known if len(known) == len(calls) and sum(known) > 0 else [1.0] * len(calls)
    exact = [total * part / sum(parts) for part in parts]
    whole = [max(1, int(each)) for each in exact]
    by_rest = sorted(range(len(exact)), key=lambda place: (int(exact[place]) - exact[place], place))
    for place in by_rest[: max(0, total - sum(whole))]:
        whole[place] += 1
    return tuple(whole)


def _group(
    name: str,
    entries: Sequence[Entry],
    policy: Policy,
    names: set[str],
    upstreams: Mapping[str, Upstream | NoUpstream],
) -> Group:
    alike: dict[object, list[Entry]] = defaultdict(list)
    for entry in entries:
        alike[_treatment_key(entry.kind, upstreams)].append(entry)
    treatments = [
        Treatment(
            tuple(members),
            {
                target.backend: target.weight
                for target in members[0].kind.placement.targets
                if isinstance(upstreams[target.backend], Upstream)
            },
        )
        for members in alike.values()
    ]
    models = {backend.id: backend.model for backend in policy.backends}
    treatments.sort(
        key=lambda it: (
            name not in {models[backend] for backend in it.targets},
            not _holds(it, policy.default_class),
            -(it.calls or 0),
        )
    )
    aliases = {alias for entry in entries for alias in _names(entry.kind, policy)[1:]} - names
    stand_ins = _stand_ins(treatments)
    fallbacks = _fallbacks(treatments, stand_ins, upstreams)
    return Group(name, tuple(sorted(aliases)), tuple(treatments), stand_ins, fallbacks)


def _fallbacks(
    treatments: Sequence[Treatment],
    stand_ins: Mapping[str, tuple[Treatment, ...]],
    upstreams: Mapping[str, Upstream | NoUpstream],
) -> dict[str, tuple[Fallback, ...]]:
    """By backend that is in another group and that LiteLLM can ask, what the classes say of it."""
    found: dict[str, list[Fallback]] = defaultdict(list)
    for treatment in treatments:
        for fallback in treatment.first.placement.fallback:
            is_here = treatment in stand_ins.get(fallback.backend, ())
            if not is_here and isinstance(upstreams[fallback.backend], Upstream):
                found[fallback.backend].append(fallback)
    return {backend: tuple(said) for backend, said in found.items()}


def _stand_ins(treatments: Sequence[Treatment]) -> dict[str, tuple[Treatment, ...]]:
    """By backend of a treatment that has no fallback itself, those that fall back to it whenever a call fails."""
    owners = {
        name
        for treatment in treatments
        if not treatment.first.placement.fallback
        for name in treatment.targets
    }
    found: dict[str, list[Treatment]] = defaultdict(list)
    for treatment in treatments:
        for fallback in treatment.first.placement.fallback:
            if fallback.backend in owners - set(treatment.targets) and "error" in fallback.on:
                found[fallback.backend].append(treatment)
    return {backend: tuple(waiting) for backend, waiting in found.items()}


def _holds(treatment: Treatment, class_id: str) -> bool:
    return any(entry.kind.id == class_id for entry in treatment.entries)


def _treatment_key(kind: PolicyClass, upstreams: Mapping[str, Upstream | NoUpstream]) -> object:
    """Classes with the same key need no deployments of their own. A limit of rate is of one class alone."""
    asked = [upstreams[target.backend] for target in kind.placement.targets]
    bought = [bought_params(kind, each) for each in asked if isinstance(each, Upstream)]
    return (kind.placement, kind.timeout_us, None if kind.admission is None else kind.id, repr(bought))


def _names(kind: PolicyClass, policy: Policy) -> tuple[str, ...]:
    """What clients ask for; where the policy does not say, the model that serves them."""
    if kind.match.model is not None:
        return kind.match.model
    return (next(_served(kind, policy), kind.id),)


def _served(kind: PolicyClass, policy: Policy) -> Iterator[str]:
    models = {backend.id: backend.model for backend in policy.backends}
    for target in kind.placement.targets:
        model = models[target.backend]
        if model is not None:
            yield model


def _reason(upstream: Upstream | NoUpstream) -> str | None:
    return upstream.reason if isinstance(upstream, NoUpstream) else None
