"""costctl.simulation/v2: the same requests under other settings, beside today, and how far that can be trusted."""

from __future__ import annotations

from typing import Final, Literal

import msgspec

from costctl.documents.calibration import Calibration
from costctl.documents.changes import LeverScope, SettingChange, Value
from costctl.documents.estimate import Estimate
from costctl.documents.provenance import Provenance

SCHEMA_VERSION: Final = "costctl.simulation/v2"

Source = Literal["given", "inferred", "default"]


class Window(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"from_": "from"}):
    """What was observed: RFC 3339 in UTC, the end exclusive."""

    from_: str
    to: str
    requests: int
    replayed_requests: int


class TodaySetting(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A setting of today of a pool or a class, or a fact of its service model, and how it is known.

    lever, scope: as those of a change; null of a fact of the service model, which no lever changes.  value: in
    ``unit``; null is "no limit" where is_limit, else none.
    """

    lever: str | None
    key: str
    pool: str | None
    request_class: str | None
    setting: str
    value: Value
    unit: str | None
    scope: LeverScope | None
    is_limit: bool
    source: Source
    how: str


class LeftOut(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A value of the policy that the replay does not know of, by JSON Pointer."""

    pointer: str
    reason: str


class SharedLimit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A limit of the policy that counts over a backend of several replicas: each may hold per_replica in the replay."""

    pointer: str
    limit: int
    replicas: int
    per_replica: int


class WithoutEffect(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What was asked for and changes nothing: as it was written, and why, a clause."""

    asked: str
    reason: str


class ReplicaFailure(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"from_": "from"}):
    """Replicas that are down. until: null is for good."""

    pool: str
    replicas: int
    from_: str
    until: str | None


class Scenario(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What differs from today. load_factor: requests over those of today.  without_effect: what was asked for and
    changes nothing, as far as that was tried.
    """

    policy_id: str | None
    load_factor: float
    changes: tuple[SettingChange, ...]
    failures: tuple[ReplicaFailure, ...]
    left_out: tuple[LeftOut, ...]
    shared_limits: tuple[SharedLimit, ...] = ()
    without_effect: tuple[WithoutEffect, ...] = ()

    @property
    def is_changed(self) -> bool:
        """Whether anything differs from today."""
        return bool(self.changes or self.failures or self.load_factor != 1)


class Quantiles(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Seconds, by nearest rank."""

    p50: float
    p95: float
    p99: float


class CallFates(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What became of the calls that were offered: they are the sum of the others, but for the last two.

    rejected: the queue was full.  expired: waited too long.  failed: with its replica.  never_arrived: the call before
    it was not served.  in_flight: not ended when the replay was.  timed_out: broken off at its time-out.  retried: came
    again, fell_back: went on to another pool, both counted once a time.
    """

    offered: int
    served: int
    rejected: int
    expired: int
    failed: int
    never_arrived: int
    in_flight: int
    timed_out: int
    retried: int
    fell_back: int


class PutOff(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How long the requests of a class wait for its hours before they are sent: which is in no other time."""

    p95_s: float
    longest_s: float


class ClassResult(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One class. e2e_s, ttft_s: of the requests of which every call was served; null where none was timed.

    good_requests: succeeded within every objective; without an objective, succeeded.  goodput_ratio: over all.
    put_off: null where none of them waits for hours.
    """

    request_class: str
    requests: int
    complete_requests: int
    good_requests: int
    goodput_ratio: float
    e2e_s: Quantiles | None
    ttft_s: Quantiles | None
    calls: CallFates
    put_off: PutOff | None = None


class LaneResult(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The calls of one class in one pool. longest_wait_s: of those served, null where none was."""

    pool: str
    request_class: str
    calls: CallFates
    longest_wait_s: float | None


class PoolResult(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One pool. busy_s: replica seconds with work in progress.  paid_s: replica seconds paid for, over the window and
    until the last call ended.  accelerator_s: the same, times accelerators per replica.  usd: null without a price.
    """

    pool: str
    replicas: int
    busy_s: float
    paid_s: float
    accelerator_s: float
    utilisation_ratio: float
    usd: float | None


class Result(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One replay. usd_per_good_request: replica time paid for, over requests within their objectives."""

    requests: int
    good_requests: int
    goodput_ratio: float
    usd: float | None
    usd_per_good_request: float | None
    classes: tuple[ClassResult, ...]
    pools: tuple[PoolResult, ...]
    lanes: tuple[LaneResult, ...]

    @property
    def calls(self) -> CallFates:
        """What became of all calls."""
        return CallFates(
            *(sum(getattr(lane.calls, name) for lane in self.lanes) for name in CallFates.__struct_fields__)
        )


class Difference(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A metric of the baseline and of the scenario. difference: scenario - baseline, both drawn from the same blocks
    of time; null where there are too few blocks to say.  is_trusted: whether the metrics of the calibration that it
    rests on hold, for its class or pool, or for all; null where that could not be judged.
    """

    metric: Literal[
        "e2e_p50",
        "e2e_p95",
        "e2e_p99",
        "ttft_p50",
        "ttft_p95",
        "goodput",
        "utilisation",
        "usd",
        "usd_per_good_request",
    ]
    unit: Literal["s", "ratio", "USD"]
    request_class: str | None
    pool: str | None
    baseline: float
    scenario: float
    difference: Estimate | None
    is_trusted: bool | None = None

    @property
    def change(self) -> float:
        """Scenario less baseline, in the unit."""
        return self.scenario - self.baseline


class ClassChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the scenario does to one class. goodput: null where it could not be compared."""

    request_class: str
    e2e_p95: Difference
    goodput: Difference | None

    @property
    def is_changed(self) -> bool:
        """Whether the p95 or the goodput differs from today's."""
        return bool(self.e2e_p95.change or (self.goodput is not None and self.goodput.change))


class PoolReach(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How far the scenario goes beyond what was seen. most_in_progress: calls in progress on a replica that 99.9 % of
    its observed busy time stays within.  beyond_ratio: part of the scenario's busy time with more.
    """

    pool: str
    most_in_progress: int
    beyond_ratio: float


class Extrapolation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """From which load on, under the scenario's settings, service times rest on batches larger than were seen.

    load_factor_from: the first load at which more than beyond_ratio of a pool's busy time does; null where no load up
    to searched_to does.  is_extrapolating: whether the scenario itself does.
    """

    is_extrapolating: bool
    beyond_ratio: float
    load_factor_from: float | None
    searched_to: float
    pools: tuple[PoolReach, ...]
    reason: str


class Simulation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The document that ``costctl simulate --format json`` prints."""

    schema_version: str
    provenance: Provenance
    window: Window
    today: tuple[TodaySetting, ...]
    scenario: Scenario
    calibration: Calibration
    extrapolation: Extrapolation
    baseline: Result
    result: Result
    differences: tuple[Difference, ...]

    @property
    def totals(self) -> tuple[Difference, ...]:
        """The differences of all classes and pools together, cost first."""
        found = {each.metric: each for each in self.differences if not (each.request_class or each.pool)}
        return tuple(found[name] for name in ("usd", "usd_per_good_request", "goodput") if name in found)

    @property
    def class_changes(self) -> tuple[ClassChange, ...]:
        """The end-to-end p95 and goodput of each class, the largest change in seconds first, those that stay last."""
        found = {(each.request_class, each.metric): each for each in self.differences if each.request_class}
        changes = [
            ClassChange(name, each, found.get((name, "goodput")))
            for (name, metric), each in found.items()
            if metric == "e2e_p95" and name is not None
        ]
        return tuple(
            sorted(
                changes, key=lambda each: (not each.is_changed, -abs(each.e2e_p95.change), each.request_class)
            )
        )

    @property
    def changed_pools(self) -> tuple[Difference, ...]:
        """The utilisation of each pool where it differs, the largest change first."""
        found = [each for each in self.differences if each.metric == "utilisation" and each.change]
        return tuple(sorted(found, key=lambda each: (-abs(each.change), each.pool or "")))
