"""HAProxy: a configuration that serves lanes in order.

In: a policy. Out: an ``Emission``. HAProxy queues by priority class, the lowest first, bounds what is in progress at a
server and what waits for a pool, and reads the model out of a JSON body. It changes no body and sends no request on.
https://docs.haproxy.org/2.6/configuration.html
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from costctl.documents.coverage import Consumer, Validator
from costctl.documents.policy import Policy
from costctl.policy.ledger import Emission, Ledger
from costctl.policy.mislabelled import require_no_leak
from costctl.policy.targets.engine_order import order_told, order_told_condition
from costctl.policy.targets.haproxy_entries import say_all
from costctl.policy.targets.haproxy_rules import LONGEST_BODY, Servers, parts_of, servers_of, variables_of
from costctl.policy.targets.haproxy_text import read_haproxy, text_of
from costctl.policy.targets.http_match import label_headers, reads_body
from costctl.policy.targets.origin import commented, origin_lines
from costctl.policy.targets.reached_pools import ReachedPool, reached_pools
from costctl.policy.targets.target import Target
from costctl.policy.targets.versions import Versions

FILE_NAME: Final = "haproxy.cfg"
_CONSUMER: Final = Consumer("HAProxy", "2.6")
_VALIDATOR: Final = Validator(
    "haproxy -c",
    "2.6.12",
    "real-code",
    "That HAProxy loads the file; the tests also send requests through it and see who is served first, who is turned "
    "away and where each class goes. Not that addresses are right.",
)


def emit_haproxy(policy: Policy, _backend: str | None) -> Emission:
    """The file. Raises InfeasibleError where a request that lost its label would leave a required data boundary."""
    require_no_leak(policy, _CONSUMER.name)
    pools = reached_pools(policy)
    servers = servers_of(pools)
    parts = parts_of(policy, pools, servers)
    conditions = _conditions(policy, pools, servers)
    head = (*origin_lines(policy, "haproxy", f"{_CONSUMER.name} {_CONSUMER.version}"), *conditions)
    text = commented(head) + text_of(parts)
    ledger = Ledger(policy)
    say_all(ledger, policy, pools)
    manifest = ledger.manifest(
        consumer=_CONSUMER, validator=_VALIDATOR, files={FILE_NAME: text}, conditions=conditions
    )
    contents = ((len(policy.classes), "class"), (len(pools), "pool"), (len(variables_of(servers)), "server"))
    return Emission({FILE_NAME: text}, manifest, FILE_NAME, contents)


def _conditions(policy: Policy, pools: Sequence[ReachedPool], servers: Servers) -> tuple[str, ...]:
    """What must be so where it runs."""
    headers = label_headers(policy)
    variables = ("COSTCTL_LISTEN", *variables_of(servers))
    found = [f"These variables are set where it runs: {', '.join(variables)}; each is host:port."]
    if headers:
        found.append(
            f"COSTCTL_EDGE is the network of what sets {', '.join(headers)}, such as 10.0.0.0/24: from elsewhere the "
            "header is removed."
        )
    if reads_body(policy):
        found.append(f"No body is longer than {LONGEST_BODY:,} bytes: such a request is refused with 413.")
    found.extend(
        f"{each.name}: the wait of its other classes ends that of {', '.join(each.ended_by_others())} too, of which "
        "the policy says none."
        for each in pools
        if each.ended_by_others()
    )
    found += order_told_condition(each.name for each in pools if order_told(policy, each.backends))
    found.extend(
        f"{each.name} answers to {', '.join(each.names_asked())} too: the body is passed on as it came."
        for each in pools
        if each.names_asked()
    )
    return tuple(found)


VERSIONS: Final = Versions(
    oldest="2.6",
    newest="3.5",
    known_by="HAProxy 2.6.12 serves such a file, 2.6 brought balance hash, and the manual of 3.5 still has every "
    "keyword.",
)

_KEEPS_NOTHING: Final = "the file logs no body, and has no cache"

TARGET: Final = Target(
    "haproxy", emit_haproxy, read=read_haproxy, form="cfg", versions=VERSIONS, keeps_nothing=_KEEPS_NOTHING
)
