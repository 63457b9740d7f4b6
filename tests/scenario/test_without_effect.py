"""What was asked for and changes nothing is named, with the reason; what changes something is not."""

from __future__ import annotations

from costctl import verbs
from costctl.documents.simulation import Simulation
from costctl.observation import Question
from costctl.scenario.without_effect import MOST_TRIED
from tests.conftest import unwatched


def simulated(
    question: Question, *assignments: str, load: str | None = None, failures: tuple[str, ...] = ()
) -> Simulation:
    request = verbs.ScenarioRequest(assignments=assignments, load=load, failures=failures)
    return verbs.simulate(question, request, unwatched)


def reasons(document: Simulation) -> dict[str, str]:
    return {each.asked: each.reason for each in document.scenario.without_effect}


def test_settings_and_a_load_that_change_nothing_are_named(short_question: Question) -> None:
    found = reasons(
        simulated(
            short_question,
            "pool.llm-premium.replicas=1",
            "class.chat.queue.limit=5",
            "class.chat.queue.limit=5000",
            "pool.llm-economy.replicas=2",
            load="1x",
        )
    )
    assert found == {
        "--set pool.llm-premium.replicas=1": "it is so already",
        "--set class.chat.queue.limit=5": "a later setting replaces it",
        "--set class.chat.queue.limit=5000": "the replay is the same without it",
        "--load 1x": "it is the recorded load",
    }


def test_replicas_that_are_paid_for_and_idle_have_an_effect(short_question: Question) -> None:
    assert reasons(simulated(short_question, "pool.embedder.replicas=40")) == {}


def test_a_failure_of_a_replica_that_serves_has_an_effect(short_question: Question) -> None:
    felt = simulated(short_question, failures=("llm-premium:1@05:20-05:25",))
    assert reasons(felt) == {}
    assert felt.result.goodput_ratio < felt.baseline.goodput_ratio


def test_of_many_settings_only_those_that_need_no_replay_are_told(short_question: Question) -> None:
    many = tuple(f"class.chat.queue.limit={5000 + each}" for each in range(MOST_TRIED + 1))
    assert set(reasons(simulated(short_question, *many)).values()) == {"a later setting replaces it"}
