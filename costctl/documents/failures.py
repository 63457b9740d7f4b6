"""What failed and repeated attempts cost, and unit costs: parts of costctl.analysis/v2."""

from __future__ import annotations

import msgspec


class OutcomeReport(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The calls to one provider with one outcome, and by which rule they are billed.

    billing_rule: billed, billed_if_reported, input_only, not_billed; by_time for replicas of your own.  rule_source:
    default (docs/explanation/failed-attempts.md) or costctl.toml.  usd: null where nothing of it is priced.
    unpriced_charges: charges without an amount.
    """

    provider: str | None
    outcome: str
    billing_rule: str
    rule_source: str
    calls: int
    usd: float | None
    unpriced_charges: int


class RetryTax(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What attempts cost that failed or were repeated, USD; null where none of them has an amount.

    share_ratio: of all that is charged; null where that is nothing, or the tax a lower bound.  attempts: how many.
    unpriced_attempts: those of which some charge has no amount: where there are any, the tax is a lower bound.
    """

    usd: float | None
    share_ratio: float | None
    attempts: int
    unpriced_attempts: int


class UnitCosts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All that is charged over what came of it, USD; null where nothing is priced, or nothing came of it.

    unpriced_charges: charges without an amount: where there are any, all but usd_per_mtok are lower bounds.

    usd_per_response: over model calls that succeeded and were not repeated.  usd_per_completed_task: over requests that
    succeeded.  usd_per_session, usd_per_completed_session: what requests of sessions cost, over sessions, and over
    those whose last request succeeded.  usd_per_mtok: what calls of known tokens and price cost, over a million of
    these tokens, input and output together: exact for the ``mtok_calls`` that it is over, of which
    ``mtok_calls_left_out`` are none.
    """

    usd_per_response: float | None
    usd_per_completed_task: float | None
    usd_per_session: float | None
    usd_per_completed_session: float | None
    usd_per_mtok: float | None
    mtok_calls: int
    mtok_calls_left_out: int
    unpriced_charges: int
