"""What did a class, or a request, pay for? Charges by component and resource, the most expensive first.

In: rows of class_charge, or the charges of one request. Out: ``CostPart`` values; their amounts add up to that of the
class or the request.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import polars as pl

from costctl.documents.explanation import ChargeLine, CostPart, sum_of
from costctl.stats.exact_sums import sum_of_parts


def parts_of_class(class_charge: pl.DataFrame) -> tuple[CostPart, ...]:
    """Of one class. class_charge: its rows, amounts in binary places."""
    found = [
        (str(component), resource, sum_of_parts(rows, "usd"), int(rows["unpriced_charges"].sum()))
        for (component, resource), rows in class_charge.group_by("component", "resource")
    ]
    return _ranked(found)


def wasted_usd(class_charge: pl.DataFrame) -> float | None:
    """USD of attempts of the class that failed or were repeated; None where nothing of them has an amount."""
    return sum_of_parts(class_charge.filter("is_wasted"), "usd")


def parts_of_request(charges: Sequence[ChargeLine]) -> tuple[CostPart, ...]:
    """Of one request."""
    groups: dict[tuple[str, str | None], list[ChargeLine]] = {}
    for each in charges:
        groups.setdefault((each.component, each.resource), []).append(each)
    sums = ((component, resource, sum_of(of)) for (component, resource), of in groups.items())
    return _ranked(
        [(component, resource, each.usd, each.unpriced_charges) for component, resource, each in sums]
    )


def _ranked(found: Iterable[tuple[str, str | None, float | None, int]]) -> tuple[CostPart, ...]:
    parts = sorted(found, key=lambda part: (-(part[2] or 0.0), part[0], part[1] or ""))
    total = sum(usd or 0.0 for _, _, usd, _ in parts)
    return tuple(
        CostPart(
            component=component,
            resource=resource,
            usd=usd,
            usd_ratio=None if usd is None or total <= 0 else usd / total,
            unpriced_charges=unpriced,
        )
        for component, resource, usd, unpriced in parts
    )
