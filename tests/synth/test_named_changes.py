"""A change that was planted is named first, and where nothing changed nothing is claimed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.synth.changed_worlds import PLANTED
from tests.synth.named_changes import claims_in, difference_in, named_in
from tests.thoroughness import how_many

KINDS = ("new prompt", "retries", "mix", "price", "lost cache", "slower retrieval")


@pytest.mark.parametrize("planted", KINDS[: how_many(2, thorough=len(KINDS))])
def test_what_was_planted_is_named_first(planted: str) -> None:
    named = named_in(7, planted)
    assert named.is_right, named


def test_where_nothing_changed_nothing_is_claimed() -> None:
    assert claims_in(7).claims == ()


def test_every_planted_change_is_tried() -> None:
    assert {*KINDS} == {*PLANTED}


def test_the_effects_and_every_cut_of_them_add_up_to_the_change(tmp_path: Path) -> None:
    document = difference_in(7, PLANTED["mix"][0], tmp_path)
    assert document.new.usd is not None
    assert document.base.usd is not None
    change = document.new.usd - document.base.usd
    assert document.change_usd == pytest.approx(change, abs=1e-9)
    assert sum(each.usd for each in document.effects) == pytest.approx(change, abs=1e-9)
    for of in ("class", "tenant", "model"):
        rows = [row for row in document.rows if row.of == of]
        assert sum(row.change_usd for row in rows) == pytest.approx(change, abs=1e-9)
        for row in rows:
            assert sum(each.usd for each in row.effects) == pytest.approx(row.change_usd, abs=1e-9)
