"""Is what a class buys kept where, and as long as, its data may be? Prompt caches, batches and caches of answers.

In: a class of a policy, its backends. Out: what breaks its required boundary, setting by setting; and the class without
that. What a backend keeps of every call is not bought: ``costctl/levers/boundary.py`` counts it to the place.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from msgspec.structs import replace

from costctl.documents.policy import Backend, PolicyBoundary, PolicyClass, PromptCache
from costctl.levers.boundary import longest_answer_us, reason_kept

Bought = Literal["prompt_cache", "service_tier", "response_cache"]


@dataclass(frozen=True, slots=True)
class Broken:
    """A setting of a class that breaks its boundary. backend: where; None for a cache of answers.  reason: a clause."""

    setting: Bought
    backend: str | None
    reason: str


def broken_by(kind: PolicyClass, backends: Mapping[str, Backend]) -> Iterator[Broken]:
    """What the class buys that would be kept outside of its boundary, if that is required."""
    boundary = kind.data_boundary
    if boundary is None or boundary.enforcement != "required":
        return
    keep = None if kind.prompt_cache is None else kind.prompt_cache.keep
    for backend in _reached(kind, backends):
        cached = reason_kept(boundary, backend, keep=keep)
        if cached is not None:
            yield Broken("prompt_cache", backend.id, cached)
        waiting = reason_kept(boundary, backend, keep="none", tier=kind.service_tier)
        if waiting is not None:
            yield Broken("service_tier", backend.id, waiting)
    longest_us = longest_answer_us(boundary)
    ttl_us = 0 if kind.response_cache is None else kind.response_cache.ttl_us or 0
    if longest_us is not None and ttl_us > longest_us:
        allowed = "none may be" if longest_us == 0 else "that is longer than they may be"
        yield Broken("response_cache", None, f"its answers are kept, and {allowed}")


def without_broken(
    kind: PolicyClass, backends: Mapping[str, Backend], why: str
) -> tuple[PolicyClass, tuple[Broken, ...]]:
    """The class without what breaks its boundary, prompts kept only where they may be; and what was taken out. why: the
    evidence of its boundary.
    """
    broken = tuple(broken_by(kind, backends))
    settings = {each.setting for each in broken}
    reasons = {pointer: ids for pointer, ids in kind.why.items() if pointer.split("/")[1] not in settings}
    changes: dict[str, object] = dict.fromkeys(settings)
    if "prompt_cache" in settings:
        changes["prompt_cache"] = PromptCache(keep="none")
        reasons["/prompt_cache/keep"] = (why,)
    is_asked = {"prompt_cache": kind.prompt_cache, "service_tier": kind.service_tier}
    lost = tuple(each for each in broken if is_asked.get(each.setting, kind.response_cache) is not None)
    return replace(kind, why=reasons, **changes) if broken else kind, lost


def relies_on_calls(boundary: PolicyBoundary, kind: PolicyClass, backends: Mapping[str, Backend]) -> bool:
    """Whether the class is within its boundary only because its calls do not ask for prompts to be kept."""
    return any(reason_kept(boundary, each) is not None for each in _reached(kind, backends))


def _reached(kind: PolicyClass, backends: Mapping[str, Backend]) -> Iterable[Backend]:
    names = [
        *(each.backend for each in kind.placement.targets),
        *(each.backend for each in kind.placement.fallback),
    ]
    return [backends[name] for name in names if name in backends]
