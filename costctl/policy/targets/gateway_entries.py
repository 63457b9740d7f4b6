"""What do gateways that pass bodies on as they came make of a class alike? Entries that they share.

In: a ledger, the pointer of a class. Out: nothing; the ledger holds the entries.
"""

from __future__ import annotations

from collections.abc import Mapping

from costctl.documents.policy import PolicyClass
from costctl.policy.ledger import Ledger
from costctl.policy.targets.reached_pools import ReachedPool


def say_targets(
    ledger: Ledger, here: str, kind: PolicyClass, by_backend: Mapping[str, ReachedPool], written: str
) -> None:
    """Where a class is sent. by_backend: the pool of each.  written: where in the file."""
    pools = [by_backend[each.backend].name for each in kind.placement.targets if each.weight]
    if len(set(pools)) < len(pools):
        reason = "Models of one pool get the calls that ask for them, whatever their weights."
        ledger.approximated(f"{here}/placement/targets", reason, written)
    else:
        ledger.exact(f"{here}/placement/targets", written)


def say_passed_on(ledger: Ledger, here: str, consumer: str, reached: str) -> None:
    """What no such gateway does, and that a class stays where it may be. consumer: its name.  reached: what it is sent
    to, in words. Say it last: the rest of the class only names it.
    """
    if ledger.has(f"{here}/data_boundary"):
        ledger.exact(f"{here}/data_boundary", f"its requests are sent to its {reached} only")
    for part in ("prompt_cache", "affinity", "service_tier", "response_cache", "caps"):
        if ledger.has(f"{here}/{part}"):
            ledger.unsupported(f"{here}/{part}", f"Not for {consumer}: for the calling code.")
    if ledger.has(f"{here}/defer"):
        ledger.unsupported(f"{here}/defer", f"{consumer} keeps no request for hours: for what sends it.")
    ledger.not_applicable(here, "Its name in the analysis.")
