"""How do our listener and clusters go together with an Envoy configuration that is in use?

In: the values of both. Out: what a merge must know. Our listener stands beside the others, at a port that is free. A
cluster that is there under the name of a pool is that pool: it keeps how it is reached, and gets its limits.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from msgspec.structs import replace

from costctl.documents.policy import Backend, Policy
from costctl.errors import InfeasibleError
from costctl.levers.boundary import reason_outside
from costctl.policy.merging.rules import MergeRules, Place, Together
from costctl.policy.mislabelled import reached_by

_CLUSTERS: Final = ("static_resources", "clusters")
_LISTENERS: Final = ("static_resources", "listeners")
_REACHED_BY: Final = (
    "name",
    "type",
    "connect_timeout",
    "load_assignment",
    "transport_socket",
    "typed_extension_protocol_options",
)


def _is_set(_place: Place) -> bool:
    return False


def _is_list_of_named(place: Place) -> bool:
    return place in (_CLUSTERS, _LISTENERS)


def _matches(_place: Place, ours: Any, present: Sequence[Any]) -> list[int]:
    return [
        at for at, each in enumerate(present) if isinstance(each, dict) and each.get("name") == ours["name"]
    ]


def _adapted(present: Mapping[str, Any], ours: Mapping[str, Any]) -> dict[str, Any]:
    """Our listener at the first port that nothing in the file listens at."""
    found = copy.deepcopy(dict(ours))
    taken = set(_ports(present))
    for listener in found["static_resources"]["listeners"]:
        address = listener["address"]["socket_address"]
        while address["port_value"] in taken:
            address["port_value"] += 1
    return found


def _joined(place: Place, ours: Any) -> Any:
    """Without how it is reached, which is the file's own."""
    if place != _CLUSTERS:
        return ours
    return {key: value for key, value in ours.items() if key not in _REACHED_BY}


def _faults(together: Together) -> tuple[str, ...]:
    """A cluster that becomes one with a pool must not say that it stands outside of a required boundary."""
    backends = {each.id: each for each in together.policy.backends}
    for cluster, ours in _adopted(together):
        backend = backends.get(ours["name"])
        if backend is not None:
            for region in _regions(cluster):
                _require_within(together.policy, replace(backend, region=region))
    return ()


def _require_within(policy: Policy, backend: Backend) -> None:
    """Raise InfeasibleError where a class that reaches a backend may not go to where it stands."""
    for kind in policy.classes:
        is_required = kind.data_boundary is not None and kind.data_boundary.enforcement == "required"
        reason = reason_outside(kind.data_boundary, backend)
        if is_required and reason is not None and backend.id in reached_by(kind):
            raise InfeasibleError(
                f"The merged file would not keep {kind.id} within its required data boundary.",
                why=f"The cluster {backend.id} of the file has endpoints in {backend.region}: {reason}.",
                next_step="Name that cluster otherwise, so that the pool gets a cluster of its own.",
            )


def _conditions(together: Together) -> tuple[str, ...]:
    ports = [
        each["address"]["socket_address"]["port_value"]
        for each in together.ours["static_resources"]["listeners"]
    ]
    kept = [ours["name"] for _, ours in _adopted(together)]
    return (
        f"Calls that are to be routed are sent to the listener costctl, at port {ports[0]}; the file's own listeners "
        "are as they were.",
        *(
            (
                "Clusters that the file had are the pools of those names and keep their own addresses, whatever is "
                f"said of DNS and hosts: {', '.join(kept)}.",
            )
            if kept
            else ()
        ),
    )


def _adopted(together: Together) -> Iterator[tuple[Mapping[str, Any], Mapping[str, Any]]]:
    """Clusters of the file that became one with ours, and ours."""
    numbers = together.adopted.get(_CLUSTERS, ())
    for at, ours in zip(numbers, together.ours["static_resources"].get("clusters", ()), strict=False):
        if at is not None:
            yield together.present["static_resources"]["clusters"][at], ours


def _regions(cluster: Mapping[str, Any]) -> Iterator[str]:
    """Where a cluster says that its endpoints are."""
    for each in _under(cluster.get("load_assignment"), "locality"):
        region = each.get("region") if isinstance(each, dict) else None
        if isinstance(region, str):
            yield region


def _ports(values: Mapping[str, Any]) -> Iterator[int]:
    """Ports that the file listens at."""
    static = values.get("static_resources")
    listeners = static.get("listeners") if isinstance(static, dict) else None
    for each in (*(listeners if isinstance(listeners, list) else ()), {"address": values.get("admin")}):
        address = each.get("address") if isinstance(each, dict) else None
        yield from (port for port in _under(address, "port_value") if isinstance(port, int))


def _under(value: Any, wanted: str) -> Iterator[Any]:
    """What stands under a key, however deep."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key == wanted:
                yield inner
            else:
                yield from _under(inner, wanted)
    elif isinstance(value, list):
        for inner in value:
            yield from _under(inner, wanted)


MERGE: Final = MergeRules(_is_set, _is_list_of_named, _matches, _adapted, _joined, _faults, _conditions)
