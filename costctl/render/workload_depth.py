"""Calls that waited over time as a table: a row a slot, a column a pool."""

from __future__ import annotations

from costctl.documents.workload_map import DepthOverTime
from costctl.render.cells import Row, number, seconds
from costctl.render.sections import Table


def depth_table(found: DepthOverTime) -> Table:
    """Mean depth of every pool, slot by slot."""
    columns = ("from", "observed", *(each.pool for each in found.pools))
    rows: tuple[Row, ...] = tuple(
        (slot.from_, seconds(slot.observed_s), *(number(each.mean[place]) for each in found.pools))
        for place, slot in enumerate(found.slots)
    )
    return Table("Queue depth over time: mean calls waiting", columns, rows, frozenset({"from"}))
