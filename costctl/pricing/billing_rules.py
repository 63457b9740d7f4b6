"""Which outcome of a call does its provider bill?

In: the user's rules. Out: rows of ``billing_rules``, one per (provider, outcome), with the rule and whether it is the
user's. Calls on replicas of your own are not billed by outcome: their time is paid for.

The defaults, and what they rest on (pages read in November 2026, those of Azure in their form of 2024):

- an answer cut short by a filter is billed up to there. Anthropic, "Streaming refusals": "You will be billed for output
  tokens up until the refusal." Azure OpenAI, "Content filtering": charges occur for a 200 with content_filter.
- a prompt that a filter refused is not billed, but is by Azure OpenAI ("there will be a charge for this request as the
  prompt was evaluated by the service").
- a refusal for the rate, or for the request's form or key, is not billed. Azure OpenAI, "Manage costs": "If the service
  doesn't perform processing, you won't be charged. For example, a 401 error due to authentication or a 429 error"; the
  same page says that it may charge for a 400 due to the input's limit.
- a failure inside the service is not billed by Google ("If your request fails with a 400 or 500 error, you won't be
  charged for the tokens used", Gemini API billing). Others do not say; what they report as used is taken as billed.
- a time-out and a cancelled call: the service may have worked, and Azure OpenAI says that a 408 may be charged. What
  was reported is billed; where nothing was reported, the cost is unknown.
- an answer from a gateway's own cache never reached the provider.

No page was found on which OpenAI says what it bills of failures; for it the rules are an assumption, as the analysis
labels them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import polars as pl

from costctl.documents.billing_settings import BillingRule, Outcome
from costctl.pricing.provider_names import provider_id, spellings

ANY_PROVIDER: Final = "*"
DEFAULTS: Final[dict[str, dict[Outcome, BillingRule]]] = {
    ANY_PROVIDER: {
        "success": "billed",
        "answered_from_cache": "not_billed",
        "content_filter_output": "billed",
        "content_filter_input": "not_billed",
        "rate_limited": "not_billed",
        "timeout": "billed",
        "cancelled": "billed",
        "server_error": "billed_if_reported",
        "connection_error": "billed_if_reported",
        "invalid_request": "not_billed",
        "failed": "billed",
    },
    "azure": {"content_filter_input": "billed", "invalid_request": "billed_if_reported"},
    "google": {"server_error": "not_billed"},
}
_SCHEMA: Final = {
    "provider": pl.String,
    "outcome": pl.String,
    "billing_rule": pl.String,
    "rule_source": pl.String,
}


def billing_rule_rows(own: Mapping[str, Mapping[Outcome, BillingRule]]) -> pl.DataFrame:
    """The rules as rows; the user's take the place of the defaults, one for any provider also of those for one."""
    rules: dict[tuple[str, str], tuple[str, str]] = {}
    for provider, by_outcome in DEFAULTS.items():
        for name in spellings(provider):
            rules |= {(name, outcome): (rule, "default") for outcome, rule in by_outcome.items()}
    for outcome, rule in own.get(ANY_PROVIDER, {}).items():
        rules = {key: value for key, value in rules.items() if key[1] != outcome}
        rules[ANY_PROVIDER, outcome] = (rule, "costctl.toml")
    for also in (
        True,
        False,
    ):  # what is written of a spelling itself goes before what is written of its provider
        for provider, own_rules in own.items():
            for name in _also(provider) if also else (provider,):
                rules |= {(name, outcome): (rule, "costctl.toml") for outcome, rule in own_rules.items()}
    rows = [(*key, *value) for key, value in sorted(rules.items())]
    return pl.DataFrame(rows, schema=_SCHEMA, orient="row")


def _also(provider: str) -> tuple[str, ...]:
    """Every spelling of the provider that a rule of the user's names by one of them."""
    known = provider_id(provider)
    return (provider,) if known is None else spellings(known)
