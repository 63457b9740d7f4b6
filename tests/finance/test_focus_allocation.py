"""The parts of a pool's day are one charge split, as FOCUS 1.4 has it: by ratios that sum to 1, and otherwise alike."""

from __future__ import annotations

import json
from collections import defaultdict
from decimal import Decimal

import pytest

from costctl.finance.focus import columns_of
from costctl.finance.focus_column import METHOD_ID
from tests.finance.two_days import exported_of, over_midnight, read

Row = dict[str, str]


def origins(*, is_idle_spread: bool) -> dict[tuple[str, str, str], list[Row]]:
    """The parts of each charge, found by FOCUS columns alone: what was bought, where, on which day."""
    found: dict[tuple[str, str, str], list[Row]] = defaultdict(list)
    for row in read(exported_of(over_midnight(), is_idle_spread=is_idle_spread)):
        if row["AllocatedMethodId"] != "NULL":
            found[row["ResourceId"], row["SkuPriceId"], row["ChargePeriodStart"]].append(row)
    assert len(found) == 2
    return found


def only_element(row: Row) -> dict[str, Decimal | str]:
    """The one element of the details, its numbers as they are written."""
    details = json.loads(row["AllocatedMethodDetails"], parse_float=Decimal)
    assert list(details) == ["Elements"]
    (element,) = details["Elements"]
    assert set(element) == {"AllocatedRatio", "UsageUnit", "UsageQuantity"}
    return dict(element)


@pytest.mark.parametrize("is_idle_spread", [False, True])
def test_ratios_sum_to_one_exactly_and_hours_to_the_hours_paid_for(is_idle_spread: bool) -> None:
    for parts in origins(is_idle_spread=is_idle_spread).values():
        elements = [only_element(row) for row in parts]
        assert sum(Decimal(element["AllocatedRatio"]) for element in elements) == 1
        assert all(0 <= Decimal(element["AllocatedRatio"]) <= 1 for element in elements)
        for row, element in zip(parts, elements, strict=True):
            assert element["UsageUnit"] == row["PricingUnit"] == "Hours"
            assert element["UsageQuantity"] == Decimal(row["PricingQuantity"])
            assert element["AllocatedRatio"] == Decimal(row["x_AllocatedRatio"])


@pytest.mark.parametrize("is_idle_spread", [False, True])
def test_the_ratio_is_the_part_of_the_cost(is_idle_spread: bool) -> None:
    for parts in origins(is_idle_spread=is_idle_spread).values():
        total = sum(Decimal(row["BilledCost"]) for row in parts)
        for row in parts:
            ratio = Decimal(row["BilledCost"]) / total
            assert float(Decimal(row["x_AllocatedRatio"])) == pytest.approx(float(ratio), abs=1e-7)


@pytest.mark.parametrize("is_idle_spread", [False, True])
def test_the_parts_of_a_charge_are_alike_in_every_dimension_but_the_allocation(is_idle_spread: bool) -> None:
    alike = [
        column.name
        for column in columns_of("1.4")
        if column.kind not in ("decimal", "whole") and not column.name.startswith(("Allocated", "x_"))
    ]
    alike += ["ListUnitPrice", "ContractedUnitPrice", "x_OriginChargeId", "x_MethodVersion"]
    for parts in origins(is_idle_spread=is_idle_spread).values():
        assert len(parts) > 1
        for name in alike:
            assert len({row[name] for row in parts}) == 1, name
        assert parts[0]["ChargeDescription"] == "Replica Hours of gpu"


def test_what_is_allocated_names_its_class_and_what_is_idle_names_nobody() -> None:
    rows = read(exported_of(over_midnight()))
    kinds = {row["x_CostKind"]: row for row in rows}
    assert set(kinds) == {"direct", "busy", "idle"}
    for row in rows:
        is_part = row["x_CostKind"] != "direct"
        assert row["AllocatedMethodId"] == (METHOD_ID if is_part else "NULL")
        assert (row["AllocatedMethodDetails"] != "NULL") == is_part
        assert row["AllocatedResourceName"] == row["AllocatedResourceId"]
        assert (row["AllocatedResourceId"] != "NULL") == (row["x_CostKind"] == "busy")
        assert (row["AllocatedTags"] != "NULL") == (row["x_CostKind"] == "busy")
        assert row["AllocatedTags"] == "NULL" or row["Tags"] == "NULL"
    assert kinds["busy"]["AllocatedResourceId"] == kinds["busy"]["x_RequestClass"]


def test_idle_time_that_is_spread_is_allocated_to_the_classes() -> None:
    idle = [
        row for row in read(exported_of(over_midnight(), is_idle_spread=True)) if row["x_CostKind"] == "idle"
    ]
    assert idle
    assert all(row["AllocatedResourceId"] == row["x_RequestClass"] != "NULL" for row in idle)


def test_the_tenant_of_a_part_is_a_tag_of_the_allocation_and_of_a_whole_charge_the_sub_account() -> None:
    for row in read(exported_of(over_midnight())):
        place = "Tags" if row["AllocatedMethodId"] == "NULL" else "AllocatedTags"
        tags = {} if row[place] == "NULL" else json.loads(row[place])
        assert tags.get("tenant", "NULL") == row["x_TenantId"].removeprefix("'")
        assert row["SubAccountId"] == (row["x_TenantId"] if place == "Tags" else "NULL")
        assert (row["SubAccountType"] == "Tenant") == (row["SubAccountId"] != "NULL")
