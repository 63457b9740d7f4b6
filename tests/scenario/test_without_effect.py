"""What was asked for and changes nothing is named, with the reason; what changes something is not."""

from __future__ import annotations

from pathlib import Path

import msgspec

from costctl import verbs
from costctl.documents.policy import Policy
from costctl.documents.simulation import Simulation
from costctl.levers.from_policy import from_policy
from costctl.levers.platform import Platform
from costctl.observation import Question
from costctl.scenario.without_effect import MOST_TRIED, bought_without_effect
from tests.conftest import unwatched
from tests.policy.client_golden import bought_policy


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


def test_what_a_policy_says_of_bought_tokens_is_named_for_no_replay_knows_it() -> None:
    settings, _ = from_policy(bought_policy(), Platform({}, {}))
    found = bought_without_effect(settings)
    assert len(found) == len(settings) > 0
    assert {each.reason for each in found} == {
        "it changes what is bought by the token, which is not replayed"
    }
    assert "/classes/0/prompt_cache/keep of the policy" in {each.asked for each in found}


def test_a_policy_of_pools_and_providers_is_replayed_by_its_pools(
    short_question: Question, sample_policy: Policy, tmp_path: Path
) -> None:
    bought = msgspec.structs.replace(bought_policy().classes[0], lane=sample_policy.lanes[0].id)
    mixed = msgspec.structs.replace(
        sample_policy,
        backends=(*sample_policy.backends, bought_policy().backends[0]),
        classes=(
            *sample_policy.classes,
            msgspec.structs.replace(bought, id="bought", request_class="bought"),
        ),
        evidence=(*sample_policy.evidence, *bought_policy().evidence),
    )
    (tmp_path / "policy.json").write_bytes(msgspec.json.encode(mixed))
    request = verbs.ScenarioRequest(policy=tmp_path / "policy.json")
    document = verbs.simulate(short_question, request, unwatched)
    assert {each.reason for each in document.scenario.without_effect} == {
        "it changes what is bought by the token, which is not replayed"
    }
    assert any(
        each.pointer == f"/classes/{len(sample_policy.classes)}" for each in document.scenario.left_out
    )
