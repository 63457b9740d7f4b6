"""Take one group of facts out of an export that has them all: exactly that gap appears, and no other.

Where one fact hangs on another, the group says so: without the span of a retrieval there is nothing that could say
how many documents it returned, so that check does not apply; it is no second gap. Two facts are not taken away: the
operation of a call, which the reader infers from tokens and model where nothing names it, and the read of a document
store, of which nothing else gives a sign.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from costctl import verbs
from costctl.documents.diagnosis import Check, Diagnosis
from costctl.observation import Question
from costctl.telemetry.catalogue import catalogue
from tests.conftest import unwatched
from tests.telemetry.complete_export import GROUPS, Export, complete_export, written

OF_THE_CONFIGURATION = {"prices", "storage_prices"}


def diagnosis(export: Export, folder: Path) -> Diagnosis:
    path = folder / "export.jsonl"
    path.write_bytes(written(export))
    return verbs.doctor(Question(paths=(str(path),)), unwatched)


def by_id(document: Diagnosis) -> dict[str, Check]:
    return {check.id: check for check in document.checks}


@pytest.fixture(scope="module")
def complete(tmp_path_factory: pytest.TempPathFactory) -> Diagnosis:
    return diagnosis(complete_export(), tmp_path_factory.mktemp("complete"))


def test_a_complete_export_lacks_only_what_costctl_toml_would_say(complete: Diagnosis) -> None:
    settings = {fact.id for fact in catalogue() if fact.of == "settings"} | OF_THE_CONFIGURATION
    lacking = {check.id for check in complete.checks if check.state in ("missing", "partial")}
    assert lacking <= settings
    assert {group.gap for group in GROUPS.values()} == {fact.id for fact in catalogue()} - settings


@pytest.mark.parametrize("name", GROUPS)
def test_taking_one_group_away_makes_exactly_its_gap_appear(
    complete: Diagnosis, tmp_path: Path, name: str
) -> None:
    group = GROUPS[name]
    found = diagnosis(group.take(complete_export()), tmp_path)
    before, after = by_id(complete), by_id(found)
    changed = {each for each in after if after[each].state != before[each].state}
    assert changed == {group.gap, *group.moot}
    assert after[group.gap].state in ("missing", "partial")
    assert {after[each].state for each in group.moot} <= {"not_applicable"}
    assert all(check.observed <= check.expected for check in found.checks)
    scores = zip(complete.phases, found.phases, strict=True)
    assert all((before.score or 0.0) >= (after.score or 0.0) for before, after in scores)
