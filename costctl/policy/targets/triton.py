"""Triton Inference Server: config.pbtxt for the model of one backend.

In: a policy and the backend to configure. Out: an ``Emission``: batch window and sizes, priority levels with
their queue limits and timeouts. Triton serves priority level 1 first, takes max_queue_size 0 for "unlimited",
counts a queue per model, and forwards nothing. https://github.com/triton-inference-
server/common/blob/main/protobuf/model_config.proto
"""

from __future__ import annotations

import json
from typing import Final

from costctl.documents.coverage import Consumer, Validator
from costctl.documents.policy import (
    AtMost,
    Backend,
    Batch,
    Limit,
    Policy,
    PolicyClass,
    Queue,
    RejectWhenBusy,
    Unlimited,
)
from costctl.levers.limits import limit_per_replica
from costctl.policy.ledger import Emission, Ledger
from costctl.policy.targets.one_backend import chosen_backend
from costctl.policy.targets.origin import commented, origin_lines
from costctl.policy.targets.protobuf_text import read_protobuf_text
from costctl.policy.targets.target import Target

FILE_NAME: Final = "config.pbtxt"
_CONSUMER: Final = Consumer("Triton Inference Server", "2.51")
_VALIDATOR: Final = Validator(
    "tritonserver",
    "2.51.0",
    "real-code",
    "That the server loads the file for a model; the tests also send requests and see which batch each is in, who is "
    "refused and who is served first. Not that the model's own lines are right.",
)
_FOLDER: Final = (
    "Triton calls a model as its folder, whose name has no slash: the backend's id stands for it."
)
_ELSEWHERE: Final = "Another backend's; this file configures one model."
_ROUTED: Final = "Where a call is sent is decided before it reaches the server."
Rules = tuple[str, ...]


def emit_triton(policy: Policy, backend_id: str | None) -> Emission:
    """The file for one backend; without an id the only one that gathers whole batches. Raises UsageError
    where that leaves no or several backends.
    """
    number, backend = chosen_backend(
        policy, backend_id, FILE_NAME, _gathers_batches, "that gathers whole batches"
    )
    ledger = Ledger(policy)
    served = [
        (index, kind)
        for index, kind in enumerate(policy.classes)
        if any(target.backend == backend.id for target in kind.placement.targets)
    ]
    used = {kind.lane for _, kind in served}
    lanes = [lane.id for lane in policy.lanes if lane.id in used]
    batching = _dynamic_batching(ledger, policy, number, backend, served, lanes)
    name = _name(backend)
    if name != backend.model and ledger.has(f"/backends/{number}/model"):
        ledger.approximated(f"/backends/{number}/model", _FOLDER, "name")
    lines = [f"name: {json.dumps(name)}"]
    if backend.batch is not None and backend.batch.max_size is not None:
        lines.append(f"max_batch_size: {backend.batch.max_size}")
        ledger.exact(f"/backends/{number}/batch/max_size", "max_batch_size")
    lines += batching
    _say_the_rest(ledger, policy, number, served)
    text = commented(origin_lines(policy, "triton", f"{_CONSUMER.name} {_CONSUMER.version}"))
    text += "\n".join(lines) + "\n"
    manifest = ledger.manifest(
        consumer=_CONSUMER,
        validator=_VALIDATOR,
        files={FILE_NAME: text},
        conditions=(
            f"The model's folder in the repository is called {name}.",
            "The model's own config.pbtxt has platform or backend, input, output and instance_group"
            f"{'' if 'max_batch_size' in text else ', and max_batch_size'}; these lines are added to it.",
            "Each request carries the priority level of its lane as its priority parameter.",
        ),
    )
    return Emission({FILE_NAME: text}, manifest, FILE_NAME, ((max(1, len(lanes)), "priority level"),))


def _name(backend: Backend) -> str:
    """What the model is called there: as its folder must be."""
    is_folder = backend.model is not None and "/" not in backend.model and not backend.model.startswith(".")
    return backend.model if backend.model is not None and is_folder else backend.id


def _gathers_batches(backend: Backend) -> bool:
    return backend.batching == "static"


def _dynamic_batching(
    ledger: Ledger,
    policy: Policy,
    number: int,
    backend: Backend,
    served: list[tuple[int, PolicyClass]],
    lanes: list[str],
) -> list[str]:
    lines: list[str] = []
    batch = backend.batch
    if batch is not None and batch.window_us is not None:
        lines.append(f"max_queue_delay_microseconds: {batch.window_us}")
        ledger.exact(f"/backends/{number}/batch/window_us", "dynamic_batching.max_queue_delay_microseconds")
    lines += _preferred_sizes(ledger, f"/backends/{number}/batch/preferred_sizes", batch)
    if len(lanes) > 1:
        default = next((kind.lane for kind in policy.classes if kind.id == policy.default_class), lanes[-1])
        level = lanes.index(default) + 1 if default in lanes else len(lanes)
        lines += [f"priority_levels: {len(lanes)}", f"default_priority_level: {level}"]
    for index, lane in enumerate(policy.lanes):
        if lane.id in lanes:
            written = f"priority level {lanes.index(lane.id) + 1} of {len(lanes)}, 1 being served first"
            ledger.exact(f"/lanes/{index}", written if len(lanes) > 1 else "the only queue of the model")
        else:
            ledger.not_applicable(f"/lanes/{index}", "No class of this lane is served by this backend.")
    for level, lane_id in enumerate(lanes, start=1):
        rules = _queue_policy(ledger, [(n, kind) for n, kind in served if kind.lane == lane_id], backend)
        if rules and len(lanes) > 1:
            lines += [
                "priority_queue_policy {",
                f"  key: {level}",
                "  value {",
                *(f"    {rule}" for rule in rules),
                "  }",
                "}",
            ]
        elif rules:
            lines += ["default_queue_policy {", *(f"  {rule}" for rule in rules), "}"]
    return ["dynamic_batching {", *(f"  {line}" for line in lines), "}"]


def _preferred_sizes(ledger: Ledger, pointer: str, batch: Batch | None) -> list[str]:
    """Those that a batch can have: Triton loads no model that prefers a larger one."""
    if batch is None or batch.preferred_sizes is None:
        return []
    most = batch.max_size
    sizes = [each for each in batch.preferred_sizes if most is None or each <= most]
    if not sizes:
        ledger.unsupported(pointer, "All are larger than max_size, which Triton refuses.")
        return []
    if len(sizes) < len(batch.preferred_sizes):
        reason = "Triton refuses sizes larger than max_size; they are left out."
        ledger.approximated(pointer, reason, "dynamic_batching.preferred_batch_size")
    else:
        ledger.exact(pointer, "dynamic_batching.preferred_batch_size")
    return [f"preferred_batch_size: {sizes}"]


def _queue_policy(ledger: Ledger, members: list[tuple[int, PolicyClass]], backend: Backend) -> list[str]:
    """The rules of one level, from the classes of one lane: a level has one queue, so that the strictest
    counts.
    """
    found = [(number, kind.queue) for number, kind in members if kind.queue is not None]
    is_alone = len(members) == 1
    return [*_timeout_rules(ledger, found, is_alone), *_size_rules(ledger, found, backend, is_alone)]


def _timeout_rules(ledger: Ledger, found: list[tuple[int, Queue]], is_alone: bool) -> list[str]:
    waits = {number: queue.max_wait_us for number, queue in found if isinstance(queue.max_wait_us, int)}
    for number, queue in found:
        if queue.max_wait_us is not None:
            written = (
                "default_timeout_microseconds" if waits else "no default_timeout_microseconds: no timeout"
            )
            _say(ledger, is_alone, f"/classes/{number}/queue/max_wait_us", written)
        if ledger.has(f"/classes/{number}/queue/on_timeout"):
            _say(ledger, is_alone, f"/classes/{number}/queue/on_timeout", "timeout_action")
    if not waits:
        return []
    demotes = all(queue.on_timeout == "demote" for number, queue in found if number in waits)
    return [
        f"timeout_action: {'DELAY' if demotes else 'REJECT'}",
        f"default_timeout_microseconds: {min(waits.values())}",
    ]


def _size_rules(
    ledger: Ledger, found: list[tuple[int, Queue]], backend: Backend, is_alone: bool
) -> list[str]:
    sizes: list[int] = []
    for number, queue in found:
        if queue.depth is None:
            continue
        pointer = f"/classes/{number}/queue/depth"
        # To Triton, 0 is unlimited.
        size = 0 if isinstance(queue.depth, Unlimited) else limit_per_replica(queue.depth, backend.replicas)
        if size is None:
            ledger.unsupported(pointer, _why_no_size(queue.depth, backend))
            continue
        sizes.append(size)
        if isinstance(queue.depth, AtMost) and size != queue.depth.value:
            ledger.rounded(f"{pointer}/value", queue.depth.value, size, "max_queue_size, of each server")
        if isinstance(queue.depth, AtMost) and queue.depth.scope != "per_replica":
            ledger.approximated(
                f"{pointer}/scope", "Triton counts each server by itself.", "max_queue_size, of each server"
            )
        _say(ledger, is_alone, pointer, "max_queue_size")
    bounded = [size for size in sizes if size > 0]
    return [f"max_queue_size: {min(bounded, default=0)}"] if sizes else []


def _say(ledger: Ledger, is_alone: bool, pointer: str, written_as: str) -> None:
    if is_alone:
        ledger.exact(pointer, written_as)
    else:
        ledger.approximated(
            pointer, "The classes of a lane share one queue; the strictest of them holds for all.", written_as
        )


def _why_no_size(depth: Limit, backend: Backend) -> str:
    if isinstance(depth, RejectWhenBusy):
        return "max_queue_size 0 means unlimited to Triton; it has no word for a queue that holds nothing."
    if isinstance(depth, AtMost) and depth.scope == "per_backend":
        return f"Triton counts per server, and the policy does not say how many replicas {backend.id} has."
    return "Triton counts a queue per model and server, not over several backends or per caller."


def _say_the_rest(ledger: Ledger, policy: Policy, number: int, served: list[tuple[int, PolicyClass]]) -> None:
    ledger.provenance()
    for index in range(len(policy.backends)):
        if index != number:
            ledger.not_applicable(f"/backends/{index}", _ELSEWHERE)
    here = f"/backends/{number}"
    ledger.exact(f"{here}/id", "the file is for this backend")
    if ledger.has(f"{here}/model"):
        ledger.exact(f"{here}/model", "name")
    if ledger.has(f"{here}/max_concurrency"):
        ledger.unsupported(
            f"{here}/max_concurrency", "Triton runs one batch an instance; instance_group is the model's own."
        )
    if ledger.has(f"{here}/routing"):
        ledger.not_applicable(f"{here}/routing", "For the router in front of the replicas.")
    ledger.not_applicable(here, "Says where the server stands; it does not configure it.")
    ledger.not_applicable("/default_class", _ROUTED)
    indices = {index for index, _ in served}
    for index in range(len(policy.classes)):
        place = f"/classes/{index}"
        if index not in indices:
            ledger.not_applicable(place, _ELSEWHERE)
            continue
        if ledger.has(f"{place}/data_boundary"):
            ledger.exact(
                f"{place}/data_boundary", "the server forwards nothing, and stands within the boundary"
            )
        for part in ("admission", "timeout_us", "retries", "backoff_us", "defer"):
            if ledger.has(f"{place}/{part}"):
                ledger.unsupported(f"{place}/{part}", "For the gateway in front; Triton has no such setting.")
        for part in ("prompt_cache", "affinity", "service_tier", "response_cache", "caps"):
            if ledger.has(f"{place}/{part}"):
                ledger.not_applicable(f"{place}/{part}", "Of the calls that are paid by the token.")
        ledger.exact(f"{place}/lane", "priority level")
        ledger.not_applicable(place, _ROUTED)


TARGET: Final = Target(
    "triton",
    emit_triton,
    takes_backend=True,
    suits=_gathers_batches,
    read=read_protobuf_text,
    form="pbtxt",
)
