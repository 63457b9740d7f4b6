"""costctl.policy_plan/v1: a policy in steps that can each be undone, with the gates between them.

A null is "not observed": how often a class is asked, or how far its metrics vary, is not known.
"""

from __future__ import annotations

from typing import Final, Literal

import msgspec

from costctl.documents.analysis import Window
from costctl.documents.policy import Digest, Text
from costctl.documents.policy_difference import PolicyChange, PolicySide
from costctl.documents.sampled import SampleUnit

SCHEMA_VERSION: Final = "costctl.policy_plan/v1"

Phase = Literal["measure", "route", "tune", "operate"]
StageName = Literal["shadow", "5 %", "50 %", "one replica", "all"]
DividedBy = Literal["weights", "replicas", "nothing"]
WatchedLimit = Literal["max", "max_increase", "max_decrease"]


class PlanBaseline(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the numbers of requests rest on. path: as it was named."""

    path: str
    window: Window
    requests: int


class Watch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One metric of one class that must hold before the next step.

    limit, limit_value: as ``[[gates]]`` has them; of max in the unit of the metric.  change: the smallest, as a ratio,
    that is seen with the planned power.  samples: of ``samples_of`` on each side, the baseline and now; null where the
    baseline does not tell how far the metric varies.  requests: that these take.  baseline_samples: that the baseline
    has.  design_effect: requests for each independent one; null where it is not observed, and each was then counted as
    independent.  requests_a_day: of the class.  days: until there are enough.  reason: why something is null.
    """

    request_class: Text
    metric: Text
    limit: WatchedLimit
    limit_value: float
    change: float
    samples: int | None
    samples_of: SampleUnit
    requests: int | None
    baseline_samples: int | None
    design_effect: float | None
    requests_a_day: float | None
    days: int | None
    reason: str | None


class PlanStage(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How much of the traffic has the change. share: null of one replica among an unknown number.

    policy: the file of the step that is in force meanwhile.  days: before the next stage; null if not observed.
    least_change: by metric, the smallest change of the requests that have it that shows in the whole class; of
    percentiles only where all have it.
    """

    name: StageName
    share: float | None
    policy: str
    days: int | None
    least_change: tuple[tuple[str, float], ...]


class PlanStep(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One step. folder: where its files lie.  title: what it is about.  changes: in words, against the step before.

    asks: why a person must agree before it; none where nobody must.  divided_by: how a part of the traffic is given the
    change, and exposure says that in words.  too_few: classes that would take longer than a stage may, so that no gate
    waits for them.  requests: that each stage takes of a class, at most.  days: of all stages; null if not observed.
    false_alarms_at_most: chance that any gate is breached though nothing changed.
    """

    number: int
    folder: Text
    phase: Phase
    title: Text
    digest: Digest
    changes: tuple[PolicyChange, ...]
    asks: tuple[str, ...]
    divided_by: DividedBy
    exposure: Text
    stages: tuple[PlanStage, ...]
    watches: tuple[Watch, ...]
    too_few: tuple[str, ...]
    requests: int | None
    days: int | None
    false_alarms_at_most: float


class PolicyPlan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """steps: none where no setting differs.  settings: that differ.  days: of the steps whose days are known.  unknown:
    steps whose are not.  calls_a_day: by class of the policy, where the newer policy tells.  warnings: what the numbers
    do not take in.
    """

    schema_version: Literal["costctl.policy_plan/v1"]
    base: PolicySide
    new: PolicySide
    baseline: PlanBaseline | None
    calls_a_day: tuple[tuple[str, float], ...]
    steps: tuple[PlanStep, ...]
    settings: int
    days: int
    unknown: int
    warnings: tuple[str, ...]
