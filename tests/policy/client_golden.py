"""A policy with every setting of what is bought, at providers of every kind, and the patch for callers that it gives.

``python -m tests.policy.client_golden`` writes client_golden.yaml again: read the difference.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from costctl.documents.policy import (
    Backend,
    Caps,
    HeaderMatch,
    Match,
    Operation,
    Placement,
    Policy,
    PolicyClass,
    PromptCache,
    ResponseCache,
    Target,
)
from costctl.policy.targets.registry import emission_of
from tests.policy.policies import sound_policy

GOLDEN: Final = Path(__file__).with_name("client_golden.yaml")
SOLD: Final = (
    Backend(id="claude", model="claude-sonnet-4-5", provider="anthropic"),
    Backend(id="bedrock", model="anthropic.claude-sonnet-4-5-v1:0", provider="aws.bedrock"),
    Backend(id="vertex", model="claude-sonnet-4-5", provider="gcp.vertex_ai"),
    Backend(id="gpt", model="gpt-4.1", provider="openai"),
    Backend(id="nano", model="gpt-4.1-nano", provider="openai"),
    Backend(id="embedder", model="text-embedding-3-small", provider="openai"),
    Backend(id="azure", model="gpt-4.1", provider="azure.ai.openai"),
    Backend(id="gemini", model="gemini-2.5-flash", provider="gcp.gemini"),
    Backend(id="mistral", model="mistral-large", provider="mistral_ai"),
)
_ASKED: Final = {each.id: each.model for each in SOLD} | {"nano": "gpt-4.1"}


def asking(name: str, backend: str, operation: Operation | None = None, **said: Any) -> PolicyClass:
    """A class at one backend of which the policy says something."""
    places = {
        "prompt_cache": "/prompt_cache",
        "service_tier": "/service_tier",
        "response_cache": "/response_cache",
        "caps": "/caps",
        "retries": "/retries",
        "backoff_us": "/backoff_us",
        "affinity": "/affinity",
    }
    return PolicyClass(
        id=name,
        request_class=name,
        match=Match(
            headers=(HeaderMatch(name="x-request-class", value=name),),
            operation=None if operation is None else (operation,),
            model=(str(_ASKED[backend]),),
        ),
        lane="first",
        placement=Placement(targets=(Target(backend=backend, weight=100),)),
        calls=1000,
        why={"/placement/targets": ("declared",), **{places[each]: ("declared",) for each in said}},
        **said,
    )


def bought_policy() -> Policy:
    """The policy."""
    five, hour = PromptCache("5m", "conversation"), PromptCache("1h", "system")
    classes = (
        asking("agent", "claude", prompt_cache=five, caps=Caps(steps=12, output_tokens=4000), retries=2),
        asking("cached", "claude", prompt_cache=hour),
        asking("uncached", "claude", prompt_cache=PromptCache("none")),
        asking("nightly", "claude", service_tier="batch", prompt_cache=hour),
        asking("aws", "bedrock", prompt_cache=hour, service_tier="flex", retries=1),
        asking("google", "vertex", prompt_cache=five, service_tier="batch"),
        asking("digest", "gpt", service_tier="batch"),
        asking("bulk", "gpt", service_tier="flex", affinity="prefix", prompt_cache=five),
        asking("triage", "nano", caps=Caps(output_tokens=8)),
        asking("faq", "gpt", response_cache=ResponseCache(86_400_000_000)),
        asking("index", "embedder", operation="embedding", service_tier="batch"),
        asking(
            "cloud", "azure", service_tier="priority", affinity="prefix", retries=3, backoff_us=30_000_000
        ),
        asking("tags", "gemini", backoff_us=20_000_000),
        asking("chat", "gemini", service_tier="flex", caps=Caps(output_tokens=500), retries=3),
        asking("other", "mistral", caps=Caps(input_tokens=4000), retries=0, affinity="none"),
    )
    return sound_policy(backends=SOLD, classes=classes, default_class="agent")


def written() -> str:
    """The file."""
    return emission_of("client", bought_policy(), None).files["client.yaml"]


if __name__ == "__main__":
    GOLDEN.write_text(written(), encoding="utf-8")
