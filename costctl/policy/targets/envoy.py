"""Envoy: a bootstrap configuration with a route for each class.

In: a policy. Out: an ``Emission``. Envoy reads the model out of a JSON body, splits by weight, bounds connections and
what waits for one, tries again and falls back to other pools. It serves who came first, whatever the lane.
https://www.envoyproxy.io/docs/envoy/v1.40.0/
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec
import yaml

from costctl.documents.coverage import Consumer, Validator
from costctl.documents.policy import Policy
from costctl.policy.ledger import Emission, Ledger
from costctl.policy.mislabelled import require_no_leak
from costctl.policy.reading import read_yaml
from costctl.policy.targets.engine_order import order_told, order_told_condition
from costctl.policy.targets.envoy_clusters import clusters_of, hosts_of
from costctl.policy.targets.envoy_entries import say_all
from costctl.policy.targets.envoy_merge import MERGE
from costctl.policy.targets.envoy_routes import EDGE, LONGEST_BODY, listener_of
from costctl.policy.targets.http_match import label_headers, reads_body
from costctl.policy.targets.origin import commented, origin_lines
from costctl.policy.targets.reached_pools import ReachedPool, reached_pools
from costctl.policy.targets.target import Target
from costctl.policy.targets.told_order import with_order
from costctl.policy.targets.versions import Versions

FILE_NAME: Final = "envoy.yaml"
_CONSUMER: Final = Consumer("Envoy", "1.40")
_VALIDATOR: Final = Validator(
    "envoy --mode validate",
    "1.40.0",
    "real-code",
    "That Envoy loads the file; the tests also send requests through it and see where each class goes, what is turned "
    "away and what is tried elsewhere. Not that addresses are right.",
)


def emit_envoy(policy: Policy, _backend: str | None) -> Emission:
    """The file. Raises InfeasibleError where a request that lost its label would leave a required data boundary."""
    require_no_leak(policy, _CONSUMER.name)
    pools = reached_pools(policy)
    clusters = clusters_of(pools, policy.classes)
    config = {"static_resources": {"listeners": [listener_of(policy, pools)], "clusters": clusters}}
    conditions = _conditions(policy, pools)
    head = (*origin_lines(policy, "envoy", f"{_CONSUMER.name} {_CONSUMER.version}"), *conditions)
    text = commented(head) + _yaml(config)
    ledger = Ledger(policy)
    say_all(ledger, policy, pools)
    manifest = ledger.manifest(
        consumer=_CONSUMER, validator=_VALIDATOR, files={FILE_NAME: text}, conditions=conditions
    )
    contents = ((len(policy.classes), "class"), (len(clusters), "cluster"))
    return Emission({FILE_NAME: text}, manifest, FILE_NAME, contents)


def _yaml(config: dict[str, Any]) -> str:
    """As text; what stands in two places is written in both."""
    apart = msgspec.json.decode(msgspec.json.encode(config))
    text: str = yaml.safe_dump(apart, sort_keys=False, allow_unicode=True, width=110)
    return text


def _conditions(policy: Policy, pools: Sequence[ReachedPool]) -> tuple[str, ...]:
    """What must be so where it runs."""
    hosts = hosts_of(pools)
    own = [hosts[each.name] for each in pools if not each.is_bought]
    bought = [hosts[each.name] for each in pools if each.is_bought]
    found = []
    if own:
        found.append(f"DNS has the replicas of each pool under its name, at port 8000: {', '.join(own)}.")
    if bought:
        found.append(f"The hosts of providers stand in the file in place of: {', '.join(bought)}.")
    if label_headers(policy):
        network = "/".join(map(str, EDGE))
        found.append(
            f"The chain edge has the network of what sets {', '.join(label_headers(policy))} in place of {network}: "
            "from elsewhere the header is removed."
        )
    if reads_body(policy):
        found.append(
            f"No body is longer than {LONGEST_BODY:,} bytes (such a request is refused with 413), and each says that "
            "it is application/json."
        )
    if any(kind.timeout_us is None for kind in policy.classes):
        found.append(
            "Where the policy sets no time-out, a call has none: Envoy's own of 15 s would end long answers."
        )
    found += order_told_condition(each.name for each in pools if order_told(policy, each.backends))
    found.extend(
        f"{each.name} answers to {', '.join(each.names_asked())} too: the body is passed on as it came."
        for each in pools
        if each.names_asked()
    )
    return tuple(found)


def read_envoy(text: str) -> Any:
    """The file as dicts, lists and scalars; routes in another order are others. Raises ValueError."""
    return with_order(read_yaml(text), ("routes", "http_filters"))


VERSIONS: Final = Versions(
    oldest="1.36",
    newest="1.40",
    known_by="Envoy 1.36.2, 1.37.0, 1.38.2, 1.39.0 and 1.40.0 loaded such a file (envoy --mode validate).",
)

_KEEPS_NOTHING: Final = "the file has no access log and no cache: a request is passed on, and forgotten"

TARGET: Final = Target(
    "envoy",
    emit_envoy,
    read=read_envoy,
    form="yaml",
    merging=MERGE,
    versions=VERSIONS,
    keeps_nothing=_KEEPS_NOTHING,
)
