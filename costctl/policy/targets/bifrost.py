"""Bifrost: its config.json, with a provider for each pool and a routing rule for each class.

In: a policy. Out: an ``Emission``. Bifrost chooses by expressions over headers, operation and model, splits by weight,
falls back in order, and queues by provider, first come, first served. A caller may name any provider of the file, and
fallbacks of its own.
https://docs.getbifrost.ai · https://github.com/maximhq/bifrost/blob/main/transports/config.schema.json
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any, Final

from costctl.documents.coverage import Consumer, Validator
from costctl.documents.policy import Policy
from costctl.policy.ledger import Emission, Ledger
from costctl.policy.mislabelled import require_all_within
from costctl.policy.targets.bifrost_entries import say_all
from costctl.policy.targets.bifrost_governance import (
    CACHE_KEY,
    REDIS,
    answer_ttl_s,
    governance_of,
    plugins_of,
    vector_store_of,
)
from costctl.policy.targets.bifrost_providers import (
    OWN_TIMEOUT_S,
    Upstream,
    base_url,
    concurrency,
    drops_excess,
    is_interface_known,
    provider_of,
    queue_length,
    timeout_s,
    upstreams_of,
)
from costctl.policy.targets.bifrost_rules import rules_of
from costctl.policy.targets.http_match import label_headers
from costctl.policy.targets.reached_pools import reached_pools
from costctl.policy.targets.target import Target

FILE_NAME: Final = "bifrost.json"
_CONSUMER: Final = Consumer("Bifrost", "1.6")
_READ: Final = "env."
_VALIDATOR: Final = Validator(
    "JSON schema written by hand after Bifrost's config.schema.json; an evaluator of CEL",
    "1; cel-python 0.5.0",
    "hand-schema",
    "That every field exists, has the right type and lies in its range, that names refer to what is there, and that "
    "every expression compiles and takes the calls of its class. No Bifrost is run.",
)


def emit_bifrost(policy: Policy, _backend: str | None) -> Emission:
    """The file. Raises InfeasibleError where it would hold a provider outside of some required data boundary."""
    require_all_within(
        policy, _CONSUMER.name, "a caller may ask for any provider by name, or fall back to it"
    )
    upstreams = upstreams_of(reached_pools(policy))
    rules = rules_of(policy, upstreams, f"{_CONSUMER.name} {_CONSUMER.version}")
    config: dict[str, Any] = {
        "$schema": "https://www.getbifrost.ai/schema",
        "version": 2,
        "source_of_truth": "config.json",
        "client": {"drop_excess_requests": drops_excess(upstreams)},
        "providers": {each.name: provider_of(each) for each in upstreams},
        "governance": governance_of(policy, upstreams, rules),
        **vector_store_of(policy),
        "plugins": plugins_of(policy),
    }
    text = json.dumps(config, indent=2, ensure_ascii=False) + "\n"
    ledger = Ledger(policy)
    say_all(ledger, policy, upstreams)
    manifest = ledger.manifest(
        consumer=_CONSUMER,
        validator=_VALIDATOR,
        files={FILE_NAME: text},
        conditions=_conditions(policy, upstreams, variables_read(config)),
    )
    contents = ((len(policy.classes), "class"), (len(upstreams), "provider"), (len(rules), "routing rule"))
    return Emission({FILE_NAME: text}, manifest, FILE_NAME, contents)


def variables_read(config: Any) -> tuple[str, ...]:
    """The environment variables that the values of the file are read from, sorted."""
    return tuple(sorted(set(_variables(config))))


def _variables(value: Any) -> Iterator[str]:
    if isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _variables(each)
    elif isinstance(value, str) and value.startswith(_READ):
        yield value.removeprefix(_READ)


def _conditions(policy: Policy, upstreams: Sequence[Upstream], variables: Sequence[str]) -> tuple[str, ...]:
    """What must be so where it runs. variables: that the file is read with."""
    urls = [url for each in upstreams if (url := base_url(each)) is not None]
    regional = [each.name for each in upstreams if each.is_custom and each.host is None]
    strangers = [each.name for each in upstreams if not is_interface_known(each)]
    shorter = [
        each.name
        for each in upstreams
        if (length := queue_length(each)) is not None and length < (concurrency(each) or 0)
    ]
    found = [
        "The file is config.json in the folder that Bifrost is started with (-app-dir). It holds instead of what was "
        "set on Bifrost's own pages before.",
        "These variables are set where Bifrost runs, to any text where a server asks for no key: "
        f"{', '.join(variables)}.",
    ]
    if urls:
        found.append(f"Addresses stand in place of these where they are others: {', '.join(urls)}.")
    if regional:
        found.append(
            f"These are at the provider's host of their region; base_url says which: {', '.join(regional)}."
        )
    if strangers:
        found.append(
            f"These are asked as OpenAI is, as Bifrost has no words for their provider: {', '.join(strangers)}."
        )
    if label_headers(policy):
        found.append(
            f"The edge sets {', '.join(label_headers(policy))} and removes what clients send under that name."
        )
    if answer_ttl_s(policy) is not None:
        found.append(
            f"{REDIS} is a Redis with RediSearch, where the data of every class may go; what sets the label of a class "
            f"that keeps answers sets {CACHE_KEY} too, another for each tenant."
        )
    if shorter:
        found.append(
            f"The pages of Bifrost save no provider whose queue is shorter than its calls in progress, as here: "
            f"{', '.join(shorter)}; change the file."
        )
    if any(timeout_s(each) is None for each in upstreams):
        found.append(
            f"Where the policy sets no time-out, Bifrost's own of {OWN_TIMEOUT_S} s holds; it cannot have none."
        )
    return tuple(found)


TARGET: Final = Target("bifrost", emit_bifrost, form="json")
