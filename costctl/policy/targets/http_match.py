"""How does a gateway see what a request is? By the end of its path, the model that its body names, and its headers.

In: operations of a policy. Out: ends of paths, after the version of the interface.
Sources: https://platform.openai.com/docs/api-reference · https://docs.anthropic.com/en/api/messages ·
https://docs.vllm.ai/en/stable/serving/openai_compatible_server.html (read 2026-11-30)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from costctl.documents.policy import Match, Operation, Policy

PATH_ENDS: Final[Mapping[Operation, tuple[str, ...]]] = {
    "chat": ("/chat/completions", "/messages", "/responses"),
    "completion": ("/v1/completions",),
    "embedding": ("/embeddings",),
    "rerank": ("/rerank",),
}


def path_ends(match: Match) -> tuple[str, ...]:
    """The ends of the paths of the operations that a match takes; none where it takes any."""
    return tuple(end for each in match.operation or () for end in PATH_ENDS[each])


def label_headers(policy: Policy) -> tuple[str, ...]:
    """The headers by which classes are told, sorted."""
    return tuple(sorted({header.name for kind in policy.classes for header in kind.match.headers}))


def reads_body(policy: Policy) -> bool:
    """Whether some class is told by the model that the body names."""
    return any(kind.match.model is not None for kind in policy.classes)
