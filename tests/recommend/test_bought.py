"""Advice on bought tokens, on teams whose waste is known: it is found, it saves what the world says, and a team in good
order is told nothing.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest

from costctl import verbs
from costctl.documents.recommendations import Recommendation, Recommendations
from costctl.progress import silent
from costctl.synth.shop.presets import shop
from costctl.synth.shop.traffic import Call, traffic_of
from costctl.synth.shop.truth import bill_usd
from costctl.synth.shop.world import App, Shop
from costctl.units import S_PER_WEEK
from tests.synth.written_shop import small_shop, written
from tests.thoroughness import how_many

FOUND: Final = ("prompt_cache.agent", "prompt_cache.support", "service_tier.digest", "response_cache.faq")
BILLED_AGAIN: Final = (
    "prompt_cache.agent",
    "prompt_cache.support",
    "service_tier.digest",
    "model_choice.triage",
)
# The field of the world for the lever of the advice.
FIELDS: Final = {
    "class.prompt_cache": "caching",
    "class.prompt_cache.until": "cached_until",
    "class.service_tier": "tier",
    "class.model": "model",
}
WAYS: Final = (("5m", "system"), ("5m", "conversation"), ("1h", "system"), ("1h", "conversation"))
SEEDS: Final = range(how_many(1, thorough=4))


def advice_of(world: Shop, calls: tuple[Call, ...], folder: Path) -> Recommendations:
    return verbs.recommend(replace(written(world, calls, folder), store=folder / "s.duckdb"), silent)


def by_id(document: Recommendations) -> dict[str, Recommendation]:
    return {each.id: each for each in document.recommendations}


@pytest.fixture(scope="module", params=SEEDS, ids=str)
def wasteful(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Shop, tuple[Call, ...], Recommendations]:
    world = small_shop(seed=request.param, part=0.2)
    calls = traffic_of(world)
    return world, calls, advice_of(world, calls, tmp_path_factory.mktemp("shop"))


def test_planted_waste_is_found(wasteful: tuple[Shop, tuple[Call, ...], Recommendations]) -> None:
    found = by_id(wasteful[2])
    assert found["model_choice.triage"].status == "candidate"  # its quality is not tested
    assert {name: found[name].status for name in FOUND} == dict.fromkeys(FOUND, "recommended")


def test_a_remedy_saves_what_the_world_billed_again_says(
    wasteful: tuple[Shop, tuple[Call, ...], Recommendations],
) -> None:
    world, calls, document = wasteful
    found, today = by_id(document), bill_usd(world, calls)
    weeks = document.baseline.observed_hours * 3600.0 / S_PER_WEEK
    for name in BILLED_AGAIN:
        told = found[name].cash_usd_per_week
        assert told is not None
        choice: dict[str, Any] = {FIELDS[each.lever]: each.to for each in found[name].change}
        truth = (today - bill_usd(world.changed(name.partition(".")[2], **choice), calls)) / weeks
        assert told.mid == pytest.approx(truth, rel=0.02), name
        assert told.low <= truth <= told.high, name


def test_increments_add_up_to_the_joint_saving(
    wasteful: tuple[Shop, tuple[Call, ...], Recommendations],
) -> None:
    document = wasteful[2]
    assert document.joint is not None
    assert document.joint.cash_usd_per_week is not None
    assert [each.id for each in document.joint.order] == [each.id for each in document.made]
    added = sum(
        each.cash_usd_per_week.mid for each in document.joint.order if each.cash_usd_per_week is not None
    )
    assert added == pytest.approx(document.joint.cash_usd_per_week.mid, abs=0.01)


def test_each_bought_change_is_undone_by_a_sentence_and_rests_on_a_bill(
    wasteful: tuple[Shop, tuple[Call, ...], Recommendations],
) -> None:
    for each in wasteful[2].made:
        assert each.reversal is not None
        assert "bills" in {item.id for item in each.evidence}
        assert each.holdout is not None
        assert each.holdout.is_slo_met is None  # no latency was replayed


def in_good_order(seed: int) -> Shop:
    """A team whose prompts are cached in the way that costs least, that asks nothing twice and buys what it needs."""
    rng = np.random.default_rng([seed, 16])
    whole = shop(seed)

    def plain(app: App) -> App:
        more = {"turns": (4, 8), "system_tokens": 1200} if app.name in ("support", "cached") else {}
        sessions = app.sessions * float(rng.uniform(0.05, 0.15))
        return replace(
            app, sessions=sessions, caching="none", questions=None, is_deferrable=False, allowed_models=(),
            resends_history=True, **more,
        )  # fmt: skip

    world = replace(whole, apps=tuple(plain(app) for app in whole.apps), characters_per_token=0.5)
    calls = traffic_of(world)
    for app in world.apps:
        ways = [world.changed(app.name, caching=ttl, cached_until=until) for ttl, until in WAYS]
        world = (
            min([world, *ways], key=lambda each: bill_usd(each, calls))
            if app.provider == "anthropic"
            else world
        )
    return world


def test_a_team_in_good_order_is_promised_nothing(tmp_path: Path) -> None:
    promised = []
    for seed in range(how_many(2, thorough=12)):
        folder = tmp_path / str(seed)
        folder.mkdir()
        world = in_good_order(seed)
        calls = traffic_of(world)
        for each in advice_of(world, calls, folder).made:
            promised.append((seed, each.id, each.cash_usd_per_week))
    assert promised == []


def test_without_messages_prompts_are_not_known_and_the_line_says_what_to_export(tmp_path: Path) -> None:
    world = small_shop(part=0.1)
    calls = traffic_of(world)
    question = written(world, calls, tmp_path)
    path = Path(question.paths[0])
    path.write_bytes(path.read_bytes().replace(b"gen_ai.input.messages", b"gen_ai.input.nothing!"))
    found = by_id(verbs.recommend(replace(question, store=tmp_path / "s.duckdb"), silent))
    assert {found[f"prompt_cache.{name}"].status for name in ("agent", "support", "cached")} == {"withheld"}
    assert found["prompt_cache.agent"].withheld_as == "needs_input"
    assert "gen_ai.input.messages" in found["prompt_cache.agent"].reason
    assert found["service_tier.digest"].status == "recommended"  # a price needs no prompt
