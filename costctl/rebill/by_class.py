"""What would the calls cost under another plan? Billed anew only where the plan changes something.

In: calls, prices, a plan. Out: ``Bill`` of all calls. What a plan says of a class changes the bill of its calls only:
prompts are kept for a class, repeats and attempts are those of a class. So the calls of each class that the plan names
are billed alone, and the others cost what they cost today. What a plan says of no class concerns all calls.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import fields, is_dataclass, replace
from typing import Any, Final, TypeVar

import numpy as np

from costctl.arrays import Ints
from costctl.levers.plan import TODAY, ClassPlan, Plan
from costctl.rebill.bill import Bill, bill, bill_today
from costctl.rebill.calls import BoughtCalls, calls_at
from costctl.rebill.left_out import LeftOut
from costctl.rebill.rates import PriceList

_MOST_KEPT: Final = 32  # bills of a class
Row = TypeVar("Row", Bill, LeftOut)


class BillsByClass:
    """Bills of the same calls. today: that of today's plan."""

    def __init__(self, calls: BoughtCalls, prices: PriceList) -> None:
        self.today = bill_today(calls, prices)
        self._calls = calls
        self._prices = prices
        self._of_class: dict[str, tuple[Ints, BoughtCalls]] = {}
        self._kept: OrderedDict[tuple[str, ClassPlan], Bill] = OrderedDict()

    def under(self, plan: Plan) -> Bill:
        """The bill of all calls, the same as ``bill`` gives."""
        if replace(plan, classes={}) != TODAY:
            return bill(self._calls, plan, self._prices)
        found = self.today
        for name, each in plan.classes.items():
            if name in self._calls.classes:
                found = _with_part(found, self.part(name)[0], self._billed(name, each))
        return found

    def _billed(self, name: str, plan: ClassPlan) -> Bill:
        """The bill of the calls of one class; those asked for last are kept."""
        key = (name, plan)
        if key not in self._kept:
            self._kept[key] = bill(self.part(name)[1], Plan({name: plan}), self._prices)
        self._kept.move_to_end(key)
        if len(self._kept) > _MOST_KEPT:
            self._kept.popitem(last=False)
        return self._kept[key]

    def part(self, name: str) -> tuple[Ints, BoughtCalls]:
        """Which calls are of the class, and these alone, as if there were no others."""
        if name not in self._of_class:
            rows = np.flatnonzero(self._calls.of_class(name))
            self._of_class[name] = rows, calls_at(self._calls, rows)
        return self._of_class[name]


def _with_part(whole: Row, rows: Ints, part: Row) -> Row:
    """Arrays with other values at these rows, and amounts of both together."""
    changed: dict[str, Any] = {}
    for each in fields(whole):
        value, of_part = getattr(whole, each.name), getattr(part, each.name)
        if is_dataclass(value):
            changed[each.name] = _with_part(value, rows, of_part)
        elif isinstance(value, np.ndarray):
            changed[each.name] = value.copy()
            changed[each.name][rows] = of_part
        else:
            changed[each.name] = value + of_part
    return replace(whole, **changed)
