"""What classes come to in a week adds up, with idle time, to what a week is billed."""

from __future__ import annotations

from pathlib import Path

import pytest

from costctl.cost.bill import bill_of
from costctl.cost.weekly import billed_usd_a_week, class_usd_a_week, idle_usd_a_week
from costctl.observation import Question, observed
from costctl.progress import silent
from costctl.verbs.analyze import frames_in
from tests.synth.written_shop import small_shop_in


def added_up(question: Question) -> tuple[float, float | None]:
    """The classes and idle time of a week, and its bill."""
    with observed(question, silent) as observation:
        settings = observation.config.settings
        frames = frames_in(observation.engine, settings, 0, silent)
    bill = bill_of(frames, settings)
    idle = idle_usd_a_week(frames, bill.idle_usd)
    return sum(each or 0.0 for each in class_usd_a_week(frames).values()) + (idle or 0.0), billed_usd_a_week(
        frames, bill
    )


def test_of_pools_by_their_time(short_question: Question) -> None:
    classes, bill = added_up(short_question)
    assert classes == pytest.approx(bill)


def test_of_bought_tokens_by_the_time_of_day(tmp_path: Path) -> None:
    classes, bill = added_up(small_shop_in(tmp_path)[2])
    assert classes == pytest.approx(bill)
