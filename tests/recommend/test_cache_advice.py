"""A cache of answers: its value at its price, found where questions repeat, with what the world saves; else not."""

from __future__ import annotations

from pathlib import Path

import pytest

from costctl import verbs
from costctl.documents.recommendations import Recommendation
from costctl.observation import Question
from costctl.progress import silent
from tests.synth.prompt_worlds import HOT, agents, askers, served_with_cache, written

SEED = 1


def advice(question: Question) -> Recommendation:
    document = verbs.recommend(question, silent)
    return next(each for each in document.recommendations if each.kind == "cache")


def test_questions_that_repeat_are_found_with_what_a_cache_frees_and_costs(tmp_path: Path) -> None:
    world = askers(SEED)
    found = advice(written(world, tmp_path, HOT))
    assert found.status == "recommended"
    (change,) = found.change
    assert change.key.endswith("cache.size")
    assert isinstance(change.to, float)
    today, remedied = world.served().busy_s.sum(), served_with_cache(world, change.to * 1e9).busy_s.sum()
    truth = (today - remedied) / 3600.0 * 4.0
    assert found.freed_usd is not None
    assert found.freed_usd.low <= truth <= found.freed_usd.high
    assert found.reuse is not None
    assert found.reuse.compulsory_ratio == pytest.approx(1 - 0.298, abs=0.001)
    # A cache is paid for: its place for an hour, and a read for each hit.
    assert found.cash_usd is not None
    assert found.cash_usd.high < 0
    hits = 0.298 * world.workload.size
    place = change.to * 0.1 / 730.0 * world.seconds / 3600.0
    assert -found.cash_usd.mid == pytest.approx(place + hits * 0.0004 / 1000.0, rel=0.05)


def test_questions_that_do_not_repeat_are_no_reason(tmp_path: Path) -> None:
    found = advice(written(askers(SEED, repeats=0.0), tmp_path, HOT))
    assert (found.status, found.withheld_as) == ("withheld", "ruled_out")
    assert "0.0% of its calls" in found.reason


def test_the_dearer_the_place_the_smaller_the_cache_and_none_where_it_costs_more_than_it_frees(
    tmp_path: Path,
) -> None:
    question = written(askers(SEED), tmp_path, HOT)
    assert question.config is not None
    text, sizes = question.config.read_text(), []
    for usd in ("0.1", "5e6"):
        question.config.write_text(text.replace("usd_per_gb_month = 0.1", f"usd_per_gb_month = {usd}"))
        sizes.append(advice(question).change[0].to)
    assert sizes[1] < sizes[0] / 10
    question.config.write_text(text.replace("usd_per_gb_month = 0.1", "usd_per_gb_month = 5e9"))
    assert advice(question).status == "withheld"


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    assert advice(written(askers(SEED), tmp_path / "a")).missing == ("storage.NAME.usd_per_gb_month",)
    assert advice(written(agents(SEED), tmp_path / "b", HOT)).missing == ("gen_ai.input.messages",)
