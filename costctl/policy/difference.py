"""What would change if one policy took the place of another? Setting by setting, in words, what matters most first.

In: two policies. Out: a ``PolicyDifference``. Classes, backends and lanes are compared by their ids; what only tells
where a policy comes from is not. A class that is new, or gone, is one change for each of its settings. Where a class's
backends stand is a setting of its own: data may go elsewhere though no boundary was touched.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from costctl.documents.policy import Backend, Policy, PolicyBoundary, PolicyClass
from costctl.documents.policy_difference import (
    SCHEMA_VERSION,
    Direction,
    Matter,
    PolicyChange,
    PolicyDifference,
    PolicySide,
)
from costctl.policy.checks import check_policy
from costctl.policy.mislabelled import reached_by
from costctl.policy.placed_settings import PlacedSetting, placed_settings
from costctl.policy.pointers import policy_digest
from costctl.policy.setting_words import in_words

_ORDER: Final[tuple[Matter, ...]] = (
    "data boundary",
    "limit",
    "placement",
    "match",
    "order of service",
    "backend",
    "purchase",
    "other",
)
_DIRECTIONS: Final[tuple[Direction, ...]] = ("wider", "narrower", "other")
_PLACES: Final = "places reached"
# What a setting is about, by its name; else a class's is "other", a backend's "backend".
_MATTERS: Final[Mapping[str, Matter]] = {
    "data_boundary": "data boundary",
    _PLACES: "data boundary",
    "region": "data boundary",
    "jurisdiction": "data boundary",
    "boundary": "data boundary",
    "keeps": "data boundary",
    "data_classification": "data boundary",
    "queue.depth": "limit",
    "queue.max_wait_us": "limit",
    "queue.on_timeout": "limit",
    "admission.concurrency": "limit",
    "admission.requests_per_minute": "limit",
    "admission.tokens_per_minute": "limit",
    "max_concurrency": "limit",
    "timeout_us": "limit",
    "retries": "limit",
    "caps.steps": "limit",
    "caps.input_tokens": "limit",
    "caps.output_tokens": "limit",
    "placement.targets": "placement",
    "placement.fallback": "placement",
    "match": "match",
    "lane": "order of service",
    "prompt_cache": "purchase",
    "affinity": "purchase",
    "service_tier": "purchase",
    "response_cache": "purchase",
}


def policy_difference(base: Policy, new: Policy, names: tuple[str, str]) -> PolicyDifference:
    """How the newer policy differs. names: what the two are called."""
    before, after = _settings(base), _settings(new)
    keys = dict.fromkeys((*after, *before))
    differing = [key for key in keys if _value(before, key) != _value(after, key)]
    changes = [_change(key, before.get(key), after.get(key)) for key in differing]
    return PolicyDifference(
        schema_version=SCHEMA_VERSION,
        base=PolicySide(names[0], base.policy_id, policy_digest(base)),
        new=PolicySide(names[1], new.policy_id, policy_digest(new)),
        changes=tuple(sorted(changes, key=_rank)),
        same=len(keys) - len(differing),
        problems=len(check_policy(new)),
    )


def _rank(change: PolicyChange) -> tuple[int, bool, int]:
    """Sorted is stable: of one rank, the order of the policy is kept."""
    return _ORDER.index(change.matter), not change.is_required, _DIRECTIONS.index(change.direction)


def _value(settings: Mapping[tuple[str, str], PlacedSetting], key: tuple[str, str]) -> Any:
    return settings[key].value if key in settings else None


def _settings(policy: Policy) -> dict[tuple[str, str], PlacedSetting]:
    """By what it is of and its name, every setting of the policy, and where the backends of each class stand."""
    places = [
        PlacedSetting(f"class {kind.id}", _PLACES, _places(policy, kind), f"/classes/{number}/placement")
        for number, kind in enumerate(policy.classes)
    ]
    return {(each.of, each.setting): each for each in (*placed_settings(policy), *places)}


def _places(policy: Policy, kind: PolicyClass) -> list[str]:
    """Where the backends stand that the class may reach; what one does not declare is said so."""
    backends = {each.id: each for each in policy.backends}
    return sorted(
        {
            _place(backends[name]) if name in backends else f"{name}, which the policy does not have"
            for name in reached_by(kind)
        }
    )


def _place(backend: Backend) -> str:
    declared = [each for each in (backend.jurisdiction, backend.region, backend.boundary) if each is not None]
    return " ".join(declared) or f"{backend.provider or backend.id}, whose place is not declared"


def _change(key: tuple[str, str], before: PlacedSetting | None, after: PlacedSetting | None) -> PolicyChange:
    of, setting = key
    placed = after or before
    matter = _matter(key, is_of_backend=placed is not None and placed.is_of_backend)
    was, now = (None if each is None else each.value for each in (before, after))
    return PolicyChange(
        matter=matter,
        of=of,
        setting=setting,
        before=None if before is None else in_words(setting, was),
        after=None if after is None else in_words(setting, now),
        direction=_direction(setting, matter, was, now),
        is_required=setting == "data_boundary" and "required" in (_enforcement(was), _enforcement(now)),
        pointer="" if placed is None else placed.pointer,
    )


def _matter(key: tuple[str, str], *, is_of_backend: bool) -> Matter:
    of, setting = key
    if of == "policy":
        return "order of service" if setting in ("lanes", "order of classes", "default_class") else "other"
    return _MATTERS.get(setting, "backend" if is_of_backend else "other")


def _enforcement(value: Any) -> str | None:
    return value.get("enforcement") if isinstance(value, dict) else None


def _direction(setting: str, matter: Matter, before: Any, after: Any) -> Direction:
    if setting == "data_boundary":
        return _boundary_direction(before, after)
    if setting == _PLACES:
        return "narrower" if set(after or ()) < set(before or ()) else "wider"
    if matter == "limit" and setting != "queue.on_timeout":
        most_before, most_after = _most(before), _most(after)
        if most_before is not None and most_after is not None and most_before != most_after:
            return "wider" if most_after > most_before else "narrower"
    return "other"


def _most(value: Any) -> float | None:
    """How much a limit lets in; None where that cannot be compared: of nothing said, the consumer's own holds."""
    if isinstance(value, dict):
        known = {"unlimited": float("inf"), "reject_when_busy": 0.0}
        return known[value["kind"]] if value["kind"] in known else float(value["value"])
    return None if value is None else float(value)


def _boundary_direction(before: Any, after: Any) -> Direction:
    """Wider where data may go somewhere that it might not, or where what was required is only advised."""
    was, now = _boundary(before), _boundary(after)
    wider, narrower = is_wider(was, now), is_wider(now, was)
    if wider:
        return "wider"
    return "narrower" if narrower else "other"


def is_wider(was: PolicyBoundary, now: PolicyBoundary) -> bool:
    """Whether data may go somewhere that it might not, or what was required no longer is."""
    if was.enforcement == "required" != now.enforcement:
        return True
    times = ((was.cacheable_us, now.cacheable_us), (was.retention_us, now.retention_us))
    if any(most is not None and (longer is None or longer > most) for most, longer in times):
        return True
    if (was.logging is False and now.logging is not False) or (was.batch is False and now.batch is not False):
        return True
    return any(
        allowed is not None and (more is None or not set(more) <= set(allowed))
        for allowed, more in (
            (was.regions, now.regions),
            (was.jurisdictions, now.jurisdictions),
            (was.boundaries, now.boundaries),
        )
    )


def _boundary(value: Any) -> PolicyBoundary:
    """None is no boundary: anything is allowed, and nothing required."""
    return PolicyBoundary(enforcement="advisory") if value is None else msgspec.convert(value, PolicyBoundary)
