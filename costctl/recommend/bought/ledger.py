"""What does all that is recommended for bought tokens save together? Applied one after the other on one bill.

In: the study, the recommendations as they are written down. Out: the increments, and which recommendations add nothing
to the others. Two changes may save the same token; each is counted for what it adds to those before it, so that the
increments sum to the joint saving. The next one is always that which adds most for certain.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

from msgspec.structs import replace

from costctl.documents.estimate import Estimate
from costctl.documents.recommendations import Increment, Joint, Recommendation
from costctl.levers.settings import Setting, settings_in
from costctl.rebill.bill import Bill
from costctl.recommend.bought.cuts import Cut, cut_of
from costctl.recommend.bought.evaluator import LEAST_USD_PER_WEEK
from costctl.recommend.bought.split import order_free
from costctl.recommend.bought.study import FEWEST_SESSIONS, BoughtStudy
from costctl.recommend.doubts import Doubt, doubt_of
from costctl.recommend.weekly import over_both
from costctl.stats.week import Saving

MOST_SPLIT: Final = 7  # changes of the same calls: each more doubles the bills
Names = frozenset[str]


@dataclass(frozen=True, slots=True)
class Ledger:
    """joint: the increments and their sum; None without any.  adds_nothing: recommendations that save nothing for
    certain once those in ``joint`` are done, each with what is in doubt.
    """

    joint: Joint | None
    adds_nothing: Mapping[str, Doubt]


class _Bills:
    """Bills of any of the recommendations together. A bill of a class depends on what changes for that class alone, so
    that only those are billed together which change the same class; a change of no class touches them all.
    """

    def __init__(self, study: BoughtStudy, made: Sequence[Recommendation]) -> None:
        self.study = study
        self.ids = [item.id for item in made]
        self._by_time = frozenset(item.id for item in made if item.commitment is not None)
        self._settings = {item.id: settings_in(item.change, item.id) for item in made}
        self._beside = _beside(made)
        self._added: dict[tuple[str, Names], Saving | None] = {}

    def of(self, names: Names) -> Bill:
        """The bill under all of these; of two that change the same setting, the later recommendation holds."""
        if not names:
            return self.study.today
        settings: tuple[Setting, ...] = ()
        for name in self.ids:
            if name in names:
                settings = (*settings, *self._settings[name])
        return self.study.bill(settings)

    def added(self, name: str, before: Names) -> Saving | None:
        """USD that one adds to those before it; None where it moves too little to say."""
        touched = before & self._beside[name]
        if (name, touched) not in self._added:
            cut = self._cut(frozenset({name}))
            self._added[name, touched] = cut.saved(self.of(touched), self.of(touched | {name}), cut.whole)
        return self._added[name, touched]

    def doubt(self, name: str, before: Names) -> Doubt:
        """Why one is no advice that adds nothing for certain to those before it."""
        touched, cut = before & self._beside[name], self._cut(frozenset({name}))
        saved, when = self.added(name, before), "Once the other changes are made,"
        seen = cut.seen(self.of(touched), self.of(touched | {name}), cut.whole)
        if not seen.count:
            return Doubt(f"{when} it saves nothing more.", "ruled_out")
        if saved is None:
            said = f"{when} {seen.count:.0f} {seen.noun} are too few to say what it adds; {FEWEST_SESSIONS} are needed."
            return Doubt(said, "too_few")
        told = f"{saved.a_week.low:.3g} to {saved.a_week.high:.3g} USD a week"
        found = doubt_of(when, saved.a_week, seen, told, LEAST_USD_PER_WEEK, "saving that it adds")
        return found or Doubt(f"{when} it saves nothing more for certain.", "ruled_out")

    def together(self, names: Names) -> Saving | None:
        """USD that these save together; None where they move too little to say."""
        cut = self._cut(names)
        return cut.saved(self.study.today, self.of(names), cut.whole)

    def _cut(self, names: Names) -> Cut:
        """What is paid for by time is as sure as time is: with any of it, blocks of time are drawn again."""
        return cut_of(self.study, "time" if names & self._by_time else "calls")

    def saved(self, names: Names) -> tuple[float, float]:
        """USD that these save together: over the window, and in a week."""
        cut = self._cut(names)
        return cut.less(self.study.today, self.of(names), cut.whole)

    def split(self, chosen: Sequence[str]) -> dict[str, tuple[float, float]]:
        """The part of each that does not depend on their order, over the window and in a week, where that can be
        told.
        """
        found: dict[str, tuple[float, float]] = {}
        saved = cache(self.saved)
        for name in chosen:
            group = [each for each in chosen if each in self._beside[name] | {name}]
            if name not in found and len(group) <= MOST_SPLIT:
                over = order_free(group, lambda names: saved(names)[0])
                weekly = order_free(group, lambda names: saved(names)[1])
                found |= {each: (over[each], weekly[each]) for each in group}
        return found


def _beside(made: Sequence[Recommendation]) -> dict[str, Names]:
    """Of each recommendation those that change what the same calls cost, directly or through others."""
    groups: list[tuple[Names, frozenset[str | None]]] = []
    for item in made:
        names, classes = frozenset({item.id}), frozenset(each.request_class for each in item.change)
        for group in [each for each in groups if None in each[1] | classes or each[1] & classes]:
            groups.remove(group)
            names, classes = names | group[0], classes | group[1]
        groups.append((names, classes))
    return {name: names - {name} for names, _ in groups for name in names}


def ledger_of(study: BoughtStudy, made: Sequence[Recommendation]) -> Ledger:
    """The ledger of what is recommended."""
    bills = _Bills(study, made)
    order: list[tuple[str, Saving]] = []
    left = {item.id: item.id for item in made}
    while (best := _next(bills, tuple(left), frozenset(name for name, _ in order))) is not None:
        order.append(best)
        del left[best[0]]
    chosen = [name for name, _ in order]
    adds_nothing = {name: bills.doubt(name, frozenset(chosen)) for name in left}
    if not order:
        return Ledger(None, adds_nothing)
    parts = bills.split(chosen)
    joint = Joint(
        **over_both(cash_usd=bills.together(frozenset(chosen))),
        order=tuple(_increment(name, added, parts.get(name)) for name, added in order),
    )
    return Ledger(joint, adds_nothing)


def _next(bills: _Bills, left: Sequence[str], before: Names) -> tuple[str, Saving] | None:
    """Which of those that are left adds most to what is there, by its lower bound; None where none does for certain."""
    found = [(name, added) for name in left if (added := bills.added(name, before)) is not None]
    best = max(found, key=lambda each: each[1].a_week.low, default=None)
    return None if best is None or best[1].a_week.low <= 0.0 else best


def _increment(name: str, added: Saving, part: tuple[float, float] | None) -> Increment:
    split_usd, split_usd_per_week = (None, None) if part is None else part
    return Increment(
        id=name, **over_both(cash_usd=added), split_usd=split_usd, split_usd_per_week=split_usd_per_week
    )


def settled(advice: Sequence[Recommendation], ledger: Ledger) -> list[Recommendation]:
    """The advice, of which what adds nothing to the rest is withheld."""
    return [
        replace(
            item,
            status="withheld",
            withheld_as=ledger.adds_nothing[item.id].how,
            change=(),
            **over_both(cash_usd=None),
            holdout=None,
            reason=f"{item.reason} {ledger.adds_nothing[item.id].reason}",
        )
        if item.id in ledger.adds_nothing
        else item
        for item in advice
    ]


def together(replayed: Joint | None, billed: Joint | None) -> Joint | None:
    """Both ledgers as one: what pools cost and what tokens cost are different lines of the bill."""
    if replayed is None or billed is None:
        return replayed or billed
    return Joint(
        cash_usd=_sum(replayed.cash_usd, billed.cash_usd),
        cash_usd_per_week=_sum(replayed.cash_usd_per_week, billed.cash_usd_per_week),
        freed_usd=replayed.freed_usd,
        freed_usd_per_week=replayed.freed_usd_per_week,
        goodput_requests=replayed.goodput_requests,
        goodput_requests_per_week=replayed.goodput_requests_per_week,
        order=(*replayed.order, *billed.order),
    )


def _sum(one: Estimate | None, other: Estimate | None) -> Estimate | None:
    """The sum, as wide as both together."""
    if one is None or other is None:
        return one or other
    return Estimate(
        low=one.low + other.low,
        mid=one.mid + other.mid,
        high=one.high + other.high,
        level=other.level if one.level is None else one.level,
        method=f"{one.method}; {other.method}",
    )
