"""The first screen of ``costctl simulate``: the figures of the document, what is noted, and which policies it takes."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from costctl import verbs
from costctl.documents.simulation import Simulation
from costctl.errors import InfeasibleError, InputError
from costctl.observation import Question
from costctl.render.cells import measured, plain
from costctl.render.sections import Facts, Section, Table
from costctl.render.simulation import sections
from costctl.render.simulation_screen import screen
from costctl.render.view import View
from tests.conftest import unwatched


@pytest.fixture(scope="module")
def document(short_question: Question) -> Simulation:
    assignments = ("pool.llm-premium.replicas=2", "class.chat.queue.limit=5000")
    return verbs.simulate(short_question, verbs.ScenarioRequest(assignments=assignments), unwatched)


@pytest.fixture(scope="module")
def policy(short_question: Question, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("policy") / "policy.json"
    path.write_bytes(msgspec.json.encode(verbs.policy_for(short_question, unwatched)))
    return path


def tables(found: list[Section]) -> dict[str, Table]:
    return {each.title: each for each in found if isinstance(each, Table)}


def lines(found: list[Section]) -> list[tuple[str, str]]:
    return [line for each in found if isinstance(each, Facts) for line in each.lines]


def test_the_figures_on_the_screen_are_those_of_the_document(document: Simulation) -> None:
    shown = tables(screen(document, View()))
    changed = [each for each in document.class_changes if each.is_changed]
    *rows, same = shown["p95 by class"].rows
    assert [(row[0], row[1], row[2]) for row in rows] == [
        (each.request_class, measured(each.e2e_p95.baseline, "s"), measured(each.e2e_p95.scenario, "s"))
        for each in changed
    ]
    assert same[0] == f"{len(document.class_changes) - len(changed)} unchanged"
    cost = next(row for row in shown["total"].rows if row[0] == "cost")
    assert document.baseline.usd is not None
    assert document.result.usd is not None
    assert [plain(each) for each in cost[1:3]] == [
        plain(measured(each, "USD")) for each in (document.baseline.usd, document.result.usd)
    ]


def test_what_changes_most_comes_first_and_every_class_is_there(document: Simulation) -> None:
    changes = [abs(each.e2e_p95.change) for each in document.class_changes]
    assert changes == sorted(changes, reverse=True)
    assert {each.request_class for each in document.class_changes} == {
        each.request_class for each in document.result.classes
    }


def test_the_change_comes_first_and_what_has_no_effect_is_named(document: Simulation) -> None:
    told = lines(screen(document, View()))
    assert "pool.llm-premium.replicas 1 → 2" in told[0][1]
    assert ("No effect", "--set class.chat.queue.limit=5000: the replay is the same without it") in told
    assert [label for label, _ in told][-1] == "Next"
    assert any(label == "Trust" for label, _ in told)


def test_figures_that_rest_on_what_is_off_are_marked_and_the_mark_is_explained(document: Simulation) -> None:
    off = replace(
        document, differences=tuple(replace(each, is_trusted=False) for each in document.differences)
    )
    found = screen(off, View())
    differences = [str(row[3]) for table in tables(found).values() for row in table.rows if str(row[3])]
    assert differences
    assert all(difference.endswith(" *") for difference in differences)
    assert "* do not act on" in dict(lines(found))["Trust"]


def test_every_call_that_is_not_served_is_counted(short_question: Question) -> None:
    refused = verbs.simulate(
        short_question, verbs.ScenarioRequest(assignments=("class.chat.queue.limit=0",)), unwatched
    )
    rejected = sum(lane.calls.rejected for lane in refused.result.lanes)
    assert rejected == refused.result.calls.rejected > 0
    assert dict(lines(screen(refused, View())))["Calls"].startswith(f"{rejected:,} rejected (today 0)")


def test_with_nothing_changed_the_screen_says_how_well_today_is_reproduced(short_question: Question) -> None:
    today = verbs.simulate(short_question, verbs.ScenarioRequest(), unwatched)
    found = screen(today, View())
    assert lines(found)[0][1].startswith("Nothing is changed")
    rows = tables(found)["calls of"].rows
    assert len(rows) == len(today.calibration.pools) + len(today.calibration.classes)


def test_limits_that_replicas_share_are_noted(short_question: Question, policy: Path, tmp_path: Path) -> None:
    made = msgspec.json.decode(policy.read_bytes())
    place = next(i for i, each in enumerate(made["backends"]) if each["id"] == "llm-premium")
    made["backends"][place] |= {
        "replicas": 2,
        "max_concurrency": {"kind": "at_most", "value": 9, "scope": "per_backend"},
    }
    changed = tmp_path / "shared.json"
    changed.write_bytes(msgspec.json.encode(made))
    document = verbs.simulate(short_question, verbs.ScenarioRequest(policy=changed), unwatched)
    said = f"/backends/{place}/max_concurrency: 9 over 2 replicas is replayed as 4 on each"
    assert ("Shared limit", said) in lines(screen(document, View()))
    assert any(f"{said}." in getattr(each, "lines", ()) for each in sections(document))


def test_a_policy_that_fails_its_check_is_refused_with_the_same_findings(
    short_question: Question, policy: Path, tmp_path: Path
) -> None:
    made = msgspec.json.decode(policy.read_bytes())
    made["classes"][0]["lane"] = "no-such-lane"
    broken = tmp_path / "broken.json"
    broken.write_bytes(msgspec.json.encode(made))
    findings = verbs.check_policy(broken).findings
    assert findings
    with pytest.raises(InputError) as refused:
        verbs.simulate(short_question, verbs.ScenarioRequest(policy=broken), unwatched)
    assert all(finding in refused.value.why for finding in findings)


def test_a_policy_that_lets_data_leave_its_boundary_is_refused(
    short_question: Question, policy: Path, tmp_path: Path
) -> None:
    made = msgspec.json.decode(policy.read_bytes())
    for each in made["classes"]:
        each["data_boundary"] = {"enforcement": "required", "jurisdictions": ["us"]}
    outside = tmp_path / "outside.json"
    outside.write_bytes(msgspec.json.encode(made))
    with pytest.raises(InfeasibleError):
        verbs.simulate(short_question, verbs.ScenarioRequest(policy=outside), unwatched)
