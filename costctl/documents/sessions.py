"""costctl.sessions/v2: steps, loops and the cost of completed work, as ``costctl segment --sessions`` prints it."""

from __future__ import annotations

from typing import Final

import msgspec

from costctl.documents.provenance import Provenance

SCHEMA_VERSION: Final = "costctl.sessions/v2"


class StepSpread(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Steps of the tasks of a class: quantiles (values that were observed) and the most."""

    p50: float
    p95: float
    max: int


class TaskCost(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What tasks cost in USD. usd: all attempts, failed tasks included; like what is
    derived from it, a lower bound where there are unpriced_charges.  usd_per_completed: usd over those that were
    completed.  reason: why a figure is null, or what it leaves out.
    """

    usd: float | None
    usd_per_task: float | None
    usd_per_completed: float | None
    unpriced_charges: int
    reason: str | None


class ClassSteps(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The tasks (requests) of one class. is_agentic: more than half of them have two turns or more, or a tool.
    turns: as steps, model answers alone.  looping: tasks that went round in circles, of the ``loop_known`` of which
    that can be told; ``looping_by_name`` of them by the tools' names alone.
    """

    request_class: str
    is_agentic: bool
    tasks: int
    completed: int
    completed_ratio: float
    steps: StepSpread
    turns: StepSpread
    loop_known: int
    looping: int
    looping_by_name: int
    looping_ratio: float | None
    cost: TaskCost


class SessionTotals(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All sessions together. completed: those whose last request succeeded.  requests_without: requests that name no
    session; usd_without is what they cost, a lower bound where there are unpriced_charges_without.  requests_p50,
    requests_p95, span_p50_s: over sessions; null where there are none.  reason: why.
    """

    sessions: int
    completed: int
    requests: int
    requests_without: int
    requests_per_session: float | None
    requests_p95: float | None
    steps_per_session: float | None
    span_p50_s: float | None
    looping_sessions: int
    cost: TaskCost
    usd_without: float | None
    unpriced_charges_without: int
    reason: str | None


class SessionsReport(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Steps and costs by class, agentic classes first, and by session. looping_by_name: over all classes."""

    classes: tuple[ClassSteps, ...]
    looping_by_name: int
    sessions: SessionTotals


class Sessions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The document that ``costctl segment --sessions --format json`` prints."""

    schema_version: str
    provenance: Provenance
    report: SessionsReport
