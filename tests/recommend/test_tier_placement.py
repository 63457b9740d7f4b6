"""A class on a dear pool, or on one whose replicas are taken away too often, is found; where nothing is to gain,
nothing is claimed; and what cannot be placed is told with the requirements that exclude each other.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from costctl.documents.placement_settings import PlacementSettings
from costctl.errors import InfeasibleError
from costctl.levers.settings import setting
from costctl.recommend.objectives import meets_objectives
from costctl.recommend.study import Study
from costctl.synth.world import World
from tests.recommend.placement_worlds import CHAT_MAY_MOVE, LONG_MAY_MOVE, advice, class_of, studied, world


def spot(usd: float, per_hour: float) -> tuple[str, str]:
    """The pool called dear on spot, at this price and with so many interruptions."""
    return (
        "usd_per_replica_hour = 3.0\n",
        f"spot = {{ usd_per_replica_hour = {usd}, interruptions_per_hour = {per_hour} }}\n",
    )


@pytest.fixture(scope="module")
def plain_is_cheaper(tmp_path_factory: pytest.TempPathFactory) -> Study:
    return studied(world(1.0, 3.0), tmp_path_factory.mktemp("plain_is_cheaper"))


def test_a_class_on_a_dear_tier_moves(plain_is_cheaper: Study) -> None:
    (made,) = advice(plain_is_cheaper)
    assert (made.id, made.status) == ("tier_placement.chat.plain", "recommended")
    assert [(each.key, each.to) for each in made.change] == [("class.chat.pool", ("plain",))]
    assert made.freed_usd_per_week is not None
    assert made.freed_usd_per_week.low > 0


@pytest.mark.parametrize(
    ("per_hour", "status", "again"), [(60.0, "recommended", "15.9%"), (1.0, "withheld", "0.2%")]
)
def test_a_class_on_spot_moves_where_its_replicas_are_taken_away_too_often(
    per_hour: float, status: str, again: str, tmp_path: Path
) -> None:
    # An answer takes 17 s and more: at 60 interruptions an hour 16 % of the work is done again, which a price lower by
    # a fifth, less what both classes save by sharing replicas, does not make up for; at one an hour it does.
    (said,) = advice(studied(world(3.7, 3.0, LONG_MAY_MOVE), tmp_path, spot(3.0, per_hour)))
    assert said.status == status
    (of_work,) = [each.statement for each in said.evidence if each.id == "interruptions"]
    assert of_work == f"Interruptions make it do {again} of its work on dear again."


def test_where_every_class_is_where_it_is_cheapest_nothing_is_claimed(tmp_path: Path) -> None:
    (said,) = advice(studied(world(30.0, 3.0), tmp_path))
    assert said.status == "withheld"


def crowded() -> World:
    """Chat and long answers keep two replicas of three places each on the pool called dear; plain is nearly idle."""
    chat, long_generation = CHAT_MAY_MOVE[0], LONG_MAY_MOVE[0]
    classes = (
        replace(chat, share=0.45, e2e_p95="8s"),
        replace(long_generation, share=0.1, e2e_p95="120s", other_models=()),
        replace(class_of("classification", "plain", 8), share=0.45, e2e_p95="10s"),
    )
    made = world(3.6, 3.0)
    dear, plain = made.pools
    pools = (replace(dear, slots=3), replace(plain, replicas=1, slots=64))
    return replace(made, requests=1300, pools=pools, classes=classes)


NO_RESERVE = tuple(
    (f"[pools.{each}]\n", f"[pools.{each}]\nreserve_replicas = 0\n") for each in ("dear", "plain")
)


@pytest.mark.parametrize(
    ("split", "moves"),
    [
        ("true", ("class.chat.pool.weights", "dear=2,plain=3")),
        ("false", ("class.chat.pool", ("plain",))),
    ],
)
def test_a_class_leaves_or_is_split_where_a_replica_then_goes(
    split: str, moves: tuple[str, object], tmp_path: Path
) -> None:
    first = ("[pools.dear]", f"placement = {{ split = {split} }}\n[pools.dear]")
    study = studied(crowded(), tmp_path, *NO_RESERVE, first)
    (made,) = advice(study)
    assert made.status == "recommended"
    assert [(each.key, each.to) for each in made.change] == [moves, ("pool.dear.replicas", 1)]
    assert made.cash_usd_per_week is not None
    assert made.cash_usd_per_week.mid == pytest.approx(3.0 * 24 * 7)
    alone = study.trial(study.first, (setting("pool", "replicas", "dear", 1),))
    # the replica could not have gone without the move
    assert not meets_objectives(study.first, alone, study.served_classes())


def test_a_replica_that_could_go_anyway_is_not_what_a_move_saves(tmp_path: Path) -> None:
    made = crowded()
    spare = replace(made, pools=(replace(made.pools[0], replicas=4), made.pools[1]))
    (said,) = advice(studied(spare, tmp_path, *NO_RESERVE))
    assert said.status == "withheld"


def test_no_more_classes_move_than_may(plain_is_cheaper: Study) -> None:
    settings = msgspec.structs.replace(plain_is_cheaper.settings, placement=PlacementSettings(most_moves=0))
    (said,) = advice(replace(plain_is_cheaper, settings=settings))
    assert said.status == "withheld"
    assert said.reason.startswith("No placement costs less that moves at most 0 of the classes")


def outside_the_boundary(study: Study, allowed_models: tuple[str, ...]) -> Study:
    """The same with the pool called dear in the USA, and chat, which may not leave the EU, on these models."""
    settings = study.settings
    pools = {**settings.pools, "dear": msgspec.structs.replace(settings.pools["dear"], jurisdiction="us")}
    chat = msgspec.structs.replace(settings.classes["chat"], allowed_models=allowed_models)
    classes = {**settings.classes, "chat": chat}
    return replace(study, settings=msgspec.structs.replace(settings, pools=pools, classes=classes))


def test_a_class_that_may_not_stay_moves_though_it_costs_more(tmp_path: Path) -> None:
    study = outside_the_boundary(studied(world(6.0, 3.0), tmp_path), ("model-dear", "model-plain"))
    (made,) = advice(study)
    assert (made.id, made.status) == ("tier_placement.chat.plain", "recommended")
    assert made.reason.startswith("chat may not stay on dear, outside of its data boundary")


def test_a_class_that_may_go_nowhere_is_told_why(plain_is_cheaper: Study) -> None:
    with pytest.raises(InfeasibleError) as refused:
        advice(outside_the_boundary(plain_is_cheaper, ("model-dear",)))
    assert "[classes.chat] boundary" in refused.value.why
    assert "[classes.chat] allowed_models" in refused.value.why
    assert "long_generation" not in refused.value.why


def test_a_pool_that_does_not_say_where_it_is_is_asked(plain_is_cheaper: Study) -> None:
    study = outside_the_boundary(plain_is_cheaper, ("model-dear",))
    pools = {
        name: msgspec.structs.replace(pool, jurisdiction=None) for name, pool in study.settings.pools.items()
    }
    said = advice(replace(study, settings=msgspec.structs.replace(study.settings, pools=pools)))
    assert "pools.dear.jurisdiction" in said[0].missing
    assert all(each.status != "recommended" for each in said)
