"""The ledger of what is bought: increments add up to the joint saving, and the split that no order decides is fair."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import combinations, permutations

import numpy as np
import pytest

from costctl.documents.recommendations import Joint, Recommendation
from costctl.levers.settings import setting, settings_in
from costctl.rebill.bill import Bill
from costctl.recommend.bought import ledger as ledger_module
from costctl.recommend.bought.ledger import Ledger, ledger_of, settled
from costctl.recommend.bought.split import order_free
from costctl.recommend.bought.study import BoughtStudy
from tests.recommend.studied_shop import recommended
from tests.thoroughness import how_many

Game = Callable[[frozenset[str]], float]
NAMES = ("a", "b", "c", "d")


def by_permutations(names: tuple[str, ...], saved: Game) -> dict[str, float]:
    """What each adds to those before it, on average over all orders: the definition."""
    found = dict.fromkeys(names, 0.0)
    orders = list(permutations(names))
    for order in orders:
        for place, name in enumerate(order):
            before = frozenset(order[:place])
            found[name] += (saved(before | {name}) - saved(before)) / len(orders)
    return found


def random_game(seed: int) -> Game:
    """What any of four save together, at random; nobody saves nothing."""
    rng = np.random.default_rng(seed)
    worth = {frozenset(some): float(rng.normal()) for size in range(5) for some in combinations(NAMES, size)}
    worth[frozenset()] = 0.0
    return worth.__getitem__


@pytest.mark.parametrize("seed", range(how_many(5, thorough=100)))
def test_the_split_is_the_average_over_all_orders(seed: int) -> None:
    game = random_game(seed)
    parts = order_free(NAMES, game)
    assert parts == pytest.approx(by_permutations(NAMES, game))
    assert sum(parts.values()) == pytest.approx(game(frozenset(NAMES)))  # efficiency


def test_who_adds_nothing_has_no_part_and_equals_have_equal_parts() -> None:
    def game(names: frozenset[str]) -> float:
        return 3.0 * len(names & {"a", "b"}) ** 2 + (1.0 if "c" in names else 0.0)

    parts = order_free(NAMES, game)
    assert parts == {"a": pytest.approx(6.0), "b": pytest.approx(6.0), "c": pytest.approx(1.0), "d": 0.0}


@pytest.fixture(scope="module")
def made() -> tuple[Recommendation, ...]:
    """Two changes of one class, which save some of the same tokens; three of another; one of a third."""
    return (
        recommended("batch", setting("class", "service_tier", "support", "batch")),
        recommended("cache", setting("class", "prompt_cache", "support", "5m")),
        recommended("answers", setting("class", "response_cache.ttl", "faq", 86_400.0)),
        recommended("cheap", setting("class", "model", "faq", "gpt-4.1-nano")),
        recommended("half", setting("class", "service_tier", "faq", "batch")),
        recommended("night", setting("class", "service_tier", "digest", "batch")),
    )


@pytest.fixture(scope="module")
def ledger(shop_study: BoughtStudy, made: tuple[Recommendation, ...]) -> Ledger:
    return ledger_of(shop_study, made)


@pytest.fixture(scope="module")
def joint(ledger: Ledger) -> Joint:
    assert ledger.joint is not None
    return ledger.joint


def test_increments_sum_to_the_joint_saving_to_the_cent(joint: Joint) -> None:
    assert joint.cash_usd_per_week is not None
    added = [each.cash_usd_per_week.mid for each in joint.order if each.cash_usd_per_week is not None]
    assert len(added) == len(joint.order) == 6
    assert sum(added) == pytest.approx(joint.cash_usd_per_week.mid, abs=1e-6)


def bill_of(shop_study: BoughtStudy, made: Sequence[Recommendation], names: Iterable[str]) -> Bill:
    """The bill of the whole, whatever of it the changes touch."""
    chosen = set(names)
    return shop_study.bill(
        [each for item in made if item.id in chosen for each in settings_in(item.change, item.id)]
    )


def test_the_next_is_always_that_which_adds_most_for_certain(
    shop_study: BoughtStudy, made: tuple[Recommendation, ...], joint: Joint
) -> None:
    """The slow twin bills each that is left beside all that are done."""
    whole = np.ones(shop_study.calls.size, np.bool_)
    done: list[str] = []
    while left := [item.id for item in made if item.id not in done]:
        before = bill_of(shop_study, made, done)
        added = {
            name: shop_study.saved(before, bill_of(shop_study, made, [*done, name]), whole, 1.0)
            for name in left
        }
        lows = {name: each.a_week.low for name, each in added.items() if each is not None}
        done.append(max(lows, key=lows.__getitem__))
    assert [step.id for step in joint.order] == done


def test_the_split_of_a_bill_is_the_average_over_all_orders(
    shop_study: BoughtStudy, made: tuple[Recommendation, ...], joint: Joint
) -> None:
    """Of all six by definition, though only those of one class are billed together."""
    known: dict[frozenset[str], float] = {}

    def saved(names: frozenset[str]) -> float:
        if names not in known:
            known[names] = float(shop_study.today.usd.sum() - bill_of(shop_study, made, names).usd.sum())
        return known[names]

    truth = by_permutations(tuple(item.id for item in made), saved)
    assert {step.id: step.split_usd for step in joint.order} == pytest.approx(truth)


def test_what_saves_nothing_beside_the_others_is_withheld(shop_study: BoughtStudy) -> None:
    twice = [
        recommended(name, setting("class", "service_tier", "digest", "batch")) for name in ("one", "again")
    ]
    ledger = ledger_of(shop_study, twice)
    assert ledger.joint is not None
    assert ([step.id for step in ledger.joint.order], {*ledger.adds_nothing}) == (["one"], {"again"})
    kept, dropped = settled(twice, ledger)
    assert kept == twice[0]
    assert (dropped.status, dropped.withheld_as, dropped.change) == ("withheld", "ruled_out", ())
    assert "saves nothing more" in dropped.reason


def test_of_more_than_can_be_enumerated_no_split_is_told(
    shop_study: BoughtStudy, made: tuple[Recommendation, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger_module, "MOST_SPLIT", 1)
    few = ledger_of(shop_study, made).joint
    assert few is not None
    assert {step.id for step in few.order if step.split_usd_per_week is not None} == {"night"}
