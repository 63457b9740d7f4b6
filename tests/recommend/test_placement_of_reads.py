"""What a class reads goes with it: bytes between regions, copies near it, and tiers outside of its boundary, in worlds
whose totals can be said by hand.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest

from costctl.documents.recommendations import Recommendation
from costctl.errors import InfeasibleError
from costctl.levers.settings import setting
from costctl.recommend.study import Study
from costctl.synth.otlp import pairs
from costctl.synth.world import Spread, Step, StorageSpec, World
from costctl.units import S_PER_HOUR
from tests.recommend.placement_worlds import advice, studied, world

GB_A_READ: Final = 0.1
DOCUMENTS: Final = 5
HOURS_A_MONTH: Final = 730.0
BETWEEN: Final = 0.02  # USD a GB
KEEP: Final = 0.25  # USD a GB and month

NEAR = f"""
[storage.near]
region = "eu-north-1"
jurisdiction = "eu"
usd_per_gb_month = {KEEP}
match = {{ "service.name" = "nobody" }}
"""


def reading_world() -> World:
    """Chat on the dear pool reads one document a request from an archive; the plain pool could serve it too."""
    made = world(1.0, 3.0)
    chat, long_generation = made.classes
    read = Step("storage", Spread(0.01, 0.1, 0.005, 0.02), storage="archive")
    chat = replace(chat, steps=(read, *chat.steps), documents=(1, 1), hot_ratio=0.0)
    archive = StorageSpec("archive", "object", 0.0, 0.0, Spread(0.01, 0.1, 0.005, 0.02))
    return replace(made, classes=(chat, long_generation), storage=(archive,))


def documents_of_one_size(span: dict[str, Any]) -> None:
    """Every read is of one of five documents of 100 MB."""
    attributes = {each["key"]: each for each in span["attributes"]}
    if "aws.s3.bucket" not in attributes:
        return
    told = {
        "aws.s3.bucket": "documents-archive",
        "costctl.content.key": f"document {int(span['spanId'], 16) % DOCUMENTS}",
        "costctl.storage.reads": 1,
        "costctl.storage.bytes": round(GB_A_READ * 1e9),
    }
    span["attributes"] = pairs(told)


def written_settings(between: float, near: str = "", archive: str = "") -> tuple[tuple[str, str], ...]:
    """The plain pool in another region than the dear one and the archive, and what bytes between them cost."""
    plain = '[pools.plain]\ntier = "plain"\nregion = '
    return (
        (f'{plain}"eu-west-2"', f'{plain}"eu-north-1"'),
        (
            "[storage.archive]\n",
            f"[network]\nusd_per_gb_between_regions = {between}\n{near}\n"
            f'[storage.archive]\nregion = "eu-west-2"\njurisdiction = "eu"\n{archive}',
        ),
    )


def study_with(folder: Path, *edits: tuple[str, str]) -> Study:
    return studied(reading_world(), folder, *edits, of_span=documents_of_one_size)


def reads_within(study: Study, to_s: float) -> int:
    assert study.placed is not None
    return int((study.placed.at_s <= to_s).sum())


def statements(made: Recommendation, name: str) -> list[str]:
    return [each.statement for each in made.evidence if each.id == name]


@pytest.fixture(scope="module")
def near_is_there(tmp_path_factory: pytest.TempPathFactory) -> Study:
    return study_with(tmp_path_factory.mktemp("near"), *written_settings(BETWEEN, NEAR))


def test_reads(near_is_there):
    study = near_is_there
    for each in advice(study):
        print(each)
