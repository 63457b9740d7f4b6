"""LiteLLM's own entries and ours go together: one deployment is one, what is in the way is said, boundaries hold."""

from __future__ import annotations

import pytest

from costctl.documents.policy import Fallback, Policy, Target
from costctl.errors import InfeasibleError, InputError
from costctl.policy.merging.merge import taken_out
from tests.policy.merged import bound_policy, merged, mixed_policy, values
from tests.policy.test_litellm_file import asking, own, with_parts

GPT = """\
model_list:
- model_name: gpt-4o
  litellm_params:
    model: gpt-4o
    api_key: sk-very-secret
    timeout: 60  # long answers
"""
OTHER = "- model_name: other\n  litellm_params: {model: openai/other%s}\n"
WITHIN = "model_list:\n" + OTHER % ", region_name: eu-west-2"


def falling_back() -> Policy:
    return with_parts(
        (own("large", "large"), own("small", "small")),
        asking("chat", "large", "large"),
        asking("sort", "small", "small", fallback=(Fallback(backend="large", on=("error",)),)),
    )


def tagged() -> Policy:
    """Two classes that ask for one name and are served in different ways."""
    return with_parts(
        (own("large", "large"), own("small", "small")),
        asking("chat", "large", "large"),
        asking("sort", "large", "small"),
    )


def why(text: str, policy: Policy | None = None) -> str:
    with pytest.raises(InputError) as refused:
        merged("litellm", text, policy)
    return refused.value.why


def test_a_deployment_that_is_there_is_kept_and_gets_what_the_policy_asks_for() -> None:
    text = GPT.replace("    timeout: 60  # long answers\n", "")
    (gpt,) = [
        each for each in values(merged("litellm", text).text)["model_list"] if each["model_name"] == "gpt-4o"
    ]
    assert gpt == {
        "model_name": "gpt-4o",
        "litellm_params": {"model": "gpt-4o", "api_key": "sk-very-secret", "timeout": 3.0},
    }


def test_a_value_in_the_way_is_refused_by_line_and_kept_as_a_comment_where_ours_may_stand_in_its_place() -> (
    None
):
    said = why(GPT)
    assert (
        "Line 6, model_list[gpt-4o → gpt-4o].litellm_params.timeout is 60, and the policy asks for 3.0."
        in said
    )
    found = merged("litellm", GPT, is_replacing=True)
    assert "#|     timeout: 60  # long answers\n" in found.text
    assert values(found.text)["model_list"][0]["litellm_params"]["timeout"] == 3.0
    assert [each.place for each in found.merged.replaced] == [
        "model_list[gpt-4o → gpt-4o].litellm_params.timeout"
    ]
    assert taken_out(found.text).text == GPT


def test_a_list_that_is_none_is_said_in_short() -> None:
    params = "{model: openai/gpt-4o, api_key: sk-very-secret, api_base: https://gateway.example.com}"
    text = f"model_list:\n  model_name: gpt-4o\n  litellm_params: {params}\n"
    assert why(text) == "Line 1, model_list is a map of 2, and the policy asks for a list of 3."


def test_no_secret_is_ever_said() -> None:
    text = (
        GPT + "router_settings: {redis_url: 'redis://u:pass@h', enable_pre_call_checks: 'http://u:pass@h'}\n"
    )
    said = why(text)
    assert "(masked)" in said
    assert not any(secret in said for secret in ("sk-very-secret", "pass"))


@pytest.mark.parametrize(
    ("added", "said"),
    [
        ("- model_name: gpt-4o\n  litellm_params: {model: azure/gpt-4o}\n", "would send it calls too"),
        (
            "- model_name: gpt-4o\n  litellm_params: {model: openai/gpt-4o}\n",
            "2 entries may be what is meant",
        ),
        ("  model_info: {}\n  model_info: {mode: chat}\n", "stands here again"),
        ("router_settings: {enable_pre_call_checks: false}\n", "enable_pre_call_checks is false"),
        ("router_settings: &r {timeout: 1}\nx: *r\n", "used elsewhere too"),
        ("router_settings: {timeout: 1}\nrouter_settings: {timeout: 2}\n", "stands here again"),
        (
            "- model_name: b\n  litellm_params: {model: openai/b}\n  model_info: {id: large@large}\n",
            "given to several",
        ),
    ],
    ids=["foreign", "ambiguous", "twice", "value", "anchor", "section-twice", "id"],
)
def test_what_cannot_be_merged_is_said(added: str, said: str) -> None:
    assert said in why(GPT.replace("timeout: 60  # long answers", "rpm: 60") + added)


def test_how_deployments_are_chosen_is_the_files_own_unless_weights_count() -> None:
    text = "router_settings:\n  routing_strategy: least-busy\n"
    assert values(merged("litellm", text).text)["router_settings"]["routing_strategy"] == "least-busy"
    split = with_parts(
        (own("large", "large"), own("small", "small")),
        asking("chat", "large", Target("large", 9), Target("small", 1)),
    )
    assert "routing_strategy is least-busy, and the policy asks for simple-shuffle" in why(text, split)


def test_fallbacks_of_the_library_are_not_hidden_by_ours() -> None:
    text = "litellm_settings:\n  fallbacks: [{other: [another]}]\n"
    assert "litellm_settings.fallbacks would no longer count" in why(text, falling_back())
    moved = "router_settings:\n  fallbacks: [{other: [another]}]\n"
    found = values(merged("litellm", moved, falling_back()).text)
    assert found["router_settings"]["fallbacks"] == [{"other": ["another"]}, {"small": ["large"]}]


def test_a_fallback_of_the_same_group_is_in_the_way() -> None:
    assert "fallbacks[small].small is" in why(
        "router_settings:\n  fallbacks:\n  - small: [b]\n", falling_back()
    )


def test_groups_without_a_default_are_refused_where_classes_are_told_by_tags() -> None:
    other = "model_list:\n" + OTHER % ""
    assert "The group other has no deployment for requests without a tag." in why(other, tagged())
    assert merged("litellm", "model_list:\n" + OTHER % ", tags: [default]", tagged()).merged.blocks


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("model_list:\n" + OTHER % "", "its jurisdiction is not declared"),
        ("include: [more.yaml]\n", "other files are read too"),
        ("general_settings: {store_model_in_db: true}\n", "models of a database"),
        ("general_settings: {pass_through_endpoints: [{path: /x}]}\n", "passed on besides"),
        ("litellm_settings: {success_callback: [langfuse]}\n", "logged elsewhere"),
        ("litellm_settings: {cache: true, cache_params: {type: redis}}\n", "answers are kept elsewhere"),
        ("guardrails: [{guardrail_name: a}]\n", "checked elsewhere"),
    ],
    ids=["deployment", "include", "database", "passed-on", "logs", "cache", "guardrails"],
)
def test_a_file_that_would_not_keep_a_required_boundary_is_refused(text: str, said: str) -> None:
    with pytest.raises(InfeasibleError) as refused:
        merged("litellm", text, bound_policy())
    assert said in refused.value.why


def test_what_says_that_it_lies_within_the_boundary_may_stay() -> None:
    by_region = bound_policy(jurisdictions=(), regions=("eu-west-2",))
    settings = "litellm_settings: {callbacks: [prometheus], success_callback: [s3], turn_off_message_logging: true}\n"
    assert merged("litellm", WITHIN + settings, by_region).merged.blocks
    with pytest.raises(InfeasibleError):
        merged("litellm", WITHIN.replace("eu-west-2", "us-east-1"), by_region)


def test_a_deployment_of_a_bound_class_that_says_another_region_is_refused() -> None:
    text = "model_list:\n- model_name: large\n  litellm_params: {model: hosted_vllm/large, region_name: us-east-1}\n"
    with pytest.raises(InfeasibleError):
        merged("litellm", text, bound_policy(jurisdictions=(), regions=("eu-west-2",)))
    assert "region_name is us-east-1" in why(text, mixed_policy())
