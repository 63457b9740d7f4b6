"""A team that buys tokens: what is recommended stands in the policy and in its consumers' files, and saves as much."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from costctl import verbs
from costctl.documents.client_patch import ClassPatch, ClientPatch
from costctl.documents.policy import Policy
from costctl.documents.recommendations import Recommendations
from costctl.levers.from_policy import from_policy
from costctl.levers.plan import plan_of
from costctl.levers.platform import Platform
from costctl.levers.settings import settings_in
from costctl.policy.checks import check_policy
from costctl.policy.reading import read_yaml
from costctl.policy.targets.litellm_checks import faults_in
from costctl.policy.targets.registry import emission_of
from costctl.progress import silent
from costctl.synth.shop.traffic import Call, traffic_of
from costctl.synth.shop.truth import bill_usd
from costctl.synth.shop.world import Shop
from costctl.units import S_PER_HOUR, S_PER_WEEK
from tests.policy.client_golden import bought_policy
from tests.policy.test_litellm_file import asking, bought, with_parts
from tests.policy.validators import said_by, validator
from tests.synth.written_shop import small_shop, written

SEND = Path(__file__).with_name("send_litellm.py")
BILLED_AGAIN = ("prompt_cache", "service_tier")  # kinds that the world can be billed under


@dataclass(frozen=True, slots=True)
class Team:
    """The world, what is recommended, and the policy and the patch that carry it."""

    world: Shop
    calls: tuple[Call, ...]
    advice: Recommendations
    policy: Policy
    patches: tuple[ClassPatch, ...]


@pytest.fixture(scope="module")
def team(tmp_path_factory: pytest.TempPathFactory) -> Team:
    folder = tmp_path_factory.mktemp("shop")
    world = small_shop(part=0.1)
    calls = traffic_of(world)
    question = replace(written(world, calls, folder), store=folder / "s.duckdb")
    policy = verbs.policy_for(question, silent)
    text = emission_of("client", policy, None).files["client.yaml"]
    patches = msgspec.convert(read_yaml(text), ClientPatch).requests
    return Team(world, calls, verbs.recommend(question, silent), policy, patches)


@dataclass(frozen=True, slots=True)
class Asked:
    """What LiteLLM sends, by name and tag, and for how long it keeps the answer of a name."""

    bodies: dict[tuple[str, str | None], dict[str, Any]]
    kept: dict[str, int]

    def body(self, patch: ClassPatch) -> dict[str, Any]:
        """Of a request of the class, whose tag LiteLLM is told where it needs one."""
        return self.bodies.get((str(patch.model), patch.request_class)) or self.bodies[str(patch.model), None]


@pytest.fixture(scope="module")
def asked(team: Team, repository: Path) -> tuple[Asked, Asked]:
    """LiteLLM under the team's policy, and under one that says everything."""
    files = [
        emission_of("litellm", each, None).files["litellm.yaml"] for each in (team.policy, bought_policy())
    ]
    lines = said_by(validator(repository, "litellm"), SEND, "---\n".join(files)).splitlines()
    one, other = (json.loads(line) for line in lines)
    return _asked(one), _asked(other)


def without_logins() -> Policy:
    """The policy that says everything, without classes whose provider wants a login before a request is made."""
    policy = bought_policy()
    classes = tuple(kind for kind in policy.classes if kind.id not in ("google", "other", "chat", "cloud"))
    return msgspec.structs.replace(policy, classes=classes)


def _asked(found: dict[str, Any]) -> Asked:
    bodies = {(each["group"], each["tag"]): each["body"] for each in found["sent"] if "body" in each}
    return Asked(bodies, found["kept"])


def asked_for(patch: ClassPatch) -> dict[str, Any]:
    """What the world's application does under a patch, read from the requests alone."""
    changes = {change.field: change.to for change in patch.changes if not change.leave_out}
    choice: dict[str, Any] = {}
    if "system[-1].cache_control" in changes:
        marked = changes["system[-1].cache_control"]
        choice["caching"] = marked["ttl"]
        choice["cached_until"] = (
            "conversation" if "messages[-1].content[-1].cache_control" in changes else "system"
        )
    if any(change.of == "batch" for change in patch.changes):
        choice["tier"] = "batch"
    return choice


def test_what_is_recommended_is_what_the_policy_says(team: Team) -> None:
    assert check_policy(team.policy) == ()
    advised = [each for item in team.advice.made for each in settings_in(item.change, item.id)]
    said, left_out = from_policy(team.policy, Platform({}, {}))
    assert plan_of(said) == plan_of(advised)
    assert not [each for each in left_out if "differ" in each.reason]


def test_each_recommended_class_has_its_patch(team: Team) -> None:
    assert {each.request_class for each in team.patches} == {item.request_class for item in team.advice.made}
    assert not [missing for each in team.patches for missing in each.not_carried]


def test_requests_changed_by_the_patch_cost_what_was_promised(team: Team) -> None:
    changed = team.world
    for patch in team.patches:
        changed = changed.changed(patch.request_class, **asked_for(patch))
    saved = bill_usd(team.world, team.calls) - bill_usd(changed, team.calls)
    weeks = team.advice.baseline.observed_hours * S_PER_HOUR / S_PER_WEEK
    promised = [each.cash_usd_per_week for each in team.advice.made if each.kind in BILLED_AGAIN]
    assert promised
    assert saved / weeks == pytest.approx(sum(each.mid for each in promised if each is not None), rel=0.02)


def test_litellm_sends_what_the_patch_says(team: Team, asked: tuple[Asked, Asked]) -> None:
    compared = [
        (change, asked[0].body(patch))
        for patch in team.patches
        for change in patch.changes
        if change.of == "request"
    ]
    assert compared
    for change, body in compared:
        assert _found(body, change.field) == change.to, change  # None where it is left out


def _found(body: dict[str, Any], field: str) -> Any:
    """What a request has in a place of the patch."""
    last = {
        "system[-1].cache_control": lambda: body["system"][-1],
        "messages[-1].content[-1].cache_control": lambda: body["messages"][-1]["content"][-1],
        "messages[*].content[*].cache_control": lambda: {
            key: value for each in body["messages"] for part in each["content"] for key, value in part.items()
        },
    }[field]
    return last().get("cache_control")


def test_litellm_keeps_the_answers_of_the_classes_that_ask_the_same_again(
    team: Team, asked: tuple[Asked, Asked]
) -> None:
    expected = {
        str(patch.model): patch.settings["response_cache.ttl"]
        for patch in team.patches
        if "response_cache.ttl" in patch.settings
    }
    assert expected
    assert asked[0].kept == expected


def test_litellm_sends_the_tiers_marks_and_limits_that_it_can(asked: tuple[Asked, Asked]) -> None:
    bodies = asked[1].bodies
    agent, cached = bodies["claude-sonnet-4-5", "agent"], bodies["claude-sonnet-4-5", "cached"]
    assert agent["max_tokens"] == 4000
    assert agent["messages"][-1]["content"][-1]["cache_control"] == {"type": "ephemeral", "ttl": "5m"}
    assert cached["system"][-1]["cache_control"] == {"type": "ephemeral", "ttl": "1h"}
    assert bodies["gpt-4.1", "bulk"]["service_tier"] == "flex"
    assert bodies["gpt-4.1", "triage"] | {"messages": []} == {
        "model": "gpt-4.1-nano",
        "max_tokens": 8,
        "messages": [],
    }
    bedrock = bodies["anthropic.claude-sonnet-4-5-v1:0", None]
    assert "serviceTier" not in bedrock  # LiteLLM refuses it for models that it does not know
    assert bedrock["system"][-1]["cache_control"] == {"type": "ephemeral", "ttl": "1h"}


def test_litellm_sticks_where_there_is_a_choice_and_no_tag_to_overrule() -> None:
    one, other = bought("openai", "gpt-4.1"), bought("azure", "prod")
    sticky = asking("chat", "gpt-4.1", one.id, other.id, affinity="prefix")
    alone = asking("bulk", "nano", one.id, affinity="prefix")
    emission = emission_of("litellm", with_parts((one, other), sticky, alone), None)
    router = yaml.safe_load(emission.files["litellm.yaml"])["router_settings"]
    assert router["model_group_affinity_config"] == {"gpt-4.1": ["deployment_affinity"]}
    assert router["deployment_affinity_ttl_seconds"] == 3600
    said = {each.pointer: type(each).__name__ for each in emission.manifest.entries}
    assert said["/classes/0/affinity"] == "Approximated"
    assert said["/classes/1/affinity"] == "Exact"
    assert any("key of its own" in each for each in emission.manifest.conditions)

    other_way = asking("sort", "gpt-4.1", other.id)
    emission = emission_of("litellm", with_parts((one, other), sticky, other_way), None)
    assert "affinity" not in emission.files["litellm.yaml"]
    assert {type(each).__name__ for each in emission.manifest.entries if "affinity" in each.pointer} == {
        "Unsupported"
    }


def test_a_class_that_is_kept_in_another_way_has_a_deployment_of_its_own(team: Team) -> None:
    config = yaml.safe_load(emission_of("litellm", team.policy, None).files["litellm.yaml"])
    assert faults_in(config) == ()
    points = {
        tag: each["litellm_params"].get("cache_control_injection_points")
        for each in config["model_list"]
        for tag in each["litellm_params"]["tags"]
    }
    said = {kind.request_class: kind.prompt_cache for kind in team.policy.classes}
    for one in ("agent", "support", "cached"):
        for other in ("agent", "support", "cached"):
            assert (points[one] == points[other]) == (said[one] == said[other])
