"""What is a metric, and how is it said where its values stand?

Each ``Place`` is a document and a path in it, as a JSON Pointer with two more kinds of segment, for lists:
``{request_class}`` goes over the items, whose field of that name says whom the value is of (``{pool=name}`` where the
field has another name, ``{pool,request_class}`` where two say it); ``[metric=busy]`` in front keeps the items that hold
this value.
"""

from __future__ import annotations

from typing import Final, Literal

import msgspec

Unit = Literal["s", "USD", "ratio", "1", "1/s", "requests", "calls", "tokens", "replicas", "points"]
Direction = Literal["lower", "higher", "neither"]
State = Literal["observed", "baseline", "scenario"]
Subject = tuple[
    tuple[str, str], ...
]  # whom a value is of: pairs such as ("pool", "gpu"); empty for the whole


class Place(msgspec.Struct, frozen=True):
    """Where values stand. document: its name, as ``costctl schema`` takes it.  state: of what they are: observed, of
    the replay of today (baseline), or of the replay of a scenario.
    """

    document: str
    path: str
    state: State = "observed"


class Metric(msgspec.Struct, frozen=True):
    """One quantity. short: what tables and sentences call it, such as TTFT p95; no two share one.  unit: "1" is a plain
    number; USD is also the unit of USD per request.  direction: which way is better.  places: where it stands in which
    document.
    """

    id: str
    short: str
    unit: Unit
    direction: Direction
    meaning: str
    places: tuple[Place, ...]


def analysis(*paths: str) -> tuple[Place, ...]:
    """Where the analysis holds it."""
    return tuple(Place("analysis", path) for path in paths)


def workload(*paths: str) -> tuple[Place, ...]:
    """Where the workload map holds it."""
    return tuple(Place("workload_map", path) for path in paths)


def replays(*paths: str) -> tuple[Place, ...]:
    """The same path in the replay of today and in that of the scenario."""
    parts: tuple[tuple[str, State], ...] = (("baseline", "baseline"), ("result", "scenario"))
    return tuple(Place("simulation", f"/{part}{path}", state) for path in paths for part, state in parts)


def calibrated(metric: str, *subjects: str) -> tuple[Place, ...]:
    """Of the calls: what was observed, and what the replay of today says."""
    return tuple(
        Place("simulation", f"/calibration/{subject}/metrics/[metric={metric}]/{field}", state)
        for subject in subjects
        for field, state in _CALIBRATION_FIELDS
    )


def effects(metric: str, subject: str) -> tuple[Place, ...]:
    """Of a recommendation: before the change, and under it."""
    fields: tuple[tuple[str, State], ...] = (("from", "baseline"), ("to", "scenario"))
    path = f"/recommendations/{{recommendation=id}}/effects/[metric={metric}]{{{subject}}}"
    return tuple(Place("recommendations", f"{path}/{field}", state) for field, state in fields)


# The rows of the analysis' cuts by tenant and by model.
TENANT_ROW: Final = "/cuts/[by=tenant]/rows/[kind=value]{tenant=value}"
MODEL_ROW: Final = "/cuts/[by=model]/rows/[kind=value]{model=value}"
_CALIBRATION_FIELDS: Final[tuple[tuple[str, State], ...]] = (
    ("observed_s", "observed"),
    ("replayed_s", "baseline"),
)
