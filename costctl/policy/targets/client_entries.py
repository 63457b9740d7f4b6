"""What becomes of each value of a policy in the patch for callers? The entries of its manifest.

In: a ledger of the policy, the policy, its patches. Out: nothing; the ledger has an entry for each value.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from costctl.documents.client_patch import ClassPatch
from costctl.documents.policy import Policy, PolicyClass
from costctl.levers.bought_from_policy import value_said
from costctl.levers.bought_levers import BOUGHT_LEVERS
from costctl.levers.lever import Lever
from costctl.policy.ledger import Ledger

_ROUTED: Final = "For the gateway or the servers: a request cannot say it."
_OWN_POOL: Final = "The class goes to a pool of its own: nothing of it is bought by the token."
_APPLICATION: Final = "No request says it: the application does, as the entry has it."


def say_all(ledger: Ledger, policy: Policy, patches: Sequence[tuple[int, ClassPatch]]) -> None:
    """Every value of the policy."""
    ledger.provenance()
    for number, kind in enumerate(policy.classes):
        mine = [patch for of, patch in patches if of == number]
        for lever in BOUGHT_LEVERS:
            pointer = f"/classes/{number}{lever.pointer}"
            if value_said(policy, kind, lever) is not None and ledger.has(pointer):
                _say(ledger, pointer, lever, mine)
        _say_class(ledger, number, kind, has_patch=bool(mine))
    for section in ("lanes", "backends"):
        ledger.not_applicable(f"/{section}", _ROUTED)
    ledger.not_applicable("/default_class", _ROUTED)


def _say(ledger: Ledger, pointer: str, lever: Lever, patches: Sequence[ClassPatch]) -> None:
    """One setting of a class, at all of its providers."""
    reasons = {each.reason for patch in patches for each in patch.not_carried if each.setting == lever.name}
    without = [patch for patch in patches if lever.name in {each.setting for each in patch.not_carried}]
    written = "requests[].changes"
    if not patches:
        ledger.not_applicable(pointer, _OWN_POOL)
    elif len(without) == len(patches):
        ledger.unsupported(pointer, " ".join(sorted(reasons)))
    elif without:
        ledger.approximated(pointer, f"Not at every provider: {' '.join(sorted(reasons))}", written)
    elif near := _what_is_near(patches, lever):
        ledger.approximated(pointer, near, written)
    else:
        ledger.exact(pointer, written)


def _what_is_near(patches: Sequence[ClassPatch], lever: Lever) -> str:
    """What differs from the setting, in sentences; empty where nothing does."""
    changes = [each for patch in patches for each in patch.changes if lever.name in each.settings]
    notes = {each.note or _APPLICATION for each in changes if each.is_near or each.of == "application"}
    return " ".join(sorted(notes))


def _say_class(ledger: Ledger, number: int, kind: PolicyClass, *, has_patch: bool) -> None:
    here = f"/classes/{number}"
    if has_patch:
        ledger.exact(f"{here}/id", "requests[].id")
        ledger.exact(f"{here}/request_class", "requests[].request_class")
    if kind.data_boundary is not None:
        ledger.exact(f"{here}/data_boundary", "no change sends a call to another provider")
    ledger.not_applicable(here, _ROUTED)
