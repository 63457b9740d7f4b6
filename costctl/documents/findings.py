"""What is wrong with a bill, or with what it rests on: part of costctl.analysis/v2."""

from __future__ import annotations

from typing import Final, Literal

import msgspec

from costctl.documents.cache_misses import CacheCause

FindingKind = Literal[
    "nothing_priced",
    "unpriced",
    "rejected",
    "unread_usage",
    "beyond_window",
    "prompt_cache",
    "cache_misses",
    "retries",
    "failures",
    "missed_slo",
    "idle",
    "recorded_differs",
    "invoice_differs",
]
OF_CLASSES: Final[frozenset[FindingKind]] = frozenset(
    {"prompt_cache", "cache_misses", "retries", "failures", "missed_slo"}
)


class Finding(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One thing to look into. subjects: what it is about, that of most money first. usd: the money that it is about,
    USD; null where nobody knows, and a lower bound where there are unpriced charges.  cause: that of most money
    among cache misses; null of other kinds.

    kind             subjects    usd                          count                      ratio
    nothing_priced   resources   null                         charges without an amount  priced requests
    unpriced         resources   null                         charges without an amount  priced requests
    rejected         none        null                         records in no figure       null
    unread_usage     keys        null                         records that have them     null
    beyond_window    models      of the calls                 calls beyond their window  of the bill
    prompt_cache     classes     of their input tokens        their input tokens         cached input tokens
    cache_misses     classes     more than reads of these     avoidable misses, tokens    of their input tokens
    retries          classes     of attempts failed, retried  such attempts              of attributed cost
    failures         classes     attributed to the classes    failed requests            of their requests
    missed_slo       classes     attributed to the classes    objectives missed          met, where least
    idle             pools       of their idle time           pools                      busy time
    recorded_differs sources     sum of all differences       calls that differ          computed / recorded
    invoice_differs  providers   sum of all differences       invoices                   null
    """

    kind: FindingKind
    subjects: tuple[str, ...]
    usd: float | None
    unpriced_charges: int = 0
    count: int
    ratio: float | None
    cause: CacheCause | None = None


def flagged_classes(findings: tuple[Finding, ...]) -> frozenset[str]:
    """The classes that something is wrong with."""
    return frozenset(name for each in findings if each.kind in OF_CLASSES for name in each.subjects)
