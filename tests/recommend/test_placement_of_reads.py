"""What a class reads goes with it: bytes between regions, copies near it, and storage outside of its boundary, in a
world whose totals can be said by hand.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import pytest
from msgspec.structs import replace as changed

from costctl.documents.billing_settings import Network
from costctl.documents.recommendations import Recommendation
from costctl.documents.settings import Settings, Storage
from costctl.errors import InfeasibleError
from costctl.levers.settings import setting
from costctl.observation import Question
from costctl.progress import silent
from costctl.recommend.study import Study
from costctl.synth.otlp import pairs
from costctl.synth.world import Spread, Step, StorageSpec, World
from costctl.units import S_PER_HOUR
from costctl.verbs.emit import policy_for
from tests.recommend.placement_worlds import Watched, advice, asked_about, watched, world

GB_A_READ: Final = 0.1
DOCUMENTS: Final = 5
KEEP: Final = 0.25  # USD a GB and month, of 730 hours
HERE, THERE = "eu-west-2", "eu-north-1"  # where chat is served and reads, and where it could be served
NEAR: Final = Storage(region=THERE, jurisdiction="eu", usd_per_gb_month=KEEP)


def reading_world() -> World:
    """Chat on the dear pool reads one document a request from an archive; the plain pool could serve it too."""
    made = world(1.0, 3.0)
    chat, long_generation = made.classes
    took = Spread(0.01, 0.1, 0.005, 0.02)
    chat = replace(
        chat,
        steps=(Step("storage", took, storage="archive"), *chat.steps),
        documents=(1, 1),
        hot_ratio=0.0,
    )
    archive = StorageSpec("archive", "object", 0.0, 0.0, took)
    return replace(made, classes=(chat, long_generation), storage=(archive,))


def documents_of_one_size(span: dict[str, Any]) -> None:
    """Every read is of one of five documents of 100 MB."""
    if any(each["key"] == "aws.s3.bucket" for each in span["attributes"]):
        span["attributes"] = pairs(
            {
                "aws.s3.bucket": "documents-archive",
                "costctl.content.key": f"document {int(span['spanId'], 16) % DOCUMENTS}",
                "costctl.storage.reads": 1,
                "costctl.storage.bytes": round(GB_A_READ * 1e9),
            }
        )


# What the operators write: the plain pool in another region, and storage there that may keep copies.
ELSEWHERE: Final = (
    (
        '[pools.plain]\ntier = "plain"\nregion = "eu-west-2"',
        '[pools.plain]\ntier = "plain"\nregion = "eu-north-1"',
    ),
    (
        "[storage.archive]\n",
        "[network]\nusd_per_gb_between_regions = 0.2\n[storage.near]\n"
        'region = "eu-north-1"\njurisdiction = "eu"\nusd_per_gb_month = 0.25\n'
        '[storage.archive]\nregion = "eu-west-2"\njurisdiction = "eu"\n',
    ),
)


@pytest.fixture(scope="module")
def question(tmp_path_factory: pytest.TempPathFactory) -> Question:
    folder = tmp_path_factory.mktemp("reads")
    return asked_about(reading_world(), folder, *ELSEWHERE, of_span=documents_of_one_size)


@pytest.fixture(scope="module")
def seen(question: Question) -> Watched:
    return watched(question)


def settings_of(
    seen: Watched,
    between: float | None,
    near: Storage | None = None,
    archive: tuple[str, str] = (HERE, "eu"),
    plain_usd: float = 1.0,
) -> Settings:
    """The plain pool in another region than the dear one; what bytes between regions cost, and where storage stands."""
    base = seen.settings
    plain = changed(base.pools["plain"], region=THERE, usd_per_replica_hour=plain_usd)
    lies = changed(base.storage["archive"], region=archive[0], jurisdiction=archive[1])
    return changed(
        base,
        pools={**base.pools, "plain": plain},
        storage={"archive": lies} if near is None else {"archive": lies, "near": near},
        network=Network(usd_per_gb_between_regions=between),
    )


def only(study: Study) -> Recommendation:
    """The one thing that is said of chat."""
    (said,) = advice(study)
    return said


def said_of_reads(made: Recommendation) -> list[str]:
    return [each.statement for each in made.evidence if each.id.startswith("reads")]


def changes(made: Recommendation) -> list[tuple[str, object]]:
    return [(each.key, each.to) for each in made.change]


def cash_usd(made: Recommendation) -> float:
    assert made.cash_usd is not None
    return made.cash_usd.mid


def reads_of(study: Study) -> int:
    assert study.placed is not None
    return study.placed.at_s.size


def window_hours(study: Study) -> float:
    return (study.whole.period.to_s - study.whole.period.from_s) / S_PER_HOUR


def test_a_move_pays_for_the_bytes_that_then_cross_regions(seen: Watched) -> None:
    study = seen.studied(settings_of(seen, between=0.002))
    made = only(study)
    assert (made.status, changes(made)) == ("recommended", [("class.chat.pool", ("plain",))])
    assert cash_usd(made) == pytest.approx(-reads_of(study) * GB_A_READ * 0.002)
    (reads,) = said_of_reads(made)
    assert reads.startswith("On plain it reads from archive: egress 0.129 USD an hour (64.4 GB an hour)")
    assert made.reason.endswith("by more than what it reads costs more.")


def test_a_class_stays_with_what_it_reads_where_that_would_cost_more(seen: Watched) -> None:
    made = only(seen.studied(settings_of(seen, between=0.2)))
    assert made.status == "withheld"
    assert made.reason == "Every class is where it is cheapest, what is read from other regions included."


def test_a_copy_near_the_new_pool_is_read_instead(seen: Watched) -> None:
    study = seen.studied(settings_of(seen, between=0.2, near=NEAR))
    made = only(study)
    assert made.status == "recommended"
    assert changes(made) == [("class.chat.pool", ("plain",)), ("class.chat.storage.copies", ("near",))]
    fill_usd = DOCUMENTS * GB_A_READ * 0.2
    keep_usd = DOCUMENTS * GB_A_READ * KEEP / 730.0 * window_hours(study)
    assert cash_usd(made) == pytest.approx(-(fill_usd + keep_usd))
    (reads,) = said_of_reads(made)
    assert reads.startswith("On plain it reads from a copy in near: 0.281 USD an hour to fill and to keep it")


def test_a_copy_is_kept_without_a_move_where_what_is_read_lies_afar(seen: Watched) -> None:
    at_home = changed(NEAR, region=HERE)
    study = seen.studied(settings_of(seen, 0.2, at_home, archive=("us-east-1", "eu"), plain_usd=30.0))
    made = only(study)
    assert (made.id, changes(made)) == (
        "tier_placement.chat.dear",
        [("class.chat.storage.copies", ("near",))],
    )
    today_usd = reads_of(study) * GB_A_READ * 0.2
    fill_usd = DOCUMENTS * GB_A_READ * 0.2
    keep_usd = DOCUMENTS * GB_A_READ * KEEP / 730.0 * window_hours(study)
    assert cash_usd(made) == pytest.approx(today_usd - fill_usd - keep_usd)
    today, then = said_of_reads(made)
    assert today.startswith("Today it reads from archive: egress 12.9 USD an hour")
    assert then.startswith("On dear it reads from a copy in near")


def test_bytes_without_a_price_are_said_to_have_none(seen: Watched) -> None:
    made = only(seen.studied(settings_of(seen, between=None)))
    assert made.cash_usd is None
    assert (
        "Bytes between regions cost nothing: network.usd_per_gb_between_regions is not set."
        in made.assumptions
    )
    assert "not priced, for want of network.usd_per_gb_between_regions" in said_of_reads(made)[0]


@pytest.mark.parametrize("copies", [(), ("near",)])
def test_the_program_and_the_replay_charge_the_same(seen: Watched, copies: tuple[str, ...]) -> None:
    # what the replay of the move costs in cash on the first part, an hour, by the formulas of the program
    study = seen.studied(settings_of(seen, between=0.2, near=NEAR))
    move = [setting("class", "pool", "chat", ("plain",))]
    kept = [setting("class", "storage.copies", "chat", copies)] if copies else []
    first = study.first
    assert study.placed is not None
    inside = study.placed.at_s <= first.period.to_s
    hours = (first.period.to_s - first.period.from_s) / S_PER_HOUR
    egress = inside.sum() * GB_A_READ * 0.2
    copy = DOCUMENTS * GB_A_READ * (0.2 + KEEP / 730.0 * hours)
    assert study.trial(first, [*move, *kept]).cache_usd.sum() == pytest.approx(copy if copies else egress)
    assert study.trial(first, []).cache_usd.tolist() == [0.0] * first.today.cache_usd.size


def test_a_class_that_reads_outside_of_its_boundary_gets_a_copy_inside(seen: Watched) -> None:
    settings = settings_of(seen, 0.02, near=NEAR, archive=("us-east-1", "us"))
    made = only(seen.studied(settings))
    assert changes(made) == [("class.chat.pool", ("plain",)), ("class.chat.storage.copies", ("near",))]
    assert made.reason == (
        "chat may not read from where it does, outside of its data boundary; on plain it reads from near."
    )


@pytest.mark.parametrize("near", [None, changed(NEAR, jurisdiction="us"), changed(NEAR, region="eu-south-1")])
def test_storage_outside_of_the_boundary_is_named_where_no_copy_may_be(
    seen: Watched, near: Storage | None
) -> None:
    settings = settings_of(seen, 0.02, near=near, archive=("us-east-1", "us"))
    with pytest.raises(InfeasibleError) as refused:
        advice(seen.studied(settings))
    assert refused.value.why.startswith(
        "This cannot hold: chat reads only from storage within its data boundary, and not from archive"
    )
    assert "long_generation" not in refused.value.why


def test_storage_that_does_not_say_where_it_is_is_asked(seen: Watched) -> None:
    base = settings_of(seen, 0.002)
    silent = changed(base.storage["archive"], jurisdiction=None)
    said = advice(seen.studied(changed(base, storage={"archive": silent})))
    assert [each.missing for each in said if each.status == "withheld"] == [("storage.archive.jurisdiction",)]


def test_a_policy_says_from_where_a_class_reads(question: Question) -> None:
    policy = policy_for(question, silent)
    (chat,) = [each for each in policy.classes if each.id == "chat"]
    assert [each.backend for each in chat.placement.targets] == ["plain"]
    said = {each.id: each.statement for each in policy.evidence}
    because = [said[each] for each in chat.why["/placement/targets"]]
    assert any(each.startswith("On plain it reads from a copy in near") for each in because)


def test_without_regions_nothing_changes(seen: Watched) -> None:
    base = seen.settings
    silent_tiers = {name: changed(each, region=None) for name, each in base.storage.items()}
    study = seen.studied(changed(base, storage=silent_tiers))
    assert study.placed is None
    assert only(study).cash_usd is None
