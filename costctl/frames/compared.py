"""What is known of one side of a comparison? Its cells, its requests one by one, its stages and its prompts.

In: an engine's relations, or a saved analysis. Out: ``ComparedTime``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import polars as pl

from costctl.documents.analysis import Analysis
from costctl.documents.difference import SideKind
from costctl.documents.provenance import Provenance
from costctl.frames.cells import CellSums, cell_sums_in, cell_sums_of, grid_of
from costctl.frames.cut_sums import CutSums
from costctl.frames.spending import Spending, spending_of
from costctl.instants import ns_from_iso

Fetch = Callable[[str, Sequence[str]], pl.DataFrame]
_REQUEST: Final = (
    "request_id", "trace_id", "start_ns", "duration_s", "ttft_s", "is_success", "attempts", "calls", "input_tokens",
    "cached_input_tokens", "output_tokens",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Rows:
    """What only traces tell. requests: a row a request, in the order of their start, with request_class, tenant, at and
    usd.  models: request_id and model, of those that it called.  stages: request_class, stage, at, self_ns.  prompts:
    as the relation cell_prompt.  spending: the window by day and by cut.
    """

    requests: pl.DataFrame
    models: pl.DataFrame
    stages: pl.DataFrame
    prompts: pl.DataFrame
    spending: Spending


@dataclass(frozen=True, slots=True)
class ComparedTime:
    """One side. rows: None of a document; document: None of traces."""

    kind: SideKind
    name: str
    cells: CellSums
    provenance: Provenance
    rows: Rows | None
    document: Analysis | None


def time_of_traces(
    kind: SideKind, name: str, fetch: Fetch, provenance: Provenance, asked_ns: tuple[int, int] | None
) -> ComparedTime:
    """A side that is a window of a store. fetch: rows of a relation in these columns, in all where none is named."""
    sums = CutSums.read(lambda relation: fetch(relation, ()))
    first_ns, last_ns = sums.observed_totals.select("first_ns", "last_ns").row(0)
    grid = grid_of(first_ns, last_ns, asked_ns)
    cells = fetch("request_cell", ()).with_columns(at=grid.number).drop("slot_ns", "block")
    requests = (
        fetch("requests", _REQUEST)
        .join(cells, on="request_id", how="inner", maintain_order="left")
        .join(fetch("request_usd", ("request_id", "usd")), on="request_id", how="left", maintain_order="left")
    )
    rows = Rows(
        requests=requests,
        models=fetch("calls", ("request_id", "model")).unique(maintain_order=True),
        stages=grid.placed(fetch("cell_stage", ())),
        prompts=fetch("cell_prompt", ()),
        spending=spending_of(sums),
    )
    return ComparedTime(kind, name, cell_sums_of(lambda each: fetch(each, ()), grid), provenance, rows, None)


def time_of_document(name: str, document: Analysis) -> ComparedTime:
    """A side that was saved."""
    from_ns, to_ns = ns_from_iso(document.window.from_), ns_from_iso(document.window.to)
    cells = cell_sums_in(document, from_ns, to_ns)
    return ComparedTime("document", name, cells, document.provenance, None, document)
