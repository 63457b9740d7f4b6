"""In which order are the changes made, so that the policy is sound after each?

In: two sound policies. Out: ``Move``s, each the units of one step and the policy after it. A unit that cannot come
alone is preceded by the fewest others that it needs; what is valid only together comes together.

What both ends keep, every policy between them keeps: the checks, that no request which lost its label leaves a required
boundary, and that one file may hold all backends, which is what consumers refuse a policy for.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Final

from costctl.documents.policy import Policy
from costctl.errors import CostctlError
from costctl.levers.boundary import reason_outside
from costctl.policy.checks import check_policy
from costctl.policy.mislabelled import leak_without_label, reached_by
from costctl.policy.targets.registry import TARGETS
from costctl.policy.targets.target import Target
from costctl.rollout import kinds
from costctl.rollout.asks import asks_of
from costctl.rollout.partway import Key, Partway
from costctl.rollout.units import Unit, units


@dataclass(frozen=True, slots=True)
class Move:
    """One step. before, after: the policies on both sides.  asks: why a person must agree."""

    units: tuple[Unit, ...]
    before: Policy
    after: Policy
    asks: tuple[str, ...]


def moves(base: Policy, new: Policy, kept: Kept) -> list[Move]:
    """The steps, the first first; none where no setting differs. Both policies must be sound."""
    partway = Partway(base, new)
    groups = _groups(partway, kept, units(base, new))
    return _emitted(partway, kept, _coalesced(partway, groups))


class Kept:
    """What two sound policies both keep, and every policy between them must."""

    def __init__(self, base: Policy, new: Policy) -> None:
        self._laws = [law for law in _LAWS if law(base) and law(new)]
        self._targets = [
            each for each in TARGETS if not each.takes_backend and _emits(each, base) and _emits(each, new)
        ]

    def holds(self, policy: Policy) -> bool:
        """Whether a policy is sound, and keeps the laws that both keep."""
        return not check_policy(policy) and all(law(policy) for law in self._laws)

    def emits(self, policy: Policy) -> bool:
        """Whether every consumer that takes both takes the policy: some refuse one for more than the laws below say,
        such as names that they do not take, or too many routes.
        """
        return all(_emits(each, policy) for each in self._targets)


def _groups(partway: Partway, kept: Kept, left: list[Unit]) -> list[tuple[Unit, ...]]:
    """Units in the order of their kinds; each preceded by what it needs."""
    done: frozenset[Key] = frozenset()
    found: list[tuple[Unit, ...]] = []
    while left:
        wanted = left[0]
        is_sound = _soundness(partway, kept, done)
        ready = _first_ready(wanted, left, is_sound)
        for group in _sequence(ready, is_sound):
            found.append(group)
            done |= _keys(group)
        left = [each for each in left if each not in ready]
    return found


def _soundness(partway: Partway, kept: Kept, done: frozenset[Key]) -> Callable[[Collection[Unit]], bool]:
    """Whether the policy is sound after what is done and more units."""
    return lambda more: kept.holds(partway.policy(done | _keys(more)))


def _first_ready(
    wanted: Unit, left: Sequence[Unit], is_sound: Callable[[Collection[Unit]], bool]
) -> tuple[Unit, ...]:
    """The unit with the fewest others without which it is not sound: all that is left is, and none can be left out."""
    if is_sound((wanted,)):
        return (wanted,)
    needed = list(left)
    for each in reversed(left):
        fewer = [other for other in needed if other is not each]
        if each is not wanted and is_sound(fewer):
            needed = fewer
    return tuple(needed)


def _sequence(
    group: tuple[Unit, ...], is_sound: Callable[[Collection[Unit]], bool]
) -> list[tuple[Unit, ...]]:
    """The units one after another where each is sound on what went before; what is left comes at once."""
    found: list[tuple[Unit, ...]] = []
    left = list(group)
    while left:
        done = [each for one in found for each in one]
        following = next((each for each in left if is_sound((*done, each))), None)
        if following is None:
            return [*found, tuple(left)]
        found.append((following,))
        left.remove(following)
    return found


def _coalesced(partway: Partway, groups: Sequence[tuple[Unit, ...]]) -> list[Move]:
    """Neighbours of a kind that may change together are one step, unless a person must agree to either."""
    found: list[Move] = []
    done: frozenset[Key] = frozenset()
    for group in groups:
        before = partway.policy(done)
        done |= _keys(group)
        after = partway.policy(done)
        asks = asks_of(group, before, after)
        last = found[-1] if found else None
        kinds_of = {each.kind for each in (*group, *(last.units if last else ()))}
        if last and len(kinds_of) == 1 and next(iter(kinds_of)).is_together and not (asks or last.asks):
            found[-1] = Move((*last.units, *group), last.before, after, ())
        else:
            found.append(Move(group, before, after, asks))
    return found


def _emitted(partway: Partway, kept: Kept, found: Sequence[Move]) -> list[Move]:
    """Steps after which a consumer that takes both ends would refuse the policy are one with the next."""
    kept_moves: list[Move] = []
    held: Move | None = None
    for each in found:
        move = each
        if held is not None:
            whole = (*held.units, *each.units)
            move = Move(whole, held.before, each.after, asks_of(whole, held.before, each.after))
        held = None
        is_last = each is found[-1]
        if is_last or _is_never_refused(move) or kept.emits(move.after):
            kept_moves.append(move)
        else:
            held = move
    return _ending_in(partway.new, kept_moves)


def _ending_in(new: Policy, found: list[Move]) -> list[Move]:
    """The last step ends in the newer policy itself, with its name and all of its evidence."""
    if found:
        last = found[-1]
        found[-1] = Move(last.units, last.before, new, last.asks)
    return found


def _is_never_refused(move: Move) -> bool:
    """No consumer refuses a policy for what is tuned or operated."""
    return all(
        each.kind.phase in ("tune", "operate") and each.kind is not kinds.BACKEND_GONE for each in move.units
    )


def _keys(group: Collection[Unit]) -> frozenset[Key]:
    return frozenset(key for each in group for key in each.keys)


def _emits(target: Target, policy: Policy) -> bool:
    try:
        target.emit(policy, None)
    except CostctlError:
        return False
    return True


def _is_labelled(policy: Policy) -> bool:
    return leak_without_label(policy) is None


def _is_labelled_by_path(policy: Policy) -> bool:
    return leak_without_label(policy, may_miss_operation=True) is None


def _is_one_place(policy: Policy) -> bool:
    """Whether every backend that any class reaches lies within every required boundary."""
    reached = {name for kind in policy.classes for name in reached_by(kind)}
    required = [
        kind.data_boundary
        for kind in policy.classes
        if kind.data_boundary is not None and kind.data_boundary.enforcement == "required"
    ]
    return all(
        reason_outside(boundary, each) is None
        for each in policy.backends
        if each.id in reached
        for boundary in required
    )


_LAWS: Final[tuple[Callable[[Policy], bool], ...]] = (_is_labelled, _is_labelled_by_path, _is_one_place)
