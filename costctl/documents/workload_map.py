"""costctl.workload_map/v2: what the traffic is made of, as ``costctl segment`` prints it.

Identities: shares of requests, of tokens and of cost each sum to 1 over the classes; the cells of the load map sum to
the requests and tokens; the stages of a class sum to the durations of its requests, and no waste exceeds its stage.
A null is "not observed" or "not priced"; ``notes`` say which, and why.
"""

from __future__ import annotations

from typing import Final

import msgspec

from costctl.documents.analysis import Bottleneck, QueueDepth, StageUse, Window
from costctl.documents.overlap import Overlap
from costctl.documents.provenance import Provenance

SCHEMA_VERSION: Final = "costctl.workload_map/v2"


class ClassMix(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One class. rules: those that took its requests.  input_tokens, output_tokens, tokens (both): sums, null where
    none were reported; lower bounds where calls_without_input or calls_without_output are not 0.  token_ratio: of all
    tokens in and out that were reported.
    tokens_p50: over requests of which every call reported them.  attributed_usd: of what is priced, USD: a lower bound
    where there are unpriced_charges.  cost_ratio: of the attributed
    cost of all classes; null for all where nothing or only a part is priced.  peak_hour_utc: the hour of the day in
    which most of its requests start, null where no start was recorded.
    """

    request_class: str
    rules: tuple[str, ...]
    requests: int
    request_ratio: float
    input_tokens: int | None
    output_tokens: int | None
    tokens: int | None
    calls_without_input: int
    calls_without_output: int
    token_ratio: float | None
    input_tokens_p50: float | None
    output_tokens_p50: float | None
    attributed_usd: float | None
    unpriced_charges: int
    cost_ratio: float | None
    peak_hour_utc: int | None


class PhaseTime(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Seconds of a class before the model starts, in the model, between its calls (tools and other services), after
    it, and where no span says what was done; unknown: in spans of no known stage.
    """

    before_s: float
    model_s: float
    between_s: float
    after_s: float
    uninstrumented_s: float
    unknown_s: float


class PhaseRatios(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The same as parts of all the time of the class; they sum to 1. untold: uninstrumented and unknown."""

    before_ratio: float
    model_ratio: float
    between_ratio: float
    after_ratio: float
    untold_ratio: float


class ClassTime(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the time of one class goes. timed_requests: those whose duration was observed; mean_s: its mean over them.
    phase_ratios: null where no time was observed.  stages: the longest first.  bottleneck: null where the longest stage
    has no name.
    """

    request_class: str
    timed_requests: int
    mean_s: float | None
    phases: PhaseTime
    phase_ratios: PhaseRatios | None
    stages: tuple[StageUse, ...]
    bottleneck: Bottleneck | None


class ErrorCount(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How often a type of error was recorded, and in how many requests, those recovered by a retry included."""

    error_type: str
    spans: int
    requests: int


class ClassFaults(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What went wrong in one class, and what its caches gave.

    attempts_per_request: 1 where nothing was made again.  timeouts: requests in which something timed out, null where
    errors carry no type.  errors: the most frequent first, at most five.  prompt_cache_ratio: cached over all input
    tokens of the calls that report both; lookup_hit_ratio: hits over look-ups in other caches.
    """

    request_class: str
    failed: int
    attempts_per_request: float
    timeouts: int | None
    errors: tuple[ErrorCount, ...]
    prompt_cache_ratio: float | None
    lookup_hit_ratio: float | None


class WorstHour(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The hour (its start, RFC 3339) in which the smallest part met the objective of those with 20 requests or more."""

    hour: str
    observed: int
    met_ratio: float
    burn: float


class Objective(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One objective of a class. metric: ttft_p95 or e2e_p95.  level: the part that shall meet it.

    observed: requests that failed or whose time is known.  met: of these, succeeded within the target.
    burn: (1 − met_ratio) / (1 − level): above 1 the error budget is overspent.
    """

    metric: str
    target: str
    target_s: float
    level: float
    observed: int
    met: int
    met_ratio: float | None
    burn: float | None
    worst_hour: WorstHour | None


class ClassObjectives(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The objectives of one class. good_requests: succeeded within all of them; null where no time was observed.
    goodput_per_s: these over the window.
    """

    request_class: str
    objectives: tuple[Objective, ...]
    good_requests: int | None
    goodput_per_s: float | None


class PoolQueue(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Calls waiting in front of a pool, or of a model that no configured pool serves.

    depth: weighted by time; null where no call reports its queue.  busiest_hour: the hour (its start) with most
    seconds waited per second.
    """

    pool: str
    calls: int
    reporting_calls: int
    depth: QueueDepth | None
    mean_depth: float | None
    busiest_hour: str | None
    busiest_mean_depth: float | None


class DepthSlot(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"from_": "from"}):
    """A stretch of the window, from an instant (RFC 3339). observed_s: how long it is; the first and the last are cut
    where the window begins and ends.
    """

    from_: str
    observed_s: float


class PoolDepth(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Calls waiting in front of a pool, or of a model that no configured pool serves. mean: of each slot, over its
    time; mean times observed_s, summed over the slots, are the seconds that its calls report to have waited.
    """

    pool: str
    mean: tuple[float, ...]


class DepthOverTime(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Calls waiting over time, in slots of slot_s, of which there are at most 96 however long the window is. pools:
    those of which a call reports its queue, that where calls waited longest in all first.
    """

    slot_s: float
    slots: tuple[DepthSlot, ...]
    pools: tuple[PoolDepth, ...]


class LoadRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One class; a value for each hour of the map. tokens: in and out; null where none were reported.
    calls_without_tokens: that did not report both: where there are any, tokens is a lower bound.
    """

    request_class: str
    requests: tuple[int, ...]
    tokens: tuple[int | None, ...]
    calls_without_tokens: tuple[int, ...]


class LoadMap(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Load by hour of the day, UTC, over all days of the window; the last is null: no start recorded. busiest_…: the
    most that a class has in an hour, 0 where there is nothing.
    """

    busiest_requests: int
    busiest_tokens: int
    hours_utc: tuple[int | None, ...]
    rows: tuple[LoadRow, ...]


class WasteRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One class; seconds wasted in each stage of the map: null where it is unknown or the stage was not observed.
    unknown_requests: those for which it is unknown: where there are any, the seconds are a lower bound.
    """

    request_class: str
    seconds: tuple[float | None, ...]
    share_ratio: tuple[float | None, ...]
    unknown_requests: tuple[int, ...]


class WasteMap(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Waste by class and stage. share_ratio: of all the time of the class."""

    stages: tuple[str, ...]
    rows: tuple[WasteRow, ...]


class LeftoverGroup(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Requests that only the last rule took, alike in route, service, operation and model. hint: what to do."""

    route: str | None
    service: str | None
    operation: str | None
    model: str | None
    requests: int
    hint: str


class Leftover(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What fell into the last rule, which has no bounds. groups: the largest first, at most eight."""

    rule: str
    requests: int
    request_ratio: float
    groups: tuple[LeftoverGroup, ...]


class WorkloadMap(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The document that ``costctl segment --format json`` prints. Every list over classes is in the order of classes:
    those that cost most first.

    window: null where nothing was timed.  objectives: of classes that declare any.  depth_over_time: null where no call
    reports its queue.
    """

    schema_version: str
    provenance: Provenance
    window: Window | None
    requests: int
    classes: tuple[ClassMix, ...]
    overlaps: tuple[Overlap, ...]
    times: tuple[ClassTime, ...]
    faults: tuple[ClassFaults, ...]
    objectives: tuple[ClassObjectives, ...]
    queues: tuple[PoolQueue, ...]
    waste: WasteMap
    load: LoadMap
    leftover: Leftover
    notes: tuple[str, ...]
    depth_over_time: DepthOverTime | None = None
