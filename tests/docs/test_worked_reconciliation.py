"""The worked example on the page of reconciliations, computed."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

from costctl.reconcile.compare import compared
from costctl.reconcile.sides import Billed, Provider
from costctl.reconcile.traced import SLOTS_A_DAY, Traced
from tests.docs.page_tables import explanation, number, rows_after

DAY = (20_000 * SLOTS_A_DAY, 20_001 * SLOTS_A_DAY)


def test_the_parts_of_one_model_on_one_day(repository: Path) -> None:
    page = explanation(repository, "reconcile")
    (_, *traced_cells), (_, *billed_cells) = rows_after(page, "side | tokens")
    (traced_tokens, traced_usd, _), (billed_tokens, billed_usd, _) = (
        [Fraction(cell.replace(",", "")) for cell in cells] for cells in (traced_cells, billed_cells)
    )
    wanted = {part: number(usd) for part, usd in rows_after(page, "part | USD")}
    billed = Billed(DAY, "m", "input", None, "usage", None, None, None, billed_tokens, billed_usd)
    traced = Traced(DAY[0], "openai", "m", "default", "input", None, None, 0, traced_tokens, traced_usd, 0, 0)
    found = compared(Provider("openai", (DAY,), (billed,), (traced,), DAY, DAY, DAY), lambda *_: None)
    usd = {subject.cause: float(amount) for subject, amount in found.parts if amount}
    assert usd == {"priced_otherwise": wanted["prices"], "not_traced": wanted["quantities"]}
    assert float(found.parts.total()) == wanted["billed less traced"]
