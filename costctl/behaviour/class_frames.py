"""Which rows belong to one class?

In: the traffic and the waste in its stages. Out: ``ClassFrames`` by class: each relation is cut once for all classes.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from costctl.frames.traffic import Traffic


@dataclass(frozen=True, slots=True)
class ClassFrames:
    """The rows of one class. stages: of stage_waste.  errors, lookups: of request_error and request_cache."""

    name: str
    requests: pl.DataFrame
    calls: pl.DataFrame
    stages: pl.DataFrame
    errors: pl.DataFrame
    lookups: pl.DataFrame


def class_frames(traffic: Traffic, waste: pl.DataFrame) -> dict[str, ClassFrames]:
    """The frames of every class, in the order of the traffic's classes."""
    requests = by_class(traffic.placed(traffic.requests))
    calls = by_class(traffic.placed(traffic.calls))
    stages = by_class(waste)
    errors = by_class(traffic.placed(traffic.request_error))
    lookups = by_class(traffic.placed(traffic.request_cache))
    return {
        name: ClassFrames(
            name,
            requests[name],
            calls.get(name, traffic.calls.clear()),
            stages.get(name, waste.clear()),
            errors.get(name, traffic.request_error.clear()),
            lookups.get(name, traffic.request_cache.clear()),
        )
        for name in traffic.classes
    }


def by_class(frame: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """The rows of each class that has any. frame: with a request_class."""
    return {str(key[0]): rows for key, rows in frame.partition_by("request_class", as_dict=True).items()}
