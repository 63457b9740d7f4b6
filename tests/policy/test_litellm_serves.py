"""LiteLLM's own router under the files that are written for it, its providers mocked: data stays where it may be, one
prefix stays at one deployment, and engines are told the lane.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from msgspec.structs import replace

from costctl.documents.policy import (
    Fallback,
    Policy,
    PolicyBoundary,
    PolicyClass,
    PromptCache,
    Target,
)
from costctl.errors import InfeasibleError
from costctl.policy.targets.litellm_checks import faults_in
from costctl.policy.targets.registry import emission_of
from tests.policy.test_litellm_file import asking, bought, own, with_parts
from tests.policy.validators import said_by, validator

SERVE = Path(__file__).with_name("serve_litellm.py")
# London is in the United Kingdom, whatever a region is called.
LAW = {
    "eu-west-1": "eu",
    "eu-central-1": "eu",
    "eu-west-3": "eu",
    "eu-west-2": "uk",
    "uksouth": "uk",
    "us-east-1": "us",
}
REGIONS = {"eu": ("eu-west-1", "eu-central-1", "eu-west-3"), "uk": ("eu-west-2", "uksouth", "eu-west-2")}
EACH = 500  # requests of a boundary
HELD = {"model": "llama", "messages": [{"role": "user", "content": "a"}]}
Runs = dict[str, list[Any]]


def resident(law: str) -> Policy:
    """Chats, contracts and sorting that must stay within a jurisdiction, with every kind of fallback there; and a pool
    and a provider in the United States, which the policy knows and sends none of them to.
    """
    first, second, third = REGIONS[law]
    near = {"jurisdiction": law, "boundary": "private_cloud"}
    backends = (
        replace(own("first", "llama"), region=first, **near),
        replace(own("second", "llama"), region=second, **near),
        replace(own("long", "llama-1m"), region=third, **near),
        bought("aws.bedrock", "claude", region=third, jurisdiction=law),
        replace(own("far", "llama"), region="us-east-1", jurisdiction="us"),
        bought("openai", "gpt-4.1", region="us-east-1", jurisdiction="us"),
    )
    on = {
        "claude": Fallback(backend="claude", on=("error", "timeout", "overload", "content_policy")),
        "long": Fallback(backend="long", on=("context_window",)),
        "first": Fallback(backend="first", on=("error",)),
    }
    kinds = (
        asking(
            "chat", "llama", Target("first", 70), Target("second", 30), fallback=(on["claude"], on["long"])
        ),
        asking("sort", "llama", "second", retries=1),
        asking("draft", "writer", "long", fallback=(on["first"], on["claude"]), retries=0),
    )
    bound = PolicyBoundary(enforcement="required", jurisdictions=(law,))
    return with_parts(backends, *(replace(kind, data_boundary=bound) for kind in kinds))


def sticking(*also: PolicyClass, prompt_cache: PromptCache | None = None) -> Policy:
    """A name that four deployments answer, where prompts are to go to the one that has read them."""
    backends = tuple(own(name, "llama") for name in ("a", "b", "c", "d", "other"))
    kind = asking("chat", "llama", "a", "b", "c", "d", affinity="prefix", prompt_cache=prompt_cache)
    return with_parts(backends, kind, *also)


def written(policy: Policy) -> str:
    text = emission_of("litellm", policy, None).files["litellm.yaml"]
    assert faults_in(yaml.safe_load(text)) == ()
    return text


def by_key(key: str, tag: str | None = None) -> dict[str, Any]:
    """A request of the application that has this key."""
    return {**HELD, "metadata": {"user_api_key_hash": key, **({"tags": [tag]} if tag else {})}}


def by_prefix(number: int, question: int) -> dict[str, Any]:
    """A request whose caller marks its prefix to be kept, and has no key."""
    text = f"{number} " + "word " * 1100  # what is shorter is not kept anywhere
    system = [{"type": "text", "text": text, "cache_control": {"type": "ephemeral"}}]
    asked = {"role": "user", "content": f"{question}"}
    return {"model": "llama", "messages": [{"role": "system", "content": system}, asked]}


def with_a_deployment_far_away(text: str) -> str:
    """A file that somebody changed."""
    config = yaml.safe_load(text)
    far = json.loads(json.dumps(config["model_list"][0]))
    far["litellm_params"]["region_name"] = "us-east-1"
    far["model_info"]["id"] = "far"
    return yaml.safe_dump({**config, "model_list": [*config["model_list"], far]})


KEYS = [by_key(f"key {number}") for _ in range(10) for number in range(8)]
PREFIXES = [by_prefix(number, question) for question in range(4) for number in range(8)]
OF_BOTH = [by_key("k", tag) for _ in range(5) for tag in ("sort", "chat", None, "unheard-of")]


@pytest.fixture(scope="module")
def seen(repository: Path) -> Runs:
    """What one process saw of all that is asked in this file."""
    sort = asking("sort", "llama", "other", lane="second")
    keeps = PromptCache(keep="5m", until="system")
    lanes = with_parts(
        (own("gpu", "llama"), own("other", "llama"), bought("openai", "gpt-4.1")),
        asking("chat", "llama", "gpu"),
        sort,
        asking("paid", "gpt-4.1", "gpt-4.1"),
    )
    told = [
        {**HELD, "metadata": {"tags": ["chat"]}},
        {**HELD, "metadata": {"tags": ["sort"]}},
        {**HELD, "metadata": {"tags": ["sort"]}, "priority": -100},
        {**HELD, "model": "gpt-4.1"},
    ]
    asked = {
        "residency": [
            *([written(resident(law)), EACH] for law in REGIONS),
            [with_a_deployment_far_away(written(resident("eu"))), 50],
        ],
        "answered_by": [
            [written(sticking()), KEYS],
            [written(sticking(prompt_cache=keeps)), PREFIXES],
            [written(sticking(sort)), OF_BOTH],
        ],
        "headers": [[written(lanes), told]],
    }
    said = said_by(validator(repository, "litellm"), SERVE, json.dumps(asked))
    found: Runs = json.loads(said.splitlines()[-1])
    return found


def outside(text: str, law: str, attempts: dict[str, int]) -> int:
    """How many of the calls that were sent went out of the jurisdiction, failed ones too: they carry the data."""
    regions = {
        each["model_info"]["id"]: each["litellm_params"]["region_name"]
        for each in yaml.safe_load(text)["model_list"]
    }
    return sum(count for name, count in attempts.items() if LAW[regions[name]] != law)


@pytest.mark.parametrize("law", list(REGIONS))
def test_a_thousand_requests_stay_where_they_may_be_whatever_fails(seen: Runs, law: str) -> None:
    text = written(resident(law))
    found = seen["residency"][list(REGIONS).index(law)]
    config = yaml.safe_load(text)
    assert 0.8 * EACH < found["answered"] < EACH, "where all fail in turn a request is refused"
    assert sum(found["attempts"].values()) > EACH, "nothing was tried again"
    assert outside(text, law, found["attempts"]) == 0
    assert set(found["attempts"]) == {each["model_info"]["id"] for each in config["model_list"]}, (
        "none is spared"
    )
    assert found["cooled"], "none rested"
    lists = ("fallbacks", "context_window_fallbacks", "content_policy_fallbacks")
    rules = [
        (name, *rule) for name in lists for each in config["router_settings"][name] for rule in each.items()
    ]
    assert {(group, other) for _, group, others in rules for other in others} == {
        (group, other) for group, other, _ in found["moved"]
    }
    assert {cause for _, _, cause in found["moved"]} == {
        "content_policy", "context_window", "error", "overload", "timeout",
    }  # fmt: skip


def test_a_deployment_elsewhere_would_have_been_found_out(seen: Runs) -> None:
    text = with_a_deployment_far_away(written(resident("eu")))
    assert outside(text, "eu", seen["residency"][2]["attempts"]) > 0


def test_one_proxy_is_not_written_for_two_boundaries() -> None:
    eu, uk = resident("eu"), resident("uk")
    names = {each.id: f"uk-{each.id}" for each in uk.backends}
    moved = [
        replace(
            kind,
            id=f"uk-{kind.id}",
            placement=replace(
                kind.placement,
                targets=tuple(replace(each, backend=names[each.backend]) for each in kind.placement.targets),
                fallback=tuple(
                    replace(each, backend=names[each.backend]) for each in kind.placement.fallback
                ),
            ),
        )
        for kind in uk.classes
    ]
    backends = (*eu.backends, *(replace(each, id=names[each.id]) for each in uk.backends))
    with pytest.raises(InfeasibleError):
        emission_of("litellm", with_parts(backends, *eu.classes, *moved), None)


@pytest.mark.parametrize(
    ("run", "requests", "many"), [(0, KEYS, 8), (1, PREFIXES, 8)], ids=["keys", "prefixes"]
)
def test_one_prefix_goes_to_one_deployment_and_others_to_others(
    seen: Runs, run: int, requests: list[Any], many: int
) -> None:
    answered = seen["answered_by"][run]
    places = {number: set(answered[number::many]) for number in range(many)}
    assert len(answered) == len(requests)
    assert {len(each) for each in places.values()} == {1}
    assert len(set().union(*places.values())) >= 2, "all went to one"


def test_a_caller_of_two_classes_of_a_name_is_answered_in_both(seen: Runs) -> None:
    served = seen["answered_by"][2]
    assert set(served[0::4]) == {"llama@other:sort"}
    for place in (1, 2, 3):
        assert set(served[place::4]) <= {f"llama@{name}" for name in "abcd"}


def test_engines_are_told_the_lane_and_a_caller_s_own_number_is_not_passed_on(seen: Runs) -> None:
    (sent,) = seen["headers"]
    assert [each["headers"].get("x-vllm-priority") for each in sent] == ["0", "1", "1", None]
    assert not any("priority" in each["body"] for each in sent)
