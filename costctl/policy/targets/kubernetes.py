"""Kubernetes, beside a gateway: replicas by the hour, the order in which pods are scheduled, deferred jobs.

In: a policy. Out: an ``Emission``. Nothing here routes a call: a gateway has a file of its own.
"""

from __future__ import annotations

from typing import Final

from costctl.documents.coverage import Consumer, Validator
from costctl.documents.policy import Backend, Policy, PolicyClass
from costctl.policy.ledger import Emission, Ledger
from costctl.policy.targets.addresses import host_names
from costctl.policy.targets.kube_schedule import start_up_minutes
from costctl.policy.targets.kube_text import documents_text, read_documents
from costctl.policy.targets.kubernetes_objects import (
    IMAGE,
    first_lanes,
    jobs_of,
    objects_of,
    orders_of,
    pools_of,
    priority_name,
)
from costctl.policy.targets.origin import commented, origin_lines
from costctl.policy.targets.target import Target
from costctl.policy.targets.versions import Versions

FILE_NAME: Final = "kubernetes.yaml"
_CONSUMER: Final = Consumer("Kubernetes", "1.37, with KEDA 2")
_VALIDATOR: Final = Validator(
    "kubernetes-validate, strict; @kubernetes-models/keda for a ScaledObject",
    "1.37.0; 2.0.0",
    "real-schema",
    "That every field exists and has the right type; the tests also follow the cron triggers minute by minute. Not "
    "that the Deployments are there.",
)
_GATEWAYS: Final = "For the gateway: nothing here routes a call."
_PODS: Final = "Pods are scheduled in this order; calls are put in theirs by a gateway."
_DAY: Final = "HorizontalPodAutoscaler.minReplicas, maxReplicas"
_CRON: Final = "ScaledObject.triggers"


def emit_kubernetes(policy: Policy, _backend: str | None) -> Emission:
    """The file. It sends no data anywhere, so that no boundary can be lost by it."""
    objects = list(objects_of(policy))
    conditions = _conditions(policy)
    head = (*origin_lines(policy, "kubernetes", f"{_CONSUMER.name} {_CONSUMER.version}"), *conditions)
    text = commented(head) + documents_text(objects)
    ledger = Ledger(policy)
    _say_all(ledger, policy)
    manifest = ledger.manifest(
        consumer=_CONSUMER, validator=_VALIDATOR, files={FILE_NAME: text}, conditions=conditions
    )
    kinds = [each["kind"] for each in objects]
    scaled = kinds.count("ScaledObject") + kinds.count("HorizontalPodAutoscaler")
    contents = ((kinds.count("PriorityClass"), "lane"), (scaled, "pool"), (kinds.count("CronJob"), "job"))
    return Emission({FILE_NAME: text}, manifest, FILE_NAME, contents)


def _conditions(policy: Policy) -> tuple[str, ...]:
    """What must be so where it runs."""
    lanes = first_lanes(policy)
    found = ["A gateway sends each class where its data may go; these objects route nothing."]
    for host, backend in pools_of(policy).items():
        named = f" and priorityClassName: {priority_name(lanes[host])} of their own" if host in lanes else ""
        if orders_of(backend) is not None:
            found.append(
                f"The Deployment of {host} has that name; its pods have time to end their calls "
                f"(terminationGracePeriodSeconds){named}. Nothing else sets its replicas."
            )
        elif named:
            found.append(f"The pods of {host} have priorityClassName: {priority_name(lanes[host])}.")
    found.extend(
        f"In {name}, the image {IMAGE} stands in place of what sends the requests of {kind.id} that wait."
        for name, kind in jobs_of(policy).items()
    )
    return tuple(found)


def _say_all(ledger: Ledger, policy: Policy) -> None:
    ledger.provenance()
    ledger.approximated("/lanes", _PODS, "PriorityClass.value, the highest first")
    hosts = host_names(policy.backends)
    pools = pools_of(policy)
    for number, backend in enumerate(policy.backends):
        _say_backend(ledger, f"/backends/{number}", backend, hosts[backend.id], pools.get(hosts[backend.id]))
    for number, kind in enumerate(policy.classes):
        has_pool = any(each.weight and hosts[each.backend] in pools for each in kind.placement.targets)
        _say_class(ledger, f"/classes/{number}", kind, has_pool)
    ledger.not_applicable("/default_class", _GATEWAYS)


def _say_backend(ledger: Ledger, here: str, backend: Backend, host: str, speaker: Backend | None) -> None:
    if speaker is None or backend.pool is None:
        ledger.not_applicable(here, "It is a provider's.")
        return
    orders = orders_of(speaker)
    written = _CRON if orders is not None and orders.windows else _DAY
    if backend.schedule is not None and backend.schedule == speaker.schedule:
        ledger.exact(f"{here}/schedule", written)
        if backend.start_up_us is not None:
            _say_start_up(ledger, f"{here}/start_up_us", backend.start_up_us)
        if ledger.has(f"{here}/replicas"):
            ledger.not_applicable(f"{here}/replicas", "The schedule stands in its place.")
    elif backend.replicas is not None and speaker.schedule is None and backend.replicas == speaker.replicas:
        ledger.exact(f"{here}/replicas", _DAY)
    for part in ("schedule", "replicas"):
        if ledger.has(f"{here}/{part}"):
            reason = "The models of a pool share its replicas: the first of them that says how many is heard."
            ledger.approximated(f"{here}/{part}", reason, written)
    if ledger.has(f"{here}/start_up_us"):
        ledger.not_applicable(f"{here}/start_up_us", "Without a schedule nothing is ordered ahead.")
    ledger.exact(f"{here}/id", f"the Deployment {host}")
    for part in ("max_concurrency", "routing"):
        if ledger.has(f"{here}/{part}"):
            ledger.not_applicable(f"{here}/{part}", _GATEWAYS)
    for part in ("batching", "batch"):
        if ledger.has(f"{here}/{part}"):
            ledger.not_applicable(f"{here}/{part}", "For the server in the pods.")
    ledger.not_applicable(here, "Says where the server stands, and what it serves.")


def _say_start_up(ledger: Ledger, here: str, start_up_us: int) -> None:
    written = f"{_CRON}.start, that much earlier"
    after_us = 60_000_000 * start_up_minutes(start_up_us)
    if after_us == start_up_us:
        ledger.exact(here, written)
    else:
        ledger.rounded(here, start_up_us, after_us, written)


def _say_class(ledger: Ledger, here: str, kind: PolicyClass, has_pool: bool) -> None:
    has_hours = kind.defer is not None and kind.defer.hours is not None
    if has_pool or has_hours:
        ledger.approximated(f"{here}/lane", _PODS, "priorityClassName")
    if kind.defer is not None and kind.defer.hours is not None:
        reason = "The job ends with the hours, and what it has in progress with it."
        ledger.exact(f"{here}/defer/hours/from_minute", "CronJob.schedule")
        ledger.approximated(f"{here}/defer/hours", reason, "CronJob.jobTemplate.spec.activeDeadlineSeconds")
    if kind.defer is not None and kind.defer.within_us is not None:
        if has_hours:
            reason = "Said to what sends the requests, in whole seconds; Kubernetes holds nobody to it."
            ledger.approximated(f"{here}/defer/within_us", reason, "WITHIN_SECONDS")
        else:
            ledger.unsupported(f"{here}/defer", "There are no hours that a job could wait for.")
    ledger.not_applicable(here, _GATEWAYS)


VERSIONS: Final = Versions(
    oldest="1.27",
    newest="1.37",
    known_by="Such objects fit the strict schemas of each; 1.27 made timeZone of a CronJob stable.",
)

_KEEPS_NOTHING: Final = "the file is of replicas: no data passes through what it makes"

TARGET: Final = Target(
    "kubernetes",
    emit_kubernetes,
    read=read_documents,
    form="yaml",
    versions=VERSIONS,
    keeps_nothing=_KEEPS_NOTHING,
)
