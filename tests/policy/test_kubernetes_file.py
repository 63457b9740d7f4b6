"""Kubernetes: replicas are ordered as early as they must be, pods have the priority of their lane, and no object has a
field that its consumer does not know.
"""

from __future__ import annotations

import copy
import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from costctl.documents.policy import Backend, Defer, DeferHours, Policy, ReplicaSchedule, ScheduleStep
from costctl.policy.targets.kube_schedule import Ordered, Window, ordered_replicas
from costctl.policy.targets.kube_text import read_documents
from costctl.policy.targets.kubernetes import emit_kubernetes
from tests.policy.kube_schemas import OBJECTS, misfits, said_by_kubernetes, said_by_projects
from tests.policy.policies import kind_named, policy_of, pool_named
from tests.thoroughness import how_many

DAY, WEEK = 1440, 7 * 1440
MINUTE_US = 60_000_000
SUNDAY = 6


def objects(policy: Policy) -> dict[str, Any]:
    """What is written for a policy, by kind and name."""
    return read_documents(emit_kubernetes(policy, None).files["kubernetes.yaml"])


def entry(policy: Policy, pointer: str) -> Any:
    """What the manifest says of a value."""
    return next(each for each in emit_kubernetes(policy, None).manifest.entries if each.pointer == pointer)


def scheduled(*steps: tuple[int, int], period: Any = "day", start_up_us: int | None = None) -> Backend:
    """A pool whose replicas have a schedule. steps: (minute, replicas)."""
    schedule = ReplicaSchedule(period, tuple(ScheduleStep(minute, number) for minute, number in steps))
    return replace(pool_named("gpu"), replicas=None, schedule=schedule, start_up_us=start_up_us)


def minute_of(cron: str) -> int:
    """The minute of the day, or of the week from Monday, of a cron text; a slow reading of its five fields."""
    minute, hour, _, _, day = cron.split()
    days = 0 if day == "*" else (int(day) - 1) % 7
    return days * DAY + int(hour) * 60 + int(minute)


def is_open(window: Window, at: int, period: int) -> bool:
    """KEDA's rule: a window is open where its next end comes before its next start."""
    until_start = (minute_of(window.start) - at - 1) % period
    until_end = (minute_of(window.end) - at - 1) % period
    return until_end < until_start


def ordered_at(orders: Ordered, at: int, period: int) -> int:
    return max([orders.least, *(each.replicas for each in orders.windows if is_open(each, at, period))])


def ready_at(schedule: ReplicaSchedule, at: int) -> int:
    """What the schedule says for a minute of its period."""
    before = [step.replicas for step in schedule.steps if step.minute <= at]
    return before[-1] if before else schedule.steps[-1].replicas


@st.composite
def schedules(draw: st.DrawFn) -> ReplicaSchedule:
    period = draw(st.sampled_from(("day", "week")))
    last = DAY if period == "day" else WEEK
    minutes = sorted(draw(st.sets(st.integers(0, last - 1), min_size=1, max_size=5)))
    steps = tuple(ScheduleStep(minute, draw(st.integers(1, 9))) for minute in minutes)
    return ReplicaSchedule(period, steps)


@settings(max_examples=how_many(30, thorough=120))
@given(schedule=schedules(), ahead=st.integers(0, 150))
def test_as_many_are_ordered_as_must_be_ready_until_a_start_up_later(
    schedule: ReplicaSchedule, ahead: int
) -> None:
    period = DAY if schedule.period == "day" else WEEK
    orders = ordered_replicas(schedule, ahead * MINUTE_US)
    for at in itertools.chain(range(0, period, period // 97), (step.minute for step in schedule.steps)):
        wanted = max(ready_at(schedule, (at + later) % period) for later in range(ahead + 1))
        assert ordered_at(orders, at, period) == wanted
    assert orders.most == max(step.replicas for step in schedule.steps)


def test_a_morning_is_ordered_before_it_begins_and_ends_on_time() -> None:
    found = objects(
        policy_of(kind_named("a", "gpu"), backends=(scheduled((420, 4), (1140, 2), start_up_us=90_000_001),))
    )
    spec = found["ScaledObject gpu"]["spec"]
    assert (spec["minReplicaCount"], spec["maxReplicaCount"]) == (2, 4)
    (trigger,) = spec["triggers"]
    assert trigger["metadata"] == {
        "timezone": "Etc/UTC", "start": "58 6 * * *", "end": "0 19 * * *", "desiredReplicas": "4",
    }  # fmt: skip


def test_a_start_up_is_whole_minutes_and_said_to_be_rounded() -> None:
    policy = policy_of(
        kind_named("a", "gpu"), backends=(scheduled((420, 4), (1140, 2), start_up_us=90_000_001),)
    )
    rounded = entry(policy, "/backends/0/start_up_us")
    assert (rounded.from_, rounded.to) == (90_000_001, 2 * MINUTE_US)
    assert type(entry(policy, "/backends/0/schedule/steps/0/minute")).__name__ == "Exact"


def test_a_week_begins_on_monday_here_and_on_sunday_in_cron() -> None:
    steps = ((0, 3), (DAY, 2), (SUNDAY * DAY + 60, 5))
    found = objects(policy_of(kind_named("a", "gpu"), backends=(scheduled(*steps, period="week"),)))
    written = [each["metadata"] for each in found["ScaledObject gpu"]["spec"]["triggers"]]
    assert [(each["start"], each["end"]) for each in written] == [
        ("0 0 * * 1", "0 0 * * 2"),
        ("0 1 * * 0", "0 0 * * 1"),
    ]


@pytest.mark.parametrize(
    "backend",
    [
        pool_named("gpu", replicas=3),
        scheduled((60, 3)),
        scheduled((60, 3), (61, 2), start_up_us=MINUTE_US * 1439),
    ],
)
def test_a_number_that_never_changes_has_no_triggers(backend: Backend) -> None:
    found = objects(policy_of(kind_named("a", "gpu"), backends=(backend,)))
    spec = found["HorizontalPodAutoscaler gpu"]["spec"]
    assert (spec["minReplicas"], spec["maxReplicas"]) == (3, 3)
    assert not any(name.startswith("ScaledObject") for name in found)


def test_a_pool_of_which_no_number_was_said_is_left_alone() -> None:
    found = objects(policy_of(kind_named("a", "gpu"), backends=(replace(pool_named("gpu"), replicas=None),)))
    assert {name.split()[0] for name in found} == {"PriorityClass"}


def test_the_first_lane_has_the_highest_priority_and_stops_nobody() -> None:
    kinds = [
        kind_named("a", "cpu", lane="second"),
        kind_named("b", "gpu", lane="third"),
        kind_named("c", "gpu"),
    ]
    policy = policy_of(*kinds, backends=(pool_named("gpu"), pool_named("cpu")))
    classes = [each for name, each in objects(policy).items() if name.startswith("PriorityClass")]
    assert [(each["value"], each["preemptionPolicy"]) for each in classes] == [
        (2, "Never"),
        (1, "Never"),
        (0, "Never"),
    ]
    said = " ".join(emit_kubernetes(policy, None).manifest.conditions)
    assert "The Deployment of gpu has that name" in said
    assert "priorityClassName: costctl-lane-1 of their own. Nothing else" in said
    assert "priorityClassName: costctl-lane-2 of their own. Nothing else" in said


@pytest.mark.parametrize(
    ("begin", "end", "seconds"), [(60, 120, 3600), (1320, 360, 8 * 3600), (60, 60, 86_400)]
)
def test_what_waits_for_hours_is_sent_by_a_job_that_ends_with_them(
    begin: int, end: int, seconds: int
) -> None:
    defer = Defer(hours=DeferHours(begin, end), within_us=10**10)
    policy = policy_of(
        kind_named("Night.Batch", "gpu", defer=defer), kind_named("b", "gpu"), backends=(pool_named("gpu"),)
    )
    spec = objects(policy)["CronJob deferred-night-batch"]["spec"]
    assert (spec["schedule"], spec["timeZone"]) == (f"0 {begin // 60} * * *", "Etc/UTC")
    job = spec["jobTemplate"]["spec"]
    assert job["activeDeadlineSeconds"] == seconds
    assert job["template"]["spec"]["priorityClassName"] == "costctl-lane-1"
    said = [
        type(entry(policy, f"/classes/0/defer/{part}")).__name__
        for part in ("hours/from_minute", "hours/until_minute", "within_us")
    ]
    assert said == ["Exact", "Approximated", "Approximated"]


def test_no_two_jobs_have_one_name() -> None:
    defer = Defer(hours=DeferHours(60, 120))
    kinds = [kind_named(name, "gpu", defer=defer) for name in ("Night", "night", "x" * 64, "ni.ght")]
    found = objects(policy_of(*kinds, backends=(pool_named("gpu"),)))
    jobs = [each["metadata"]["name"] for name, each in found.items() if name.startswith("CronJob")]
    assert len(set(jobs)) == len(kinds)
    assert max(map(len, jobs)) <= 52


def rich_policy() -> Policy:
    """A pool with a schedule, one without, a class that waits."""
    waits = kind_named("waits", "gpu", defer=Defer(hours=DeferHours(60, 120), within_us=10**10))
    return policy_of(
        waits, kind_named("b", "cpu"), backends=(scheduled((420, 4), (1140, 2)), pool_named("cpu"))
    )


def of_kubernetes(found: dict[str, Any]) -> list[Any]:
    return [each for each in found.values() if each["kind"] not in OBJECTS]


def test_the_strict_schemas_of_kubernetes_take_the_objects(repository: Path) -> None:
    found = of_kubernetes(objects(rich_policy()))
    assert {each["kind"] for each in found} == {"PriorityClass", "HorizontalPodAutoscaler", "CronJob"}
    assert said_by_kubernetes(repository, found) == [""] * len(found)


def test_kedas_schema_takes_the_scaled_objects(repository: Path) -> None:
    scaled = objects(rich_policy())["ScaledObject gpu"]
    slip = copy.deepcopy(scaled)
    slip["spec"]["triggers"][0]["metadata"]["desiredReplicas"] = 4
    said, of_slip = said_by_projects(repository, [scaled, slip])
    assert said == ""
    assert "desiredReplicas" in of_slip


@settings(max_examples=how_many(15, thorough=40))
@given(schedule=schedules())
def test_whatever_is_written_for_keda_has_known_fields(schedule: ReplicaSchedule) -> None:
    found = objects(
        policy_of(kind_named("a", "gpu"), backends=(replace(scheduled((0, 1)), schedule=schedule),))
    )
    scaled = {name: each for name, each in found.items() if each["kind"] == "ScaledObject"}
    assert misfits(scaled) == []
    assert bool(scaled) == (len({step.replicas for step in schedule.steps}) > 1)


def _job(found: dict[str, Any]) -> Any:
    return found["CronJob deferred-waits"]["spec"]


OF_KUBERNETES: dict[str, Callable[[dict[str, Any]], Any]] = {
    "a priority as text": lambda found: found["PriorityClass costctl-lane-1"].update(value="2"),
    "a preemption that does not exist": lambda found: found["PriorityClass costctl-lane-1"].update(
        preemptionPolicy=1
    ),
    "a part of a priority": lambda found: found["PriorityClass costctl-lane-1"].update(value=1.5),
    "a scaler without a most": lambda found: found["HorizontalPodAutoscaler cpu"]["spec"].pop("maxReplicas"),
    "a scaler of nothing": lambda found: found["HorizontalPodAutoscaler cpu"]["spec"].pop("scaleTargetRef"),
    "a slip in a field": lambda found: found["HorizontalPodAutoscaler cpu"]["spec"].update(minReplica=1),
    "a zone under another name": lambda found: _job(found).update(timezone="Etc/UTC"),
    "a job without a template": lambda found: _job(found).pop("jobTemplate"),
    "a schedule that is a number": lambda found: _job(found).update(schedule=5),
    "an end as text": lambda found: _job(found)["jobTemplate"]["spec"].update(activeDeadlineSeconds="3600"),
}
OF_KEDA: dict[str, Callable[[Any], Any]] = {
    "replicas as a number": lambda spec: spec["triggers"][0]["metadata"].update(desiredReplicas=4),
    "a fourth hour of twenty-five": lambda spec: spec["triggers"][0]["metadata"].update(start="0 25 * * *"),
    "no zone": lambda spec: spec["triggers"][0]["metadata"].pop("timezone"),
    "no triggers": lambda spec: spec.pop("triggers"),
    "a slip in a field": lambda spec: spec.update(minReplicas=1),
    "no target": lambda spec: spec.pop("scaleTargetRef"),
}


def test_kubernetes_refuses_objects_that_were_changed_for_the_worse(repository: Path) -> None:
    worse = []
    for change in OF_KUBERNETES.values():
        found = objects(rich_policy())
        change(found)
        worse.append(of_kubernetes(found))
    flat = said_by_kubernetes(repository, [each for found in worse for each in found])
    size = len(worse[0])
    said = [any(flat[at : at + size]) for at in range(0, len(flat), size)]
    assert dict(zip(OF_KUBERNETES, said, strict=True)) == dict.fromkeys(OF_KUBERNETES, True)


@pytest.mark.parametrize("name", OF_KEDA)
def test_a_scaled_object_that_was_changed_for_the_worse_is_found(name: str) -> None:
    found = objects(rich_policy())["ScaledObject gpu"]
    assert misfits({"it": found}) == []
    OF_KEDA[name](found["spec"])
    assert misfits({"it": found})
