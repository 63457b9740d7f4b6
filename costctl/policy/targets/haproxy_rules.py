"""What does HAProxy do with a request, from top to bottom? The lines of its frontend, and those of each pool's section.

In: a policy, its pools and their servers. Out: ``Part``s. Every condition is written here once; what each carries of
the policy is said in haproxy_entries.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from costctl.documents.policy import AtMost, FallbackCause, Policy, PolicyClass, RejectWhenBusy
from costctl.policy.targets.addresses import address_variables
from costctl.policy.targets.engine_order import order_told, place_told
from costctl.policy.targets.haproxy_text import Part, is_text, milliseconds
from costctl.policy.targets.http_match import label_headers, path_ends, reads_body
from costctl.policy.targets.reached_pools import ReachedPool, limited_depth
from costctl.policy.targets.vllm_arguments import PRIORITY_HEADER

BODY_BYTES: Final = 2_097_152  # of a buffer: a body whose model is to be read must fit in, with its headers
_SPARE_BYTES: Final = 65_536
LONGEST_BODY: Final = BODY_BYTES - _SPARE_BYTES
_TABLE: Final = "costctl-classes"
Servers = Mapping[str, tuple[str, ...]]
_CLASS: Final = "var(txn.class)"
_TO: Final = "var(txn.to)"
_RETRIED: Final = "conn-failure empty-response response-timeout 500 502 503 504"
_BALANCE: Final = {
    "round_robin": ("balance roundrobin",),
    "least_outstanding": ("balance leastconn",),
    "prefix_affinity": ("balance hash req.body,json_query('$.messages[0].content')", "hash-type consistent"),
}
# What HAProxy can tell of a pool before a request is sent there.
_TROUBLE: Final[Mapping[FallbackCause, str]] = {"error": "{{ nbsrv({0}) lt 1 }}"}


def servers_of(pools: Sequence[ReachedPool]) -> Servers:
    """By pool, the environment variables that hold host and port of its servers, one for each replica."""
    variables = address_variables([each.backends[0] for each in pools], "ADDRESS")
    found = {}
    for pool in pools:
        variable, count = variables[pool.name], pool.replicas or 1
        found[pool.name] = (
            (variable,) if count == 1 else tuple(f"{variable}_{at}" for at in range(1, count + 1))
        )
    return found


def variables_of(servers: Servers) -> tuple[str, ...]:
    """All of them, in the order of the pools."""
    return tuple(variable for each in servers.values() for variable in each)


def parts_of(policy: Policy, pools: Sequence[ReachedPool], servers: Servers) -> tuple[Part, ...]:
    """All sections of the file, in its order."""
    needs_body = reads_body(policy) or any(_retries(each) for each in pools)
    common = (
        "mode http",
        "timeout connect 5s",
        "timeout client 10m",
        "timeout server 10m",
        *(("option http-buffer-request",) if needs_body else ()),
    )
    return (
        *((Part("global", (f"tune.bufsize {BODY_BYTES}",)),) if needs_body else ()),
        Part("defaults", common),
        Part("frontend costctl", tuple(_frontend(policy, pools))),
        *((Part(f"backend {_TABLE}", (_table_line(),)),) if _is_counted(policy) else ()),
        *(Part(f"backend {each.name}", tuple(_backend(policy, each, servers[each.name]))) for each in pools),
    )


def handles(cause: FallbackCause, kind: PolicyClass) -> bool:
    """Whether HAProxy falls back on this cause. On an overload where the class's queue has a bound."""
    return cause in _TROUBLE or (
        cause == "overload" and isinstance(limited_depth(kind), AtMost | RejectWhenBusy)
    )


def _frontend(policy: Policy, pools: Sequence[ReachedPool]) -> Iterator[str]:
    yield 'bind "${COSTCTL_LISTEN}"'
    for header in label_headers(policy):
        yield f'http-request del-header {header} unless {{ src "${{COSTCTL_EDGE}}" }}'
    if reads_body(policy):
        yield f"http-request deny deny_status 413 if {{ req.body_size gt {LONGEST_BODY} }}"
        yield "http-request set-var(txn.model) req.body,json_query('$.model')"
    for kind in policy.classes:
        conditions = " ".join((f"!{{ {_CLASS} -m found }}", *_matching(kind)))
        yield f"http-request set-var(txn.class) str({kind.id}) if {conditions}"
    yield f"http-request set-var(txn.class) str({policy.default_class}) unless {{ {_CLASS} -m found }}"
    order = {lane.id: place for place, lane in enumerate(policy.lanes)}
    for kind in policy.classes:
        yield f"http-request set-priority-class int({order[kind.lane]}) if {_is_class(kind)}"
    if any(order_told(policy, pool.backends) for pool in pools):
        yield f"http-request del-header {PRIORITY_HEADER}"
    for kind in policy.classes:
        yield from _admitted(kind)
    for kind in policy.classes:
        yield from _placed(policy, kind, pools)
        yield from _counted(kind)
    for pool in pools:
        yield f"use_backend {pool.name} if {is_text(_TO, (pool.name,))}"


def _matching(kind: PolicyClass) -> Iterator[str]:
    for header in kind.match.headers:
        yield is_text(f"req.fhdr({header.name})", (header.value,))
    if kind.match.model is not None:
        yield is_text("var(txn.model)", kind.match.model)
    if kind.match.operation is not None:
        yield f"{{ path_end -- {' '.join(path_ends(kind.match))} }}"


def _admitted(kind: PolicyClass) -> Iterator[str]:
    """Limits of the class as a whole: its requests are counted in the table, the one that asks among them."""
    admission = kind.admission
    if admission is None or not _needs_table(kind):
        return
    here = _is_class(kind)
    yield f"http-request track-sc0 str({kind.id}) table {_TABLE} if {here}"
    if isinstance(admission.concurrency, AtMost):
        yield f"http-request deny deny_status 429 if {here} {{ sc0_conn_cur gt {admission.concurrency.value} }}"
    if admission.requests_per_minute is not None:
        most = admission.requests_per_minute
        yield f"http-request deny deny_status 429 if {here} {{ sc0_gpc0_rate ge {most} }}"


def _counted(kind: PolicyClass) -> Iterator[str]:
    """A request that was not turned away counts towards the rate of its class."""
    if kind.admission is not None and kind.admission.requests_per_minute is not None:
        yield f"http-request sc-inc-gpc0(0) if {_is_class(kind)}"


def _placed(policy: Policy, kind: PolicyClass, pools: Sequence[ReachedPool]) -> Iterator[str]:
    """Where requests of the class go: a target by weight, a fallback where that is in trouble, else 429."""
    here, by_id = _is_class(kind), {each.id: pool for pool in pools for each in pool.backends}
    targets = [target for target in kind.placement.targets if target.weight]
    whole = sum(target.weight for target in targets)
    if len(targets) > 1:
        yield f"http-request set-var(txn.draw) rand({whole}) if {here}"
    below = 0
    for target in targets:
        below += target.weight
        drawn = f" {{ var(txn.draw) -m int lt {below} }} !{{ {_TO} -m found }}" if len(targets) > 1 else ""
        yield f"http-request set-var(txn.to) str({by_id[target.backend].name}) if {here}{drawn}"
    order = {lane.id: place for place, lane in enumerate(policy.lanes)}
    number = policy.classes.index(kind)
    for name in dict.fromkeys(by_id[target.backend].name for target in targets):
        pool = next(each for each in pools if each.name == name)
        there = is_text(_TO, (name,))
        for cause in ("error", "overload"):
            trouble = _trouble(cause, kind, pool, number, order)
            follower = next(
                (
                    by_id[each.backend].name
                    for each in kind.placement.fallback
                    if cause in each.on and by_id[each.backend].name != name
                ),
                None,
            )
            if trouble is None:
                continue
            if follower is not None:
                yield f"http-request set-var(txn.to) str({follower}) if {here} {there} {trouble}"
            elif cause == "overload":
                yield f"http-request deny deny_status 429 if {here} {there} {trouble}"


def _trouble(
    cause: FallbackCause, kind: PolicyClass, pool: ReachedPool, number: int, order: Mapping[str, int]
) -> str | None:
    """The condition under which a pool is in this kind of trouble for the class; None where HAProxy cannot tell."""
    if cause in _TROUBLE:
        return _TROUBLE[cause].format(pool.name)
    if pool.per_server is None:
        return None  # nothing ever waits there
    if isinstance(limited_depth(kind), RejectWhenBusy):
        return f"{{ be_conn_free({pool.name}) lt 1 }}"
    most = None if limited_depth(kind) is None else pool.may_wait(number, order)
    return None if most is None else f"{{ queue({pool.name}) ge {most} }}"


def _backend(policy: Policy, pool: ReachedPool, variables: Sequence[str]) -> Iterator[str]:
    yield from _BALANCE[pool.rule or "least_outstanding"]
    wait_us = pool.longest_wait_us()
    if wait_us is not None:
        yield f"timeout queue {milliseconds(wait_us)}ms"
    retries = _retries(pool)
    if retries is not None:
        yield f"retries {retries}"
        yield f"retry-on {_RETRIED}"
        for _, kind in pool.reached:
            if kind.retries == 0 < retries:
                yield f"http-request disable-l7-retry if {_is_class(kind)}"
    for _, kind in pool.reached:
        if kind.timeout_us is not None:
            yield f"http-request set-timeout server {milliseconds(kind.timeout_us)}ms if {_is_class(kind)}"
    order = order_told(policy, pool.backends)
    for _, kind in pool.reached:
        place = place_told(kind, order)
        if place is not None:
            yield f"http-request set-header {PRIORITY_HEADER} {place} if {_is_class(kind)}"
    secure = " ssl verify required ca-file @system-ca" if pool.is_bought else ""
    most = "" if pool.per_server is None else f" maxconn {pool.per_server}"
    for at, variable in enumerate(variables, start=1):
        yield f'server {pool.name}-{at} "${{{variable}}}"{secure}{most} check'


def _retries(pool: ReachedPool) -> int | None:
    """The most that a class of the pool allows; None where none says."""
    return max((kind.retries for _, kind in pool.reached if kind.retries is not None), default=None)


def _is_class(kind: PolicyClass) -> str:
    return is_text(_CLASS, (kind.id,))


def _needs_table(kind: PolicyClass) -> bool:
    found = kind.admission
    return found is not None and (
        isinstance(found.concurrency, AtMost) or found.requests_per_minute is not None
    )


def _is_counted(policy: Policy) -> bool:
    return any(_needs_table(kind) for kind in policy.classes)


def _table_line() -> str:
    return "stick-table type string len 64 size 4k store conn_cur,gpc0,gpc0_rate(60s)"
