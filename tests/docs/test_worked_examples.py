"""The worked examples of the explanation pages are what costctl computes."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from relations.span_rows import chat, engine_of

from costctl.cost.batch_shares import batch_shares_s
from costctl.cost.reconcile import reconciled_usd
from costctl.documents.settings import Pool, Settings


def rows_after(page: Path, heading: str) -> list[list[str]]:
    """The cells of the first table whose header row starts with this text."""
    lines = page.read_text(encoding="utf-8").splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith(f"| {heading}"))
    cells = []
    for line in lines[start + 2 :]:
        if not line.startswith("|"):
            break
        cells.append([cell.strip() for cell in line.strip("|").split("|")])
    return cells


@pytest.mark.parametrize(("column", "prefill_weight"), [(4, 1.0), (5, 3.0)])
def test_the_shares_on_the_page_of_attribution(repository: Path, column: int, prefill_weight: float) -> None:
    rows = rows_after(repository / "docs/explanation/attribution.md", "call | start")
    spans = [
        chat(
            f"{name}/call",
            float(start),
            float(end),
            service="llm",
            replica_id="r",
            ttft_s=float(first) - float(start),
        )
        for name, start, first, end, *_ in rows
    ]
    pool = Pool(match={"service": "llm"}, prefill_weight=prefill_weight)
    shares = engine_of(spans, Settings(pools={"gpu": pool})).query(
        "SELECT requests.trace_id, call_share.share_s FROM call_share "
        "INNER JOIN calls ON calls.call_id = call_share.call_id "
        "INNER JOIN requests ON requests.request_id = calls.request_id"
    )
    assert dict(shares.iter_rows()) == pytest.approx({row[0]: float(row[column]) for row in rows})


def test_the_batch_on_the_page_of_attribution(repository: Path) -> None:
    rows = rows_after(repository / "docs/explanation/attribution.md", "length | φ")
    shares = batch_shares_s(0.3, 0.1, 0.001, [float(length) for length, _ in rows])
    assert shares == pytest.approx([float(share) for _, share in rows], abs=5e-5)


def test_the_rounded_rows_on_the_page_of_the_three_costs(repository: Path) -> None:
    rows = rows_after(repository / "docs/explanation/three-costs.md", "exact | rounded")
    assert reconciled_usd([float(exact) for exact, _ in rows]) == [Decimal(rounded) for _, rounded in rows]
