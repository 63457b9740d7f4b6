"""What do settings make of a platform? Applied one after the other; nothing is replayed here.

In: a platform, settings. Out: the platform as it would be, and each setting that differs, before and after.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from costctl.documents.changes import SettingChange, Value
from costctl.errors import UsageError
from costctl.levers.lever import Lever
from costctl.levers.platform import ClassRules, Platform, PoolRules
from costctl.levers.settings import Setting, change_of
from costctl.levers.table import LEVERS, lever_named
from costctl.levers.weights import weights_of


@dataclass(frozen=True, slots=True)
class Difference:
    """A setting that differs from what it was before."""

    setting: Setting
    before: Value

    @property
    def change(self) -> SettingChange:
        """As documents have it."""
        return change_of(self.setting, self.before)


def applied(today: Platform, settings: Iterable[Setting]) -> Platform:
    """The platform under these settings, the later over the earlier. Raises UsageError where one cannot hold."""
    platform = today
    for each in settings:
        for meant in _on_pools(platform, each):
            platform = _with(platform, meant)
    return platform


def differences(before: Platform, after: Platform) -> tuple[Difference, ...]:
    """Each setting that differs, pools first, in the order of the table, by name."""
    found = []
    for lever in LEVERS:
        for subject in sorted(after.pools if lever.owner == "pool" else after.classes):
            old, new = value_of(before, lever, subject), value_of(after, lever, subject)
            if old != new and has_lever(after, lever, subject):
                found.append(Difference(Setting(lever, subject, new), old))
    return tuple(found)


def value_of(platform: Platform, lever: Lever, subject: str) -> Value:
    """What the setting of this pool or class is; None for no limit, and for what is not set."""
    rules: PoolRules | ClassRules = (
        platform.pools[subject] if lever.owner == "pool" else platform.classes[subject]
    )
    value: Value = getattr(rules, lever.field, None)
    return value


def has_lever(platform: Platform, lever: Lever, subject: str) -> bool:
    """Whether the pool has the lever, by its discipline; classes have all."""
    return (
        lever.owner == "class"
        or lever.discipline is None
        or platform.pools[subject].discipline == lever.discipline
    )


def pools_after(platform: Platform, request_class: str, named: Iterable[str]) -> tuple[str, ...]:
    """The pools of a class that moves to those named: calls that batch in another way than these stay.

    Empty where none of the named pools batches like one that the class uses.
    """
    rules = platform.classes[request_class]
    used = {platform.pools[name].discipline for name in rules.pools}
    taking = [name for name in named if platform.pools[name].discipline in used]
    moved = {platform.pools[name].discipline for name in taking}
    staying = [name for name in rules.pools if platform.pools[name].discipline not in moved]
    return tuple(sorted({*staying, *taking})) if taking else ()


def _on_pools(platform: Platform, each: Setting) -> list[Setting]:
    """The setting; the batch window of a class is the one of the pools that serve it."""
    lever = each.lever
    if (lever.owner, lever.name) != ("class", "batch.window"):
        return [each]
    pools = platform.classes[each.subject].pools
    serving = [name for name in pools if platform.pools[name].discipline == "static"]
    if not serving:
        raise UsageError(
            f"Cannot use {each.source or each.key}.",
            why=f"{each.subject} is served by {', '.join(pools)}, which batches continuously: it has no batch window.",
            next_step=f"Set pool.{pools[0]}.max_num_seqs instead.",
        )
    return [Setting(lever_named("pool", "batch.window"), name, each.value, each.source) for name in serving]


def _with(platform: Platform, each: Setting) -> Platform:
    lever, subject = each.lever, each.subject
    if not has_lever(platform, lever, subject):
        other = "max_num_seqs" if lever.name.startswith("batch") else "batch.size"
        raise UsageError(
            f"Cannot use {each.source or each.key}.",
            why=f"The pool {subject} "
            + (
                "batches continuously: there are no batches to wait for."
                if lever.discipline == "static"
                else "serves static batches: it does not decode sequences step by step."
            ),
            next_step=f"Set pool.{subject}.{other} instead.",
        )
    if lever.field == "pools":
        return _moved(platform, each)
    if lever.field == "pool_weights" and isinstance(each.value, str):
        return _split(platform, each, weights_of(each.value).pools)
    value: dict[str, Any] = {lever.field: each.value}
    if lever.owner == "pool":
        return replace(platform, pools={**platform.pools, subject: _grown(platform.pools[subject], value)})
    return replace(
        platform, classes={**platform.classes, subject: replace(platform.classes[subject], **value)}
    )


def _grown(rules: PoolRules, value: dict[str, Any]) -> PoolRules:
    """The pool with the value. Another number of replicas needs a rule that assigns calls to them."""
    new = replace(rules, **value)
    is_other = new.replicas != rules.replicas or new.schedule != rules.schedule
    if is_other and new.dispatch == "recorded":
        return replace(new, dispatch="least_outstanding")
    return new


def _moved(platform: Platform, each: Setting) -> Platform:
    rules = platform.classes[each.subject]
    pools = pools_after(platform, each.subject, each.value if isinstance(each.value, tuple) else ())
    if not pools:
        raise UsageError(
            f"Cannot use {each.source or each.key}.",
            why=f"{each.subject} is served by {', '.join(rules.pools)}, which batches in another way "
            "(static batches, or continuously) than the pool named.",
            next_step="Name a pool that batches in the same way.",
        )
    return replace(
        platform, classes={**platform.classes, each.subject: replace(rules, pools=pools, pool_weights=None)}
    )


def _split(platform: Platform, each: Setting, named: tuple[str, ...]) -> Platform:
    """The class served by these pools together. They must all batch as calls of the class do."""
    rules = platform.classes[each.subject]
    ways = {platform.pools[name].discipline for name in named}
    pools = pools_after(platform, each.subject, named)
    if len(ways) > 1 or not pools:
        raise UsageError(
            f"Cannot use {each.source or each.key}.",
            why=f"{each.subject} is served by {', '.join(rules.pools)}, and not all pools named batch in the same way "
            "(static batches, or continuously).",
            next_step="Name pools that batch in the same way.",
        )
    changed = replace(rules, pools=pools, pool_weights=str(each.value))
    return replace(platform, classes={**platform.classes, each.subject: changed})
