"""Advice on bought tokens, on teams whose waste is known: it is found, it saves what the world says, and a team in good
order is told nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import pytest

from costctl import verbs
from costctl.documents.recommendations import Recommendation, Recommendations
from costctl.progress import silent
from costctl.synth.shop.traffic import Call, traffic_of
from costctl.synth.shop.world import Shop
from tests.synth.planted_shops import PLANTED, advice_of, claims_in_good_order, planted, promises_in
from tests.synth.written_shop import small_shop, written
from tests.thoroughness import how_many

SEEDS: Final = range(how_many(1, thorough=4))


@dataclass(frozen=True, slots=True)
class Wasteful:
    world: Shop
    calls: tuple[Call, ...]
    document: Recommendations


def by_id(document: Recommendations) -> dict[str, Recommendation]:
    return {each.id: each for each in document.recommendations}


@pytest.fixture(scope="module", params=SEEDS, ids=str)
def wasteful(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Wasteful:
    world = planted(request.param)
    calls = traffic_of(world)
    return Wasteful(world, calls, advice_of(world, calls, tmp_path_factory.mktemp("shop")))


def test_planted_waste_is_found_and_saves_what_the_world_billed_again_says(wasteful: Wasteful) -> None:
    promises = promises_in(wasteful.document, wasteful.world, wasteful.calls, seed=0)
    assert {each.advice: each.status for each in promises} == PLANTED
    for each in promises:
        assert each.error_ratio == pytest.approx(0.0, abs=0.02), each
        assert each.is_covered, each


def test_increments_add_up_to_the_joint_saving(
    wasteful: Wasteful,
) -> None:
    document = wasteful.document
    assert document.joint is not None
    assert document.joint.cash_usd_per_week is not None
    assert [each.id for each in document.joint.order] == [each.id for each in document.made]
    added = sum(
        each.cash_usd_per_week.mid for each in document.joint.order if each.cash_usd_per_week is not None
    )
    assert added == pytest.approx(document.joint.cash_usd_per_week.mid, abs=0.01)


def test_each_bought_change_is_undone_by_a_sentence_and_rests_on_a_bill(
    wasteful: Wasteful,
) -> None:
    for each in wasteful.document.made:
        assert each.reversal is not None
        assert "bills" in {item.id for item in each.evidence}
        assert each.holdout is not None
        assert each.holdout.is_slo_met is None  # no latency was replayed


def test_a_team_in_good_order_is_promised_nothing() -> None:
    claimed = {seed: claims_in_good_order(seed) for seed in range(how_many(2, thorough=12))}
    assert claimed == dict.fromkeys(claimed, ())


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
    bounds = {
        name: [each.id for each in found[f"prompt_cache.{name}"].evidence] for name in ("agent", "cached")
    }
    assert bounds == {"agent": ["growth"], "cached": []}  # sessions of one turn send nothing again
    assert found["service_tier.digest"].status == "recommended"  # a price needs no prompt


def test_what_was_chosen_before_is_held_against_the_best_in_hindsight(wasteful: Wasteful) -> None:
    held = {each.id: each.holdout for each in wasteful.document.made}
    regrets = {name: each.regret_usd_per_week for name, each in held.items() if each is not None}
    assert regrets["service_tier.digest"] is None  # one setting was tried
    assert {name for name, regret in regrets.items() if regret is not None and regret < 0.0} == set()
    assert regrets["prompt_cache.agent"] is not None
