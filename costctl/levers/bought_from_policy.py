"""What does a policy say of what is bought by the token? Settings of the levers that a bill is run again under.

In: a policy. Out: one setting for each lever and class on which all entries of the class agree, and of models one for
each that is replaced; what is in none, each value with its JSON Pointer and the reason. Only entries count that go to a
provider, not to a pool alone. Nobody knows what calls ask for today beyond where they go: a value that is said is a
setting, whether it changes anything.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from costctl.documents.changes import Value
from costctl.documents.policy import Backend, Policy, PolicyClass
from costctl.levers.bought_levers import CARRIED
from costctl.levers.lever import Lever
from costctl.levers.settings import Setting, of_lever
from costctl.levers.table import LEVERS
from costctl.levers.written_values import Unsaid, at_pointer, read

TARGETS: Final = "/placement/targets"
LeftOut = tuple[str, str]


def bought_settings(policy: Policy) -> tuple[tuple[Setting, ...], tuple[LeftOut, ...]]:
    """The settings in the order of the levers, by class; (pointer, reason) of values that are in none."""
    entries: dict[str, list[tuple[int, PolicyClass]]] = defaultdict(list)
    for index, kind in enumerate(policy.classes):
        if bought_backends(policy, kind):
            entries[kind.request_class].append((index, kind))
    settings: list[Setting] = []
    left_out: list[LeftOut] = [*_of_no_provider(policy)]
    for lever in CARRIED:
        for subject, members in sorted(entries.items()):
            said = {index: value_said(policy, kind, lever) for index, kind in members}
            found = {index: value for index, value in said.items() if value is not None}
            places = [f"/classes/{index}{lever.pointer}" for index in found]
            if found and _is_agreed(policy, lever, [kind for _, kind in members], {*said.values()}):
                value = next(iter(found.values()))
                settings.append(of_lever(lever, subject, value, f"{places[0]} of the policy"))
                continue
            replaced = _replaced(policy, said, lever, subject) if lever.form == "model" else {}
            settings += [each for of_entry in replaced.values() for each in of_entry]
            reason = f"the entries of {subject} differ, and a bill has one value of {lever.name}"
            left_out += [
                (f"/classes/{index}{lever.pointer}", reason) for index in found if index not in replaced
            ]
    return tuple(settings), tuple(left_out)


def _replaced(
    policy: Policy, said: Mapping[int, Value], lever: Lever, subject: str
) -> dict[int, tuple[Setting, ...]]:
    """Of entries of a class that go to different models, by number: where calls go that ask for each of its models.
    None of an entry that names no model, or one that another entry sends elsewhere.
    """
    names = {index: policy.classes[index].match.model or () for index in said}
    found = {}
    for index, value in said.items():
        agreed = {said[other] for other, asked in names.items() if {*asked} & {*names[index]}} == {value}
        if value is not None and names[index] and agreed:
            made = of_lever(lever, subject, value, f"/classes/{index}{lever.pointer} of the policy")
            found[index] = tuple(replace(made, instead_of=name) for name in names[index])
    return found


def _of_no_provider(policy: Policy) -> Iterator[LeftOut]:
    """What entries say that go to pools alone; what a replay has a lever for is read there."""
    replayed = {lever.pointer for lever in LEVERS}
    for index, kind in enumerate(policy.classes):
        for lever in () if bought_backends(policy, kind) else CARRIED:
            if lever.pointer not in replayed and value_said(policy, kind, lever) is not None:
                pointer = f"/classes/{index}{lever.pointer}"
                yield pointer, f"{kind.id} goes to no provider: nothing of it is bought by the token"


def _is_agreed(policy: Policy, lever: Lever, entries: Sequence[PolicyClass], said: set[Value]) -> bool:
    """Whether the entries say one value. An entry that asks for the model already needs not say it."""
    if lever.form == "model":
        return len({model for kind in entries for model in _models(policy, kind)}) == 1
    return len(said) == 1


def bought_backends(policy: Policy, kind: PolicyClass) -> tuple[Backend, ...]:
    """The backends that the entry sends calls to and that are paid by the token."""
    named = {target.backend for target in kind.placement.targets if target.weight}
    return tuple(each for each in policy.backends if each.id in named and each.pool is None)


def value_said(policy: Policy, kind: PolicyClass, lever: Lever) -> Value:
    """What an entry says of a lever of what is bought, in the lever's unit; None where it says nothing of it."""
    if lever.form == "model":
        return _model(policy, kind)
    found = at_pointer(kind, lever.pointer or "")
    value = None if found is None else read(lever, found, 1)
    return None if isinstance(value, Unsaid) else value


def _model(policy: Policy, kind: PolicyClass) -> str | None:
    """The model that the entry changes to; None where its calls go on to what they ask for, or where they were seen."""
    models = _models(policy, kind)
    if len(models) != 1 or _is_as_observed(policy, kind):
        return None
    (model,) = models
    return None if model in (kind.match.model or ()) else model


def _models(policy: Policy, kind: PolicyClass) -> set[str | None]:
    return {backend.model for backend in bought_backends(policy, kind)}


def _is_as_observed(policy: Policy, kind: PolicyClass) -> bool:
    """Whether where the entry goes was measured, not chosen."""
    facts = {fact.id: fact.kind for fact in policy.evidence}
    grounds = [facts.get(each) for each in kind.why.get(TARGETS, ())]
    return bool(grounds) and all(each == "measured" for each in grounds)
