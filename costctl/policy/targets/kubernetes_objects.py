"""What does Kubernetes have to know of a policy? How many replicas there are when, who is scheduled first, and jobs
that send what was put off.

In: the backends of a policy, its lanes, its classes. Out: objects as plain dicts: a PriorityClass for each lane; for
each pool a HorizontalPodAutoscaler, or a ScaledObject of KEDA where its replicas have a schedule; a CronJob for each
class that waits for hours of the day.
https://kubernetes.io/docs/reference/kubernetes-api/ · https://keda.sh/docs/2.20/reference/scaledobject-spec/
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from costctl.documents.policy import Backend, DeferHours, Policy, PolicyClass
from costctl.levers.schedule import MINUTES_PER_DAY
from costctl.policy.targets.addresses import host_names
from costctl.policy.targets.kube_schedule import Ordered, cron, ordered_replicas
from costctl.policy.targets.kube_text import Object, object_of, priority_of

ZONE: Final = "Etc/UTC"
IMAGE: Final = "send-deferred"
_LONGEST_JOB: Final = 52  # characters of the name of a CronJob
_OTHER: Final = re.compile(r"[^a-z0-9]+")


def pools_of(policy: Policy) -> dict[str, Backend]:
    """By what it is called in the cluster, the backend that says how many replicas a pool has."""
    hosts = host_names(policy.backends)
    found: dict[str, Backend] = {}
    for backend in policy.backends:
        host = hosts[backend.id]
        if backend.pool is not None and (host not in found or not _says_replicas(found[host])):
            found[host] = backend
    return found


def objects_of(policy: Policy) -> Iterator[Object]:
    """All objects, lanes first."""
    for place, lane in enumerate(policy.lanes):
        yield object_of(
            "scheduling.k8s.io/v1",
            "PriorityClass",
            priority_name(place),
            value=priority_of(place, policy.lanes),
            preemptionPolicy="Never",
            description=f"Lane {lane.id}, number {place + 1} in the order of service.",
        )
    for host, backend in pools_of(policy).items():
        orders = orders_of(backend)
        if orders is not None:
            yield _scaler(host, orders)
    lanes = [lane.id for lane in policy.lanes]
    for name, kind in jobs_of(policy).items():
        if kind.defer is not None and kind.defer.hours is not None:
            yield _job(name, kind, kind.defer.hours, priority_name(lanes.index(kind.lane)))


def orders_of(backend: Backend) -> Ordered | None:
    """How many replicas are ordered when; None where the policy does not say."""
    if backend.schedule is not None:
        return ordered_replicas(backend.schedule, backend.start_up_us or 0)
    if backend.replicas is not None:
        return Ordered(backend.replicas, backend.replicas, ())
    return None


def jobs_of(policy: Policy) -> dict[str, PolicyClass]:
    """By the name of a CronJob, each class that waits for hours of the day."""
    waiting = [kind for kind in policy.classes if kind.defer is not None and kind.defer.hours is not None]
    return {_job_name(kind.id, waiting): kind for kind in waiting}


def priority_name(place: int) -> str:
    """The PriorityClass of a lane. place: in the order of service, 0 first."""
    return f"costctl-lane-{place + 1}"


def hours_s(hours: DeferHours) -> int:
    """How long they last, in seconds; a whole day where they end when they begin."""
    minutes = (hours.until_minute - hours.from_minute) % MINUTES_PER_DAY
    return 60 * (minutes or MINUTES_PER_DAY)


def first_lanes(policy: Policy) -> Mapping[str, int]:
    """By pool, the place of the first lane of the classes that are sent there first."""
    hosts = host_names(policy.backends)
    pools = set(pools_of(policy))
    lanes = [lane.id for lane in policy.lanes]
    found: dict[str, int] = {}
    for kind in policy.classes:
        for host in {hosts[each.backend] for each in kind.placement.targets if each.weight} & pools:
            found[host] = min(found.get(host, len(lanes)), lanes.index(kind.lane))
    return dict(sorted(found.items()))


def _says_replicas(backend: Backend) -> bool:
    return backend.schedule is not None or backend.replicas is not None


def _scaler(host: str, orders: Ordered) -> Object:
    if not orders.windows:
        reference = {"apiVersion": "apps/v1", "kind": "Deployment", "name": host}
        bounds = {"minReplicas": orders.least, "maxReplicas": orders.most}
        return object_of(
            "autoscaling/v2", "HorizontalPodAutoscaler", host, spec={"scaleTargetRef": reference, **bounds}
        )
    triggers = [
        {
            "type": "cron",
            "metadata": {
                "timezone": ZONE,
                "start": each.start,
                "end": each.end,
                "desiredReplicas": str(each.replicas),
            },
        }
        for each in orders.windows
    ]
    behavior = {"scaleDown": {"stabilizationWindowSeconds": 0}}  # else the end of a step is 300 s late
    return object_of(
        "keda.sh/v1alpha1",
        "ScaledObject",
        host,
        spec={
            "scaleTargetRef": {"name": host},
            "minReplicaCount": orders.least,
            "maxReplicaCount": orders.most,
            "advanced": {"horizontalPodAutoscalerConfig": {"behavior": behavior}},
            "triggers": triggers,
        },
    )


def _job(name: str, kind: PolicyClass, hours: DeferHours, priority: str) -> Object:
    settings = [{"name": "COSTCTL_CLASS", "value": kind.id}]
    if kind.defer is not None and kind.defer.within_us is not None:
        settings.append({"name": "WITHIN_SECONDS", "value": str(kind.defer.within_us // 1_000_000)})
    pod = {
        "restartPolicy": "OnFailure",
        "priorityClassName": priority,
        "containers": [{"name": "send", "image": IMAGE, "env": settings}],
    }
    job = {"activeDeadlineSeconds": hours_s(hours), "template": {"spec": pod}}
    spec = {
        "schedule": cron(hours.from_minute),
        "timeZone": ZONE,
        "concurrencyPolicy": "Forbid",
        "jobTemplate": {"spec": job},
    }
    return object_of("batch/v1", "CronJob", name, spec=spec)


def _job_name(kind: str, waiting: Sequence[PolicyClass]) -> str:
    """Lower case, with dashes; with digits of its own where two would be alike or it would be too long."""
    plain = _plain(kind)
    alike = sum(1 for each in waiting if _plain(each.id) == plain)
    if alike == 1 and len(plain) <= _LONGEST_JOB:
        return plain
    digits = hashlib.sha256(kind.encode()).hexdigest()[:8]
    return f"{plain[: _LONGEST_JOB - 9].rstrip('-')}-{digits}"


def _plain(kind: str) -> str:
    return f"deferred-{_OTHER.sub('-', kind.lower()).strip('-')}"
