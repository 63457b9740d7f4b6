"""A line that is shown is one that works: pasted into costctl.toml as the screen says, the candidate becomes advice."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from costctl.config import load_config
from costctl.documents.grades import Grade
from costctl.documents.recommendations import Recommendation
from costctl.documents.settings import Settings
from costctl.recommend.bought.evaluator import evaluated
from costctl.recommend.bought.lines import line_of
from costctl.recommend.bought.registry import BILL_KINDS
from costctl.recommend.bought.study import BoughtStudy
from costctl.render.recommendation_words import line_to_add
from costctl.units import S_PER_WEEK

NEEDS_A_LINE = ("service_tier", "model_choice")
HEADS = '[classes.digest]\npriority = 1\n\n[classes.triage]\nslo = { ttft_p95 = "2s" }\n'


def advice(study: BoughtStudy) -> Iterator[Recommendation]:
    for kind in BILL_KINDS:
        if kind.name in NEEDS_A_LINE:
            yield from (evaluated(study, each) for each in kind.propose(study))


def pasted(text: str, missing: str) -> str:
    """As the screen says: a table that is there already takes the line below its head."""
    head, _, line = line_to_add(missing).partition("\n")
    return text.replace(head, f"{head}\n{line}") if head in text else f"{text}\n{head}\n{line}\n"


def declared(text: str, folder: Path) -> Settings:
    (folder / "costctl.toml").write_text(text, encoding="utf-8")
    return load_config(folder / "costctl.toml", folder).settings


@pytest.mark.parametrize("text", ["", HEADS], ids=["no settings", "settings"])
def test_each_line_that_is_shown_makes_its_candidate_advice(
    shop_study: BoughtStudy, text: str, tmp_path: Path
) -> None:
    bare = replace(shop_study, settings=declared(text, tmp_path))
    candidates = [each for each in advice(bare) if each.missing]
    assert {each.kind for each in candidates} == {*NEEDS_A_LINE}
    whole = text
    for line in dict.fromkeys(line for each in candidates for line in each.missing):
        whole = pasted(whole, line)
    good = tuple(
        Grade(each.request_class or "", model, 0.9, 2000)
        for each in candidates
        for model in ("gpt-4.1", "gpt-4.1-mini")
        if each.kind == "model_choice"
    )
    after = {each.id: each for each in advice(replace(bare, settings=declared(whole, tmp_path), grades=good))}
    for each in candidates:
        assert after[each.id].missing == (), each.id
        assert after[each.id].change == each.change, each.id
    assert {name for name, each in after.items() if each.status == "candidate"} == {"service_tier.cached"}
    assert after["service_tier.cached"].before is not None  # no line tells what a batch reads from a cache


def test_a_name_that_toml_does_not_take_bare_is_quoted(tmp_path: Path) -> None:
    name = 'night job "ü".v2'
    settings = declared(pasted("", line_of(name, "deferrable", "true")), tmp_path)
    assert settings.classes[name].deferrable


def test_no_candidate_would_save_more_than_its_class_costs(shop_study: BoughtStudy) -> None:
    weeks = shop_study.window_s / S_PER_WEEK
    proposed = [each for kind in BILL_KINDS for each in kind.propose(shop_study)]
    found = [each for each in (evaluated(shop_study, one) for one in proposed) if each.status == "candidate"]
    saved = {each.id: (each.request_class, each.cash_usd_per_week) for each in found}
    assert saved
    for name, (request_class, usd) in saved.items():
        own = shop_study.calls.of_class(request_class or "")
        most = float(shop_study.calls.today_usd[own].sum())
        assert usd is None or usd.mid * weeks <= most, name
