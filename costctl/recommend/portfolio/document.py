"""What is each class for, what serves it, what is proposed and what is it worth? The portfolio document.

In: the recommendations document, the classes with their bill and facts, what serves them today. Out: ``Portfolio``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from costctl.documents.portfolio import (
    SCHEMA_VERSION,
    Aspect,
    AspectName,
    ClassFacts,
    Portfolio,
    PortfolioRow,
    StepWorth,
)
from costctl.documents.provenance import Provenance
from costctl.documents.recommendations import Recommendation, Recommendations
from costctl.recommend.portfolio.aspects import changed_classes, changes_of_class
from costctl.recommend.portfolio.defaults import (
    Defaults,
    ShapeDefaults,
    built_in_defaults,
    goal_of,
    shape_of,
)
from costctl.recommend.portfolio.today import Today
from costctl.recommend.portfolio.verdicts import advice_about, ruling_of


@dataclass(frozen=True, slots=True)
class ClassBill:
    """What a class is charged. usd: attributed to it in the window, None where nothing of it is priced.  usd_per_week:
    in a week of the same traffic, None where no weeks are given.
    """

    request_class: str
    requests: int
    usd: float | None
    usd_per_week: float | None
    unpriced_charges: int


def build_portfolio(
    document: Recommendations,
    bills: Sequence[ClassBill],
    facts: Mapping[str, ClassFacts],
    today: Today,
    provenance: Provenance,
    defaults: Defaults | None = None,
) -> Portfolio:
    """The document. bills, facts: of every class.  defaults: the built-in table if None."""
    table = built_in_defaults() if defaults is None else defaults
    served = today.served.classes_by_pool
    steps = [_worth(place, each, served) for place, each in enumerate(document.made, 1)]
    builder = _Rows(document, today, table, served, tuple(steps))
    return Portfolio(
        schema_version=SCHEMA_VERSION,
        provenance=provenance,
        baseline=document.baseline,
        rows=tuple(
            builder.row(each, facts[each.request_class]) for each in sorted(bills, key=_dearest_first)
        ),
        of_no_class=tuple(each for each in steps if not each.classes),
        made=document.made,
        joint=document.joint,
        why_nothing=document.why_nothing,
        missed=document.missed,
    )


@dataclass(frozen=True, slots=True)
class _Rows:
    """What a row is made from. served: pool → classes of which it took calls."""

    document: Recommendations
    today: Today
    defaults: Defaults
    served: Mapping[str, frozenset[str]]
    steps: tuple[StepWorth, ...]

    def row(self, bill: ClassBill, facts: ClassFacts) -> PortfolioRow:
        """The row of a class."""
        name = bill.request_class
        row, shape = shape_of(facts, self.defaults)
        worth = tuple(each for each in self.steps if name in each.classes)
        return PortfolioRow(
            request_class=name,
            requests=bill.requests,
            usd=bill.usd,
            usd_per_week=bill.usd_per_week,
            unpriced_charges=bill.unpriced_charges,
            bill_ratio=self._bill_ratio(bill),
            facts=facts,
            shape=shape,
            goal=goal_of(facts, row),
            compute=self._aspect("compute", name, facts, row),
            storage=self._aspect("storage", name, facts, row),
            scheduling=self._aspect("scheduling", name, facts, row),
            worth=worth or None,
        )

    def _aspect(self, aspect: AspectName, name: str, facts: ClassFacts, row: ShapeDefaults) -> Aspect:
        practice = self.defaults.practice(row, aspect)
        changes = {
            each.id: changes_of_class(each, name, self.served, aspect)
            for each in self.document.recommendations
        }
        made = [each for each in self.document.made if changes[each.id]]
        change = tuple(change for each in made for change in changes[each.id])
        pools = frozenset(pool for pool, classes in self.served.items() if name in classes)
        others = [each for each in self.document.recommendations if each.status != "recommended"]
        ruling = ruling_of(practice, facts, made, advice_about(others, name, pools))
        before = self.today.line(name, facts, aspect)
        return Aspect(
            today=before,
            default=practice.says,
            proposed=self.today.proposed(change) if change else before,
            change=change,
            ids=tuple(each.id for each in made),
            verdict=ruling.verdict,
            why=ruling.why,
            argues=ruling.argues,
            candidates=tuple(each.id for each in self.document.candidates if changes[each.id]),
        )

    def _bill_ratio(self, bill: ClassBill) -> float | None:
        """Its part of the bill; None where a part of that is not known."""
        billed = self.document.baseline.usd
        if self.document.baseline.unpriced_charges or not billed or bill.usd is None:
            return None
        return bill.usd / billed


def _worth(place: int, advice: Recommendation, served: Mapping[str, frozenset[str]]) -> StepWorth:
    return StepWorth(
        id=advice.id,
        place=place,
        classes=changed_classes(advice, served),
        cash_usd=advice.cash_usd,
        cash_usd_per_week=advice.cash_usd_per_week,
        freed_usd=advice.freed_usd,
        freed_usd_per_week=advice.freed_usd_per_week,
        goodput_requests=advice.goodput_requests,
        goodput_requests_per_week=advice.goodput_requests_per_week,
    )


def _dearest_first(bill: ClassBill) -> tuple[bool, float, int, str]:
    return bill.usd is None, -(bill.usd or 0.0), -bill.requests, bill.request_class
