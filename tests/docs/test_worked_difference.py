"""The worked example of a change that is split."""

from __future__ import annotations

from pathlib import Path

import pytest

from costctl.cost.difference_lines import lines_of
from costctl.documents.difference import EFFECTS
from tests.cost.drawn_cells import agent
from tests.docs.page_tables import explanation, last_digit, number, rows_after, text_of


def test_the_effects_on_the_page_of_differences(repository: Path) -> None:
    page = explanation(repository, "difference")
    told = {name: [number(cell) for cell in cells] for name, *cells in rows_after(page, "| before")[:-1]}
    sides = [
        agent(*(round(each[place]) for each in list(told.values())[:3]),
              *(each[place] for each in list(told.values())[3:]), times=times)
        for place, times in ((0, 1.0), (1, 1.1))
    ]  # fmt: skip
    lines = lines_of(sides[0], sides[1])
    before, after = lines.totals()
    assert f"from ${before.usd.sum():.2f} to ${after.usd.sum():.2f}" in text_of(page)
    effects = dict(zip(EFFECTS, lines.effects(before, after).sum(axis=1).tolist(), strict=True))
    rows = rows_after(page, "effect | USD")
    for name, cell in rows:
        assert effects.pop(name) == pytest.approx(number(cell), abs=last_digit(cell)), name
    assert list(effects.values()) == pytest.approx([0.0] * len(effects), abs=1e-9)
