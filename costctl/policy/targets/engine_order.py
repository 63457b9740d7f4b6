"""Which engines are told the lane of each request by the gateway in front of them?

In: a policy and what stands behind a gateway. Out: the header that engines of vLLM read, and its value by lane. The
policy does not name the program of a pool: what batches continuously is taken for an engine of vLLM, as
``vllm.yaml`` is written for it. Another one does not read the header.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from costctl.documents.policy import Backend, Policy, PolicyClass
from costctl.policy.targets.vllm import is_an_engine
from costctl.policy.targets.vllm_arguments import PRIORITY_HEADER, engine_of, generates


def order_told(policy: Policy, backends: Iterable[Backend]) -> Mapping[str, int]:
    """By lane its place in the order of service, 0 first; empty where none of the backends serves by priority."""
    ids = {each.id for each in backends if is_an_engine(each)}
    engines = [engine_of(policy, number) for number, each in enumerate(policy.backends) if each.id in ids]
    return next((each.order for each in engines if each.has_order), {})


def place_told(kind: PolicyClass, order: Mapping[str, int]) -> int | None:
    """What the header of a request of the class says; None where an engine reads none of it."""
    return order[kind.lane] if order and generates(kind) else None


def order_told_condition(names: Iterable[str]) -> tuple[str, ...]:
    """That engines put in order what they hold. names: of those that are told; empty where none is."""
    listed = ", ".join(names)
    if not listed:
        return ()
    return (
        f"Engines of {listed} that are vLLM's have scheduling-policy: priority, as vllm.yaml says: {PRIORITY_HEADER} "
        "tells them the lane of each request.",
    )
