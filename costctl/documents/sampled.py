"""How far values of an analysis may be off by chance: part of costctl.analysis/v2, made for gates and baselines.

A gate that compares two documents needs the noise of both, so a baseline carries its own.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from costctl.documents.metric import Subject

SampleUnit = Literal["requests", "sessions"]


class Sampled(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One metric of one subject. subject: as ``metric_values`` reads it.  samples: how many of ``unit`` it is over.

    value, low, high: in the unit of the metric; low or high is null where so few samples bound nothing on that side.
    level: probability that the interval is meant to cover the truth.  method: how it was found.
    """

    metric: str
    subject: Subject
    samples: int
    unit: SampleUnit
    value: float | None
    low: float | None
    high: float | None
    level: float
    method: str
