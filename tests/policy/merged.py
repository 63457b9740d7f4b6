"""What tests say of merged files: with plain readers of their own."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import yaml
from msgspec.structs import replace

from costctl.documents.policy import (
    AtMost,
    Backend,
    HeaderMatch,
    Lane,
    Match,
    Placement,
    Policy,
    PolicyClass,
    Target,
)
from costctl.policy.merging.merge import Merge, merge
from costctl.policy.reading import PlainLoader
from costctl.policy.targets.registry import emission_of, rules_of
from tests.policy.policies import EU_ONLY, sound_policy

BEGIN, END, KEPT = re.compile(r"\s*# >>> costctl \w+[,:].*"), re.compile(r"\s*# <<< costctl\s*"), "#| "


class _AnyTag(PlainLoader):
    """Reads any tag as plain text."""


_AnyTag.add_multi_constructor("!", lambda _, suffix, node: f"!{suffix} {node.value}")


def class_at(name: str, backend: str, **facts: Any) -> PolicyClass:
    """A class that asks for a model of that name and is served at the backend of that name."""
    why = dict.fromkeys(("/lane", "/placement/targets", *(f"/{each}" for each in facts)), ("declared",))
    match = Match(headers=(HeaderMatch(name="x-costctl-class", value=name),), model=(backend,))
    placement = Placement(targets=(Target(backend=backend, weight=100),))
    return PolicyClass(
        id=name, request_class=name, match=match, lane="first", placement=placement, why=why, **facts
    )


def pool(name: str) -> Backend:
    """A pool of one's own in London, with a limit."""
    return Backend(
        id=name,
        model=name,
        pool=name,
        region="eu-west-2",
        jurisdiction="eu",
        batching="continuous",
        replicas=2,
        max_concurrency=AtMost(value=64, scope="per_backend"),
        why={"/max_concurrency": ("declared",)},
    )


def mixed_policy(**changes: Any) -> Policy:
    """Two pools of one's own, and a model that is bought."""
    return sound_policy(
        **{
            "lanes": (Lane(id="first"),),
            "backends": (
                pool("large"),
                pool("small"),
                Backend(id="gpt-4o", model="gpt-4o", provider="openai"),
            ),
            "classes": (
                class_at("chat", "large"),
                class_at("sort", "small", timeout_us=2_000_000),
                class_at("write", "gpt-4o", retries=1, timeout_us=3_000_000),
            ),
            "default_class": "write",
            **changes,
        }
    )


def bound_policy(**boundary: Any) -> Policy:
    """The same pools, without what is bought: all classes are bound to the EU, or to what is said."""
    within = replace(EU_ONLY, **boundary)
    kinds = [class_at(name, backend) for name, backend in (("chat", "large"), ("sort", "small"))]
    bound = tuple(
        replace(kind, data_boundary=within, why={**kind.why, "/data_boundary": ("declared",)})
        for kind in kinds
    )
    return mixed_policy(backends=(pool("large"), pool("small")), classes=bound, default_class="chat")


def merged(target: str, text: str, policy: Policy | None = None, *, is_replacing: bool = False) -> Merge:
    """A policy's settings in a text; those of the mixed policy where none is said."""
    if policy is None and not is_replacing:
        return _of_the_mixed_policy(target, text)
    return _merged(target, text, policy or mixed_policy(), is_replacing)


@cache
def _of_the_mixed_policy(target: str, text: str) -> Merge:
    return _merged(target, text, mixed_policy(), is_replacing=False)


def _merged(target: str, text: str, policy: Policy, is_replacing: bool) -> Merge:
    alone = emission_of(target, policy, None)
    return merge(text, alone.files[alone.main], policy, rules_of(target), is_replacing=is_replacing)


def without_marks(text: str) -> str:
    """What a person would leave who deletes our lines by hand: a slow twin, which looks at lines alone."""
    kept, is_ours, is_open = [], False, False
    for line in text.split("\n"):
        bare = line.rstrip("\r")
        if BEGIN.fullmatch(bare):
            is_ours, is_open = True, is_open or ", at the end of a line" in bare or ", instead of one" in bare
        elif END.fullmatch(bare):
            is_ours = False
        elif is_ours and line.startswith(KEPT):
            kept.append(line[len(KEPT) :])
        elif not is_ours:
            kept.append(line)
    found = "\n".join(kept)
    return found.rstrip("\r\n") if is_open else found


def values(text: str) -> Any:
    """The content, without knowledge of tags."""
    return yaml.load(text, Loader=_AnyTag)


def holds(whole: Any, part: Any) -> bool:
    """Whether all that stands in a part stands in the whole: maps by key, lists in their order."""
    if isinstance(part, dict):
        return (part == {} and whole in ({}, None)) or (
            isinstance(whole, dict)
            and all(key in whole and holds(whole[key], item) for key, item in part.items())
        )
    if isinstance(part, list) and isinstance(whole, list):
        rest = iter(whole)
        return all(any(holds(each, item) for each in rest) for item in part)
    return bool(whole == part) or (part is None and whole in ({}, [])) or part in (None, [], {})
