"""A price that the bill shows is offered as lines of costctl.toml; taken over, the difference is gone."""

from __future__ import annotations

from pathlib import Path

import pytest

from costctl.config import parsed_config
from costctl.documents.reconciliation import Reconciliation
from costctl.documents.settings import Settings
from tests.reconcile.compared_worlds import compared, traced_by_engine
from tests.synth.billed_worlds import Plant, World


def settings_with(document: Reconciliation) -> Settings:
    """The settings of a file that has the lines that are offered."""
    lines = {each.config for each in document.differences if each.config}
    return parsed_config(Path("costctl.toml"), "\n\n".join(sorted(lines)).encode()).settings


@pytest.mark.parametrize("plants", [("discount",), ("price",)])
def test_the_offered_rates_make_the_difference_go_away(plants: tuple[Plant, ...], tmp_path: Path) -> None:
    world = World(51, frozenset(plants))
    before = compared(world, tmp_path, traced_by_engine(world, Settings()))
    assert not before.is_agreed
    after = compared(world, tmp_path, traced_by_engine(world, settings_with(before)))
    assert after.is_agreed
    assert abs(after.difference_usd) <= after.unit_usd


def test_a_discount_that_begins_on_a_day_is_offered_from_that_day(tmp_path: Path) -> None:
    world = World(52, frozenset({"discount"}), form="focus", discount_from=3)
    before = compared(world, tmp_path, traced_by_engine(world, Settings()))
    (discount,) = before.told
    assert (discount.ratio, discount.from_) == (0.88, "2026-11-23")
    after = compared(world, tmp_path, traced_by_engine(world, settings_with(before)))
    assert after.is_agreed
