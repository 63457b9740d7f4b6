"""What stands on first screens: leading classes with the sum of the others, and what stands out of a workload."""

from __future__ import annotations

from decimal import Decimal

import pytest
from msgspec.structs import replace

from costctl.documents.analysis import Analysis
from costctl.documents.cuts import SortColumn
from costctl.documents.highlights import frequent_errors, longest_queues, overspent
from costctl.documents.leading import in_order, leading_mix, paid_classes, split, whole_slots
from costctl.documents.spending import Series, Slot, Timeline
from costctl.documents.workload_map import ErrorCount, WorkloadMap


@pytest.mark.parametrize(
    ("most", "shown", "others"),
    [(2, 2, 3), (4, 5, 0), (5, 5, 0), (9, 5, 0)],
    ids=["few", "one more", "all", "room"],
)
def test_a_single_one_more_is_shown(most: int, shown: int, others: int) -> None:
    assert [*map(len, split("abcde", most))] == [shown, others]


def test_classes_stand_by_what_they_pay_and_the_others_come_to_the_rest(sample_analysis: Analysis) -> None:
    shown, others = paid_classes(sample_analysis, 2)
    assert sample_analysis.bill is not None
    assert others is not None
    paid = [each.row.usd for each in shown if each.row is not None]
    rows = [row for row in sample_analysis.bill.rows if row.kind == "class"]
    assert paid == sorted((row.usd or 0.0 for row in rows), reverse=True)[:2]
    assert Decimal(str(others.usd)) == sum(Decimal(str(row.usd)) for row in rows[2:])
    assert others.requests == sum(each.requests for each in sample_analysis.classes) - sum(
        each.report.requests for each in shown
    )


@pytest.mark.parametrize("sort", ["requests", "success", "name"])
def test_classes_stand_in_the_order_asked_for_and_the_bill_keeps_its_rows(
    sample_analysis: Analysis, sort: SortColumn
) -> None:
    order = {
        "requests": lambda each: -each.requests,
        "success": lambda each: each.success_ratio,
        "name": lambda each: each.request_class,
    }[sort]
    document = in_order(sample_analysis, sort)
    assert document.bill is not None
    assert sample_analysis.bill is not None
    names = [each.request_class for each in document.classes]
    assert [*map(order, document.classes)] == sorted(map(order, sample_analysis.classes))
    assert [row.name for row in document.bill.rows if row.kind == "class"] == names
    assert [each.report.request_class for each in paid_classes(document, 99)[0]] == names
    assert {*document.bill.rows} == {*sample_analysis.bill.rows}
    assert in_order(sample_analysis, "cost") == in_order(sample_analysis, None) == sample_analysis


def test_without_a_bill_the_classes_stand_without_rows(sample_analysis: Analysis) -> None:
    shown, others = paid_classes(replace(sample_analysis, bill=None), 9)
    assert [each.row for each in shown] == [None] * len(sample_analysis.classes)
    assert others is None


def test_the_classes_of_a_workload_stand_by_cost(sample_map: WorkloadMap) -> None:
    costs = [each.attributed_usd or 0.0 for each in sample_map.classes]
    assert costs == sorted(costs, reverse=True)
    shown, others = leading_mix(sample_map, 3)
    assert others is not None
    assert sum(each.requests for each in shown) + others.requests == sample_map.requests


def test_errors_of_one_type_are_counted_over_all_classes(sample_map: WorkloadMap) -> None:
    first, second, *_ = sample_map.faults
    faults = (
        replace(first, errors=(ErrorCount("timeout", 2, 2), ErrorCount("reset", 1, 1))),
        replace(second, errors=(ErrorCount("reset", 4, 3),)),
    )
    found = frequent_errors(replace(sample_map, faults=faults))
    assert found == (ErrorCount("reset", 5, 4), ErrorCount("timeout", 2, 2))


def test_only_overspent_objectives_are_named_that_which_burns_fastest_first(sample_map: WorkloadMap) -> None:
    assert overspent(sample_map) == ()
    burning = tuple(
        replace(each, objectives=tuple(replace(one, burn=1.0 + place) for one in each.objectives))
        for place, each in enumerate(sample_map.objectives)
    )
    burns = [objective.burn for _, objective in overspent(replace(sample_map, objectives=burning))]
    assert burns == [float(len(burning) - place) for place in range(len(burning) - 1)]


def test_the_longest_queue_is_named_first(sample_map: WorkloadMap) -> None:
    depths = [each.mean_depth or 0.0 for each in longest_queues(sample_map)]
    assert depths == sorted(depths, reverse=True)
    assert min(depths) > 0


def test_days_that_were_seen_in_part_are_no_part_of_a_line_over_time() -> None:
    slots = tuple(Slot(f"2026-11-0{day}", 86_400.0, is_whole=day != 4) for day in (1, 2, 3, 4))
    series = Series("chat", (1, 1, 1, 1), (1.0, None, 3.0, 4.0))
    timeline = Timeline(86_400.0, slots, series, (series,))
    assert whole_slots(timeline, "chat", 9) == (1.0, None, 3.0)
    assert whole_slots(timeline, "chat", 2) == (None, 3.0)
    assert whole_slots(timeline, "rag", 9) == ()
