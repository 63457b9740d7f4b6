"""The patch for callers: every setting in the words of its provider, or why not; read back, it is the policy."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest
import yaml

from costctl.documents.client_patch import ClassPatch, ClientPatch
from costctl.documents.coverage import Approximated, Exact, Unsupported
from costctl.levers.bought_levers import BOUGHT_LEVERS
from costctl.levers.from_policy import from_policy
from costctl.levers.platform import Platform
from costctl.levers.settings import key_of, setting
from costctl.policy.checks import check_policy
from costctl.policy.pointers import leaf_pointers
from costctl.policy.reading import read_yaml
from costctl.policy.targets.client_apis import Api, api_of, apis, words_for
from costctl.policy.targets.registry import emission_of
from tests.policy.client_golden import GOLDEN, SOLD, bought_policy, written
from tests.policy.policies import sound_policy
from tests.policy.validators import said_by, validator

PARAMETERS = """
import inspect, json, openai
from openai.resources.batches import Batches
from openai.resources.chat.completions import Completions
from openai.resources.embeddings import Embeddings
of = lambda made: list(inspect.signature(made).parameters)
print(json.dumps({
    "request": of(Completions.create) + of(Embeddings.create), "client": of(openai.OpenAI.__init__),
    "batch": of(Batches.create),
}))
"""
BY_OPENAI = ("OpenAI Embeddings API", "OpenAI Chat Completions API", "Azure OpenAI API")


def patch_in(text: str) -> ClientPatch:
    return msgspec.convert(read_yaml(text), ClientPatch)


def patches() -> dict[str, ClassPatch]:
    return {each.id: each for each in patch_in(written()).requests}


def test_the_policy_of_the_golden_file_is_sound() -> None:
    assert check_policy(bought_policy()) == ()


def test_the_file_is_as_it_was() -> None:
    assert written() == GOLDEN.read_text(encoding="utf-8")


def test_what_is_read_back_from_the_file_is_what_the_policy_says() -> None:
    said = {each.key: each.value for each in from_policy(bought_policy(), Platform({}, {}))[0]}
    read = {
        key_of(setting("class", name, each.request_class, value).lever, each.request_class): value
        for each in patches().values()
        for name, value in each.settings.items()
    }
    assert read == said


def test_each_setting_is_changed_or_said_not_to_be() -> None:
    for each in patches().values():
        changed = {name for change in each.changes for name in change.settings}
        missing = {it.setting for it in each.not_carried}
        assert changed | missing == set(each.settings), each.id
        assert not changed & missing, each.id


def test_every_value_of_a_policy_is_accounted_for_once() -> None:
    for policy in (bought_policy(), sound_policy()):
        manifest = emission_of("client", policy, None).manifest
        assert [entry.pointer for entry in manifest.entries] == list(leaf_pointers(policy))


def test_the_manifest_tells_what_is_so_what_is_near_and_what_is_not() -> None:
    policy = bought_policy()
    places = {kind.id: number for number, kind in enumerate(policy.classes)}
    found = {entry.pointer: type(entry) for entry in emission_of("client", policy, None).manifest.entries}
    assert found[f"/classes/{places['agent']}/prompt_cache/keep"] is Exact
    assert found[f"/classes/{places['agent']}/caps/steps"] is Approximated
    assert found[f"/classes/{places['faq']}/response_cache/ttl_us"] is Approximated
    assert found[f"/classes/{places['google']}/service_tier"] is Unsupported
    assert found[f"/classes/{places['bulk']}/prompt_cache/until"] is Unsupported


def test_a_policy_that_says_nothing_of_what_is_bought_gives_a_file_that_says_so() -> None:
    text = emission_of("client", sound_policy(), None).files["client.yaml"]
    assert patch_in(text).requests == ()
    assert "# Nothing is to change" in text


def test_kept_up_to_the_conversation_marks_the_system_prompt_too() -> None:
    # A cache holds what a request marked: another conversation finds the system prompt only where it has a mark.
    fields = [change.field for change in patches()["agent"].changes if "prompt_cache" in change.settings]
    assert fields == ["system[-1].cache_control", "messages[-1].content[-1].cache_control"]


def test_three_attempts_are_two_retries_to_an_sdk_that_counts_these() -> None:
    found = patches()
    (retries,) = [each.to for each in found["agent"].changes if each.of == "client"]
    (attempts,) = [each.to for each in found["chat"].changes if each.of == "client"]
    assert (found["agent"].settings["retry.attempts"], retries) == (3, 2)
    assert (found["chat"].settings["retry.attempts"], attempts) == (4, 4)


def test_an_sdk_that_cannot_wait_as_long_attempts_once_and_the_application_does_the_rest() -> None:
    found = patches()
    changes = {(each.of, each.field): each.to for each in found["cloud"].changes}
    assert changes["client", "max_retries"] == 0
    assert changes["application", "calls.least_wait_s"] == 30
    assert changes["application", "calls.most_attempts"] == 4
    waits = {each.field: each.to for each in found["tags"].changes}
    assert waits == {
        "http_options.retry_options.initial_delay": 20,
        "http_options.retry_options.max_delay": 20,
    }


@pytest.mark.parametrize("each", patches().values(), ids=lambda each: each.id)
def test_a_snippet_is_python(each: ClassPatch) -> None:
    lines = each.snippet.replace("    ...\n", "    **OTHERS\n")  # the dots stand for what stays
    compile(lines, each.id, "exec")


def test_every_word_is_of_a_lever_and_says_what_to_set_or_why_not() -> None:
    levers = {lever.name for lever in BOUGHT_LEVERS}
    for api in apis():
        for word in api.words:
            assert set(word.where) <= levers, word
            assert bool(word.why_not) != bool(word.set or word.leave_out), word
            assert word.source.startswith("https://") or api is apis()[-1], word


def test_each_provider_is_asked_by_an_interface_of_its_own() -> None:
    names = {each.id: api_of(each.provider, each.model, None).name for each in SOLD}
    assert names["vertex"] == names["claude"] == "Anthropic Messages API"
    assert names["gemini"] == "Gemini API"
    assert names["mistral"] == "any API"
    assert api_of("openai", "text-embedding-3-small", "embedding").name == "OpenAI Embeddings API"
    assert api_of("cohere", "rerank-3", "rerank").name == "any API"


@pytest.mark.parametrize("api", apis(), ids=lambda api: api.name)
def test_an_interface_never_says_two_things_of_one_field(api: Api) -> None:
    levers = {"prompt_cache": ("none", "5m", "1h"), "service_tier": ("default", "batch", "flex", "priority")}
    others = {
        "prompt_cache.until": "conversation",
        "affinity": "prefix",
        "retry.attempts": 2,
        "retry.wait": 30,
        "loop.steps": 3,
    }
    for caching in levers["prompt_cache"]:
        for tier in levers["service_tier"]:
            said = {**others, "prompt_cache": caching, "service_tier": tier}
            provider = next(iter(api.providers))
            words = [word for word in words_for(api, provider, said) if not word.why_not]
            fields = [(word.at, field) for word in words for field in (*word.set, *word.leave_out)]
            assert len(fields) == len(set(fields))


def test_openais_sdk_takes_the_fields_that_it_is_given(repository: Path) -> None:
    takes = json.loads(said_by(validator(repository, "litellm"), PARAMETERS, ""))
    words = [word for api in apis() if api.name in BY_OPENAI for word in api.words]
    fields = {(word.at, field) for word in words for field in word.set if word.at in takes}
    assert fields
    assert {(at, field) for at, field in fields if field not in takes[at]} == set()


def test_the_same_policy_gives_the_same_bytes_and_yaml_of_plain_values() -> None:
    assert written() == written()
    assert yaml.safe_load(written())["schema_version"] == "costctl.client/v1"
