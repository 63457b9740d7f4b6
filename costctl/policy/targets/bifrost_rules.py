"""Where does Bifrost send a class's calls? Routing rules, in the order of the classes.

In: a policy, its providers. Out: rules as plain dicts: the first whose expression (CEL) holds chooses a target by
weight, and the fallbacks in their order. A rule whose expression does not compile is passed over in silence, so that
texts are written as CEL has them.
https://docs.getbifrost.ai/providers/routing-rules
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from costctl.documents.policy import Match, Operation, Policy, PolicyClass
from costctl.policy.targets.bifrost_providers import Upstream
from costctl.policy.targets.kube_names import labels_of
from costctl.policy.targets.origin import origin_lines

Json = dict[str, Any]
_DEFAULT: Final = "everything-else"
_DIGITS: Final = 9  # of a weight, as a part of 1
# What Bifrost calls an operation; a stream has a name of its own where its kind is not told apart.
_REQUEST_TYPES: Final[Mapping[Operation, tuple[str, ...]]] = {
    "chat": ("chat_completion", "chat_completion_stream", "responses", "responses_stream"),
    "completion": ("text_completion", "text_completion_stream"),
    "embedding": ("embedding",),
    "rerank": ("rerank",),
}


def rules_of(policy: Policy, upstreams: Sequence[Upstream], consumer: str) -> list[Json]:
    """The rules; the last takes what no other does, and says where the file comes from."""
    labels = labels_of([kind.id for kind in policy.classes], frozenset({_DEFAULT}))
    default = next(kind for kind in policy.classes if kind.id == policy.default_class)
    named = [(labels[kind.id], kind, kind.match) for kind in policy.classes]
    if default.match == Match():  # what is behind it gets nothing
        named = named[: policy.classes.index(default) + 1]
    else:
        named.append((_DEFAULT, default, Match()))
    by_backend = {backend.id: each for each in upstreams for backend in each.backends}
    models = {backend.id: backend.model for backend in policy.backends}
    rules = [
        _rule(label, place, kind, expression(match), by_backend, models)
        for place, (label, kind, match) in enumerate(named)
    ]
    rules[-1]["description"] = " ".join(origin_lines(policy, "bifrost", consumer))
    return rules


def expression(match: Match) -> str:
    """The match in CEL. To ask for a header that is not there is an error, so that each is looked for first."""
    parts = [
        f"{_text(header.name)} in headers && headers[{_text(header.name)}] == {_text(header.value)}"
        for header in match.headers
    ]
    if match.operation is not None:
        kinds = [name for each in match.operation for name in _REQUEST_TYPES[each]]
        parts.append(_is_one_of("request_type", kinds))
    if match.model is not None:
        parts.append(_is_one_of("model", match.model))
    return " && ".join(parts) or "true"


def weights(parts: Sequence[int]) -> list[float]:
    """Parts of 1 that add up to it. parts: weights of a policy, above 0."""
    total = sum(parts)
    found = [max(round(each / total, _DIGITS), 10**-_DIGITS) for each in parts]
    largest = max(range(len(found)), key=found.__getitem__)
    found[largest] = round(1 - sum(found[:largest]) - sum(found[largest + 1 :]), _DIGITS)
    return found


def _rule(
    label: str,
    place: int,
    kind: PolicyClass,
    condition: str,
    by_backend: Mapping[str, Upstream],
    models: Mapping[str, str | None],
) -> Json:
    targets = [target for target in kind.placement.targets if target.weight]
    shares = weights([target.weight for target in targets])
    only = targets[0].backend if len(targets) == 1 else None
    after = dict.fromkeys(each.backend for each in kind.placement.fallback if each.backend != only)
    return {
        "id": label,
        "name": label,
        "description": f"The class {kind.id}.",
        "enabled": True,
        "cel_expression": condition,
        "targets": [
            _target(by_backend[target.backend].name, models[target.backend], share)
            for target, share in zip(targets, shares, strict=True)
        ],
        **(
            {"fallbacks": [f"{by_backend[name].name}/{models[name] or ''}" for name in after]}
            if after
            else {}
        ),
        "scope": "global",
        "priority": place,
    }


def _target(provider: str, model: str | None, share: float) -> Json:
    return {"provider": provider, **({} if model is None else {"model": model}), "weight": share}


def _is_one_of(variable: str, values: Sequence[str]) -> str:
    if len(values) == 1:
        return f"{variable} == {_text(values[0])}"
    return f"{variable} in [{', '.join(_text(each) for each in values)}]"


def _text(value: str) -> str:
    """A string of CEL, whose escapes are those of JSON, without halves of characters."""
    return json.dumps(value, ensure_ascii=False)
