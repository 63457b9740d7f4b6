"""What does a scenario make of today's rules? Assignments applied one after the other; nothing is replayed here.

In: a platform, assignments. Out: the platform as it would be, and each setting that differs, before and after.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from costctl.errors import UsageError
from costctl.scenario.rules import ClassRules, Platform, PoolRules
from costctl.scenario.settings_table import SETTINGS, Assignment, Setting, Value, key_of, setting_named


@dataclass(frozen=True, slots=True)
class RuleChange:
    """A setting that differs from today's. Values in the unit of the rules."""

    setting: Setting
    subject: str
    before: Value
    after: Value

    @property
    def key(self) -> str:
        """Such as pool.gpu.replicas."""
        return key_of(self.setting, self.subject)


def changed(today: Platform, assignments: Iterable[Assignment]) -> Platform:
    """The platform after these assignments, the later over the earlier. Raises UsageError where one cannot hold."""
    platform = today
    for assignment in assignments:
        for each in _on_pools(platform, assignment):
            platform = _with(platform, each)
    return platform


def differences(before: Platform, after: Platform) -> tuple[RuleChange, ...]:
    """Each setting that differs, pools first, by name, in the order of the table."""
    found = []
    for setting in SETTINGS:
        rules = after.pools if setting.owner == "pool" else after.classes
        for subject in sorted(rules):
            old, new = value_of(before, setting, subject), value_of(after, setting, subject)
            if old != new and _has(after, setting, subject):
                found.append(RuleChange(setting, subject, old, new))
    return tuple(found)


def value_of(platform: Platform, setting: Setting, subject: str) -> Value:
    """What the setting of this pool or class is."""
    rules: PoolRules | ClassRules = (
        platform.pools[subject] if setting.owner == "pool" else platform.classes[subject]
    )
    value: Value = getattr(rules, setting.field, None)
    return value


def _has(platform: Platform, setting: Setting, subject: str) -> bool:
    """Whether a pool has the setting; classes have all."""
    return (
        setting.owner == "class"
        or setting.discipline is None
        or platform.pools[subject].discipline == setting.discipline
    )


def _on_pools(platform: Platform, assignment: Assignment) -> list[Assignment]:
    """The assignment; the batch window of a class is the one of the pools that serve it."""
    setting = assignment.setting
    if (setting.owner, setting.name) != ("class", "batch.window"):
        return [assignment]
    pools = platform.classes[assignment.subject].pools
    of_pool = setting_named("pool", "batch.window")
    serving = [name for name in pools if platform.pools[name].discipline == "static"]
    if not serving:
        raise UsageError(
            f"Cannot use {assignment.source}.",
            why=f"{assignment.subject} is served by {', '.join(pools)}, where a call joins at the next step: "
            "the batch window is 0 by nature.",
            next_step=f"The lever there is pool.{pools[0]}.max_num_seqs.",
        )
    return [Assignment(of_pool, name, assignment.value, assignment.source) for name in serving]


def _with(platform: Platform, assignment: Assignment) -> Platform:
    setting, subject = assignment.setting, assignment.subject
    if not _has(platform, setting, subject):
        other = "max_num_seqs" if setting.name.startswith("batch") else "batch.size"
        raise UsageError(
            f"Cannot use {assignment.source}.",
            why=f"The pool {subject} "
            + (
                "batches continuously, so that it has no batches to wait for."
                if setting.discipline == "static"
                else "serves whole batches, so that it decodes no sequences."
            ),
            next_step=f"The lever there is pool.{subject}.{other}.",
        )
    if setting.field == "pools":
        return _moved(platform, assignment)
    value: dict[str, Any] = {setting.field: assignment.value}
    if setting.owner == "pool":
        return replace(platform, pools={**platform.pools, subject: _grown(platform.pools[subject], value)})
    return replace(
        platform, classes={**platform.classes, subject: replace(platform.classes[subject], **value)}
    )


def _grown(rules: PoolRules, value: dict[str, Any]) -> PoolRules:
    """The pool with the value. Another number of replicas needs a rule that gives them calls."""
    new = replace(rules, **value)
    if new.replicas != rules.replicas and new.dispatch == "recorded":
        return replace(new, dispatch="least_outstanding")
    return new


def _moved(platform: Platform, assignment: Assignment) -> Platform:
    """The class on these pools; calls that are served in another way, such as embeddings, stay where they are."""
    rules = platform.classes[assignment.subject]
    used = {platform.pools[name].discipline for name in rules.pools}
    asked = assignment.value if isinstance(assignment.value, tuple) else ()
    named = [name for name in asked if platform.pools[name].discipline in used]
    ways = {platform.pools[name].discipline for name in named}
    staying = [name for name in rules.pools if platform.pools[name].discipline not in ways]
    if not named:
        raise UsageError(
            f"Cannot use {assignment.source}.",
            why=f"{assignment.subject} is served by {', '.join(rules.pools)}, which serves in another way "
            "(whole batches, or step by step) than the pool named.",
            next_step="Name a pool that serves in the same way.",
        )
    pools = tuple(sorted({*staying, *named}))
    return replace(platform, classes={**platform.classes, assignment.subject: replace(rules, pools=pools)})
