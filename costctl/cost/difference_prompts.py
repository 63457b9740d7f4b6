"""Which classes ask with another version of their prompt?

In: two sides. Out: ``PromptVersion`` values. The hash of what a prompt begins with, tools and system prompt, is the
same for all calls of one version; one with which many calls begin, and none did before, is new.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from costctl.cost.difference_examples import trace_of
from costctl.documents.difference import PromptVersion
from costctl.frames.compared import ComparedTime

_MANY: Final = 0.2  # of the calls of a class: a version, and not what one user says
_NONE: Final = 0.01
_FEWEST: Final = 30  # calls of a class on each side: of fewer, what half of them say may be chance


def new_prompts(base: ComparedTime, new: ComparedTime) -> tuple[PromptVersion, ...]:
    """Those of classes whose prompts are known on both sides."""
    if base.rows is None or new.rows is None:
        return ()
    before, after = (_parts(side.rows.prompts) for side in (base, new) if side.rows is not None)
    known = before.select("request_class").unique()
    both = (
        after.join(known, on="request_class", how="semi")
        .join(before, on=["request_class", "first_prefix"], how="left", suffix="_before")
        .with_columns(pl.col("part_before").fill_null(0.0))
        .filter((pl.col("part") >= _MANY) & (pl.col("part_before") <= _NONE))
        .sort("request_class", "first_prefix")
    )
    return tuple(
        PromptVersion(
            request_class=row["request_class"],
            first_prefix=row["first_prefix"],
            before_ratio=row["part_before"],
            after_ratio=row["part"],
            first_request=trace_of(new.rows, row["first_request_id"]),
        )
        for row in both.iter_rows(named=True)
    )


def _parts(prompts: pl.DataFrame) -> pl.DataFrame:
    """Of each class and version, its part of the calls."""
    known = prompts.filter(pl.col("calls").sum().over("request_class") >= _FEWEST)
    return known.with_columns(part=pl.col("calls") / pl.col("calls").sum().over("request_class"))
