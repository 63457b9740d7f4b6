"""Why must a person agree before a step? Because data may go where it might not before.

In: what changes, and the policies on both sides. Out: reasons, one sentence each; none where nobody must agree.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from costctl.documents.policy import Match, Policy, PolicyClass
from costctl.levers.boundary import reason_outside
from costctl.policy.difference import policy_difference
from costctl.policy.mislabelled import reached_by
from costctl.rollout import kinds
from costctl.rollout.units import Unit

_TELLING = (kinds.TOLD_APART, kinds.CLASS_ADDED, kinds.CLASS_GONE)


def asks_of(group: Iterable[Unit], before: Policy, after: Policy) -> tuple[str, ...]:
    """The reasons, in the order of the classes."""
    found = list(_wider(before, after))
    if any(each.kind in _TELLING for each in group):
        found += _told_otherwise(before, after)
    return tuple(dict.fromkeys(found))


def _wider(before: Policy, after: Policy) -> Iterator[str]:
    """Boundaries that widen, and places that a class without a required boundary reaches only now."""
    both = {f"class {each.id}" for each in before.classes} & {f"class {each.id}" for each in after.classes}
    kept = {f"class {each.id}" for each in after.classes if _is_required(each)}
    for each in policy_difference(before, after, ("before", "after")).changes:
        if each.of not in both or each.matter != "data boundary" or each.direction != "wider":
            continue
        name = each.of.removeprefix("class ")
        if each.setting == "data_boundary":
            yield f"The data of {name} may go to more places: {each.before or 'none'} → {each.after or 'none'}."
        elif each.of not in kept:
            yield f"The data of {name} goes to {each.after}, before to {each.before}; no required boundary says it may."


def _told_otherwise(before: Policy, after: Policy) -> Iterator[str]:
    """Requests of a class with a required boundary that another class may take from now on, outside of it."""
    backends = {each.id: each for each in after.backends}
    matches = {each.id: each.match for each in after.classes}
    was = {each.id: each.match for each in before.classes}
    order = [[each.id for each in side.classes if each.id in was] for side in (before, after)]
    for kind in before.classes:
        if not _is_required(kind):
            continue
        is_changed = matches.get(kind.id) != kind.match
        for taker in after.classes:
            is_other = taker.id != kind.id
            may_take = (is_changed or was.get(taker.id) != taker.match or order[0] != order[1]) and overlap(
                kind.match, taker.match
            )
            is_rest = is_changed and taker.id == after.default_class
            outside = (
                name for name in reached_by(taker) if reason_outside(kind.data_boundary, backends[name])
            )
            name = next(outside, None)
            if is_other and (may_take or is_rest) and name is not None:
                yield f"Requests of {kind.id} may be taken by {taker.id}, at {name}, outside of their boundary."


def _is_required(kind: PolicyClass) -> bool:
    return kind.data_boundary is not None and kind.data_boundary.enforcement == "required"


def overlap(one: Match, other: Match) -> bool:
    """Whether a request may match both."""
    values = {header.name: header.value for header in one.headers}
    return (
        all(values.get(header.name, header.value) == header.value for header in other.headers)
        and (not one.operation or not other.operation or bool(set(one.operation) & set(other.operation)))
        and (not one.model or not other.model or bool(set(one.model) & set(other.model)))
    )
