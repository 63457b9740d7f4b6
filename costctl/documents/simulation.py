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


class ReplicaFailure(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"from_": "from"}):
    """Replicas that are down. until: null is for good."""

    pool: str
    replicas: int
    from_: str
    until: str | None


class Scenario(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What differs from today. load_factor: requests over those of today."""

    policy_id: str | None
    load_factor: float
    changes: tuple[SettingChange, ...]
    failures: tuple[ReplicaFailure, ...]
    left_out: tuple[LeftOut, ...]


class Quantiles(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Seconds, by nearest rank."""

    p50: float
    p95: float
    p99: float


class CallFates(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What became of the calls that were offered: they are the sum of the others, but for retried.

    rejected: the queue was full.  expired: waited too long.  failed: with its replica.  never_arrived: the call before
    it was not served.  in_flight: not ended when the replay was.  retried: came again, counted once a time.
    """

    offered: int
    served: int
    rejected: int
    expired: int
    failed: int
    never_arrived: int
    in_flight: int
    retried: int


class ClassResult(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One class. e2e_s, ttft_s: of the requests of which every call was served; null where none was timed.

    good_requests: succeeded within every objective; without an objective, succeeded.  goodput_ratio: over all.
    """

    request_class: str
    requests: int
    complete_requests: int
    good_requests: int
    goodput_ratio: float
    e2e_s: Quantiles | None
    ttft_s: Quantiles | None
    calls: CallFates


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
