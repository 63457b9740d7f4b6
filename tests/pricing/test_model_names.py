"""A name of a provider or a model is resolved where that is certain, and a hint never names another model."""

from __future__ import annotations

import re
from datetime import date

import numpy as np
import pytest
from genai_prices import data_snapshot

from costctl.documents.price_settings import PriceSettings, Rate
from costctl.pricing.billing_rules import billing_rule_rows
from costctl.pricing.model_names import Found, NotFound, find_model
from costctl.pricing.own_rates import Asked
from costctl.pricing.price_hints import nearest_model
from costctl.pricing.prices import book_models, priced
from costctl.pricing.provider_names import provider_id, same_provider, spellings
from tests.pricing.price_rows import price_gap_rows
from tests.pricing.test_service_tiers import models

DAY = date(2026, 11, 20)
PROVIDERS = {each.id for each in data_snapshot.get_snapshot().providers}


# -- providers


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        # gen_ai.provider.name, https://opentelemetry.io/docs/specs/semconv/gen-ai
        ("x_ai", "x-ai"), ("gcp.gen_ai", "google"), ("gcp.vertex_ai", "google"), ("gcp.gemini", "google"),
        ("aws.bedrock", "aws"), ("azure.ai.openai", "azure"),
        ("azure.ai.inference", "azure"), ("mistral_ai", "mistral"),
        ("az.ai.openai", "azure"), ("az.ai.inference", "azure"), ("xai", "x-ai"), ("vertex_ai", "google"),
        # llm.provider and llm.system, https://github.com/Arize-ai/openinference
        ("mistralai", "mistral"), ("vertexai", "google"), ("aws", "aws"),
        # custom_llm_provider, https://docs.litellm.ai/docs/providers
        ("bedrock", "aws"), ("bedrock_converse", "aws"), ("azure_ai", "azure"), ("together_ai", "together"),
        ("fireworks_ai", "fireworks"), ("text-completion-openai", "openai"),
        ("gemini", "google"), ("cohere_chat", "cohere"),
        # ai.model.provider, https://ai-sdk.dev/providers
        ("openai.responses", "openai"),
        ("google.generative-ai", "google"), ("google.vertex.anthropic.messages", "google"),
        ("amazon-bedrock", "aws"), ("azure-openai.chat", "azure"),
        ("togetherai.chat", "together"), ("xai.chat", "x-ai"),
        # gen_ai.system of Pydantic AI
        ("google-gla", "google"), ("google-vertex", "google"), ("MoonshotAI", "moonshotai"),
    ],
)  # fmt: skip
def test_a_provider_that_is_spelt_otherwise_is_known(written: str, meant: str) -> None:
    assert provider_id(written) == meant
    assert same_provider(written, meant)


def test_every_spelling_is_of_a_provider_of_the_book_and_of_one_alone() -> None:
    for provider in PROVIDERS:
        assert {provider_id(name) for name in spellings(provider)} == {provider}


@pytest.mark.parametrize(
    "written",
    [
        "vllm",
        "self_hosted",
        "my-openai-proxy",
        "openai-compatible",
        "vertex-like",
        "ollama",
        "tgi",
        "bedrock-mock",
    ],
)
def test_a_provider_that_only_sounds_like_one_of_the_book_is_named_as_the_reason(written: str) -> None:
    assert provider_id(written) is None
    assert price_gap_rows(models("gpt-4o", provider=written))["reason"].to_list() == [
        f"no price for gpt-4o: the provider {written} is not in the price book"
    ]


def test_billing_rules_and_own_rates_know_the_same_spellings() -> None:
    rules = billing_rule_rows({"azure": {"timeout": "not_billed"}})
    by_name = {
        (provider, outcome): rule
        for provider, outcome, rule in rules.select("provider", "outcome", "billing_rule").iter_rows()
    }
    for name in ("azure", "azure.ai.openai", "az.ai.inference", "azure_ai"):
        assert by_name[name, "content_filter_input"] == "billed"
        assert by_name[name, "timeout"] == "not_billed"
    assert by_name["gcp.vertex_ai", "server_error"] == "not_billed"
    own = PriceSettings(rates=(Rate(provider="azure", model="gpt-4o", input=7.0),))
    asked = Asked("azure.ai.openai", "gpt-4o", DAY)
    assert priced(own, asked).source == "own rates: gpt-4o"


# -- models

CLAUDE = "regional.anthropic.claude-3-5-sonnet-20241022-v2:0"
REGIONAL = "regional.anthropic.claude-sonnet-4-5-20250929-v1:0"
BEDROCK = "arn:aws:bedrock:eu-west-1:123456789012"


@pytest.mark.parametrize(
    ("provider", "model", "meant"),
    [
        ("openai", "openai/gpt-4o", ("openai", "gpt-4o")),
        ("openai", "gpt-4.1-nano-2026-10-01", ("openai", "gpt-4.1-nano")),  # a snapshot newer than the book
        ("mistral", "mistral/mistral-large-latest", ("mistral", "mistral-large")),
        ("gcp.gen_ai", "models/gemini-2.5-pro", ("google", "gemini-2.5-pro")),
        ("google.vertex.chat", "gemini-2.5-flash@latest", ("google", "gemini-2.5-flash")),
        ("vertex_ai", "publishers/anthropic/models/claude-sonnet-4-5@20250929", ("google", "claude-sonnet-4-5")),
        ("google", "projects/p/locations/eu/publishers/google/models/gemini-2.5-pro", ("google", "gemini-2.5-pro")),
        ("aws.bedrock", "anthropic.claude-3-5-sonnet-20241022-v2:0", ("aws", CLAUDE)),
        ("bedrock", "us.anthropic.claude-sonnet-4-5-20250929-v1:0", ("aws", REGIONAL)),
        ("bedrock", "bedrock/converse/us.anthropic.claude-sonnet-4-5-20250929-v1:0", ("aws", REGIONAL)),
        ("bedrock", "bedrock/us-east-1/anthropic.claude-3-5-sonnet-20241022-v2:0", ("aws", CLAUDE)),
        ("aws", f"{BEDROCK}:inference-profile/us.anthropic.claude-sonnet-4-5-20250929-v1:0", ("aws", REGIONAL)),
        (None, f"{BEDROCK}:foundation-model/anthropic.claude-3-5-sonnet-20241022-v2:0", ("aws", CLAUDE)),
        ("azure", "azure/gpt-4o", ("azure", "gpt-4o")),
        ("openrouter", "openrouter/openai/gpt-4o", ("openrouter", "openai/gpt-4o")),
        ("openrouter", "deepseek/deepseek-r1:free", ("openrouter", "deepseek/deepseek-r1:free")),
        ("litellm", "mistral/mistral-small-latest", ("mistral", "mistral-small-latest")),
        ("fireworks_ai", "accounts/fireworks/models/llama-v3p1-8b-instruct", ("fireworks", "llama-v3p1-8b-instruct")),
    ],
)  # fmt: skip
def test_what_platforms_write_around_a_name_is_taken_off(
    provider: str | None, model: str, meant: tuple[str, str]
) -> None:
    found = find_model(provider, model)
    assert isinstance(found, Found)
    assert (found.provider.id, found.model.id) == meant


def test_who_sells_decides_and_not_who_made_the_model() -> None:
    assert isinstance(find_model("anthropic", "us.anthropic.claude-sonnet-4-5-20250929-v1:0"), NotFound)
    assert isinstance(find_model("openai", "azure/gpt-4o"), NotFound)
    assert isinstance(find_model("azure", "my-gpt-4o-deployment"), NotFound)


@pytest.mark.parametrize(
    "kind", ["application-inference-profile", "provisioned-model", "imported-model", "custom-model"]
)
def test_an_arn_that_names_no_model_is_said_to_need_resolving(kind: str) -> None:
    arn = f"{BEDROCK}:{kind}/claude-sonnet-4-6"
    (reason,) = price_gap_rows(models(arn, provider="aws.bedrock"))["reason"]
    assert reason == (
        f"no price for {arn}: {kind.replace('-', ' ')} names no model; say which it stands for: "
        f'[prices.aliases] "{arn}" = "aws/…"'
    )
    own = PriceSettings(aliases={arn: "aws/eu.anthropic.claude-sonnet-4-6"})
    assert priced(own, Asked("aws.bedrock", arn, DAY)).is_known


def test_a_route_whose_price_is_that_of_whoever_is_chosen_has_none() -> None:
    found = find_model("openrouter", "openai/gpt-4o:nitro")
    assert isinstance(found, NotFound)
    assert found.why == "its price depends on the provider it was routed to"


# -- hints


@pytest.mark.parametrize(
    ("provider", "model"),
    [
        ("vllm", "llama-3.3-70b-instruct"),
        (None, "llama-3.3-70b-instruct"),
        ("openai", "codex-auto-review"),
        ("openai", "gpt-5.9-mini"),
        ("openai", "gpt-4o-mini-prod"),
        ("mistral", "mistral-large-2"),
        ("openai", "gpt-3.5-turbo-instruckt-16k"),
        ("anthropic", "claude-sonnet-4-7"),
        ("groq", "llama-3.3-8b-versatile"),
    ],
)
def test_a_name_of_another_model_is_not_told(provider: str | None, model: str) -> None:
    assert nearest_model(provider, model) is None


@pytest.mark.parametrize(
    ("provider", "model", "meant"),
    [
        ("openai", "gpt-4o-mnii", "openai/gpt-4o-mini"),
        (None, "gpt-4o-mnii", "openai/gpt-4o-mini"),
        ("anthropic", "claude-sonet-4-5", "anthropic/claude-sonnet-4-5"),
        ("anthropic", "claude-4-5-sonnet", "anthropic/claude-sonnet-4-5"),
        ("gcp.gen_ai", "gemini-2.5-flsh", "google/gemini-2.5-flash"),
        ("openrouter", "anthropic/claude-sonnet-4-5", "openrouter/anthropic/claude-sonnet-4.5"),
        ("groq", "llama-3.3-70b-versatil", "groq/llama-3.3-70b-versatile"),
    ],
)
def test_a_name_that_is_misspelt_is_told_as_it_is_spelt(provider: str | None, model: str, meant: str) -> None:
    assert nearest_model(provider, model) == meant


def test_no_hint_crosses_maker_family_size_or_kind() -> None:
    """Over every name of the book, mutated: a hint says the same numbers, and the same words but for one of which the
    price book has never heard.
    """
    rng = np.random.default_rng(3)
    book = book_models()
    words = sorted({word for _, name in book for word in re.findall(r"[a-z]+", name.lower())})
    known = set(words)
    told = 0
    for provider, name in book:
        for mutate in (_misspell, _swap_word, _change_number, _drop_part, _reorder):
            mutated = mutate(name, words, rng)
            hint = nearest_model(provider, mutated)
            if hint is None:
                continue
            told += 1
            assert hint.split("/")[0] == provider
            meant = hint.split("/", 1)[1]
            assert _numbers(meant) == _numbers(mutated), (mutated, hint)
            other = set(_words(mutated)) - set(_words(meant))
            assert not (other & known) and len(other) <= 1, (mutated, hint)
    assert told > 500


def _words(name: str) -> list[str]:
    says_nothing = {
        "latest",
        "hf",
        "anthropic",
        "openai",
        "google",
        "meta",
        "mistralai",
        "amazon",
        "model",
        "models",
    }
    return [
        each for each in re.findall(r"[a-z]+", name.rpartition("/")[2].lower()) if each not in says_nothing
    ]


def _numbers(name: str) -> list[str]:
    undated = re.sub(
        r"(?<!\d)20\d\d[-.]?(0[1-9]|1[0-2])[-.]?(0[1-9]|[12]\d|3[01])(?!\d)", "", name.rpartition("/")[2]
    )
    return re.findall(r"\d+", undated)


def _misspell(name: str, _words: list[str], rng: np.random.Generator) -> str:
    at = int(rng.integers(0, len(name)))
    return name[:at] + "q" + name[at + 1 :]


def _swap_word(name: str, words: list[str], rng: np.random.Generator) -> str:
    own = re.findall(r"[a-z]{3,}", name)
    return name.replace(str(rng.choice(own)), str(rng.choice(words))) if own else name


def _change_number(name: str, _words: list[str], rng: np.random.Generator) -> str:
    return re.sub(r"\d+", lambda found: str(int(found[0]) + int(rng.integers(0, 2))), name)


def _drop_part(name: str, _words: list[str], rng: np.random.Generator) -> str:
    parts = name.split("-")
    at = int(rng.integers(0, len(parts)))
    return "-".join(parts[:at] + parts[at + 1 :]) or name


def _reorder(name: str, _words: list[str], rng: np.random.Generator) -> str:
    parts = name.split("-")
    rng.shuffle(parts)
    return "-".join(parts)
