"""A change that was planted is named first, and where nothing changed nothing is claimed."""

from __future__ import annotations

import pytest

from tests.synth.changed_worlds import PLANTED
from tests.synth.named_changes import claims_in, named_in
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
