"""Why does a policy say what it says? Each setting with the evidence that it names.

In: a policy, and what is asked about: a class, a backend, a setting's pointer, or all. Out: a ``PolicyExplanation``.
"""

from __future__ import annotations

import difflib

from costctl.documents.policy import Backend, Policy, PolicyClass
from costctl.documents.policy_difference import PolicySide
from costctl.documents.policy_explanation import SCHEMA_VERSION, PolicyExplanation, SettingExplained
from costctl.errors import UsageError
from costctl.policy.placed_settings import PlacedSetting, placed_settings
from costctl.policy.pointers import policy_digest
from costctl.policy.setting_words import in_words


def policy_explanation(policy: Policy, asked: str | None, name: str) -> PolicyExplanation:
    """What is asked about, explained. name: of the policy.  Raises UsageError where there is nothing of that name."""
    chosen = _chosen(policy, asked)
    settings = tuple(_explained(policy, each) for each in chosen)
    kinds = _classes_in(policy, chosen)
    named = {fact.id for each in settings for fact in each.facts}
    return PolicyExplanation(
        schema_version=SCHEMA_VERSION,
        policy=PolicySide(name, policy.policy_id, policy_digest(policy)),
        asked=asked,
        settings=settings,
        expected=tuple(each for each in policy.expected if asked is None or each.evidence in named),
        request_classes=tuple(dict.fromkeys(kind.request_class for kind in kinds)),
        advice=tuple(
            dict.fromkeys(
                each.evidence for each in policy.expected if asked is None or each.evidence in named
            )
        ),
    )


def _chosen(policy: Policy, asked: str | None) -> list[PlacedSetting]:
    """The settings that are asked about, in the order of the policy."""
    whole = placed_settings(policy)
    if asked is None:
        return whole
    found = [each for each in whole if asked in (each.of, each.of.partition(" ")[2], each.pointer)]
    found = found or [
        each for each in whole if asked.startswith("/") and f"{each.pointer}/".startswith(f"{asked}/")
    ]
    if not found:
        names = sorted({each.of.partition(" ")[2] for each in whole if " " in each.of})
        nearest = difflib.get_close_matches(asked, names, n=1)
        raise UsageError(
            f"The policy has no class, backend or setting {asked!r}.",
            why=f"Did you mean {nearest[0]}?" if nearest else f"It has: {', '.join(names)}.",
            next_step="Name one of them, or the JSON Pointer of a setting such as /classes/0/queue/depth.",
        )
    return found


def _explained(policy: Policy, each: PlacedSetting) -> SettingExplained:
    facts = {fact.id: fact for fact in policy.evidence}
    return SettingExplained(
        of=each.of,
        setting=each.setting,
        value=in_words(each.setting, each.value),
        facts=tuple(facts[name] for name in _named(policy, each) if name in facts),
        pointer=each.pointer,
    )


def _named(policy: Policy, each: PlacedSetting) -> tuple[str, ...]:
    """Ids of the evidence of a setting: what is said of it and of its parts; where nothing is said of itself, what is
    said of the smallest group that it is in.
    """
    owner = _owner(policy, each)
    if owner is None:
        return ()
    inside = "/" + "/".join(each.pointer.split("/")[3:])
    around = max(
        (place for place in owner.why if f"{inside}/".startswith(f"{place}/")), key=len, default=None
    )
    found = [
        name
        for place, names in owner.why.items()
        if place == around or place.startswith(f"{inside}/")
        for name in names
    ]
    return tuple(dict.fromkeys(found))


def _owner(policy: Policy, each: PlacedSetting) -> PolicyClass | Backend | None:
    parts = each.pointer.split("/")
    if len(parts) < 4:
        return None
    items: tuple[PolicyClass, ...] | tuple[Backend, ...] = (
        policy.classes if parts[1] == "classes" else policy.backends
    )
    return items[int(parts[2])]


def _classes_in(policy: Policy, chosen: list[PlacedSetting]) -> tuple[PolicyClass, ...]:
    names = {each.of for each in chosen}
    return tuple(kind for kind in policy.classes if f"class {kind.id}" in names)
