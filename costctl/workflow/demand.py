"""What the demand is made of: the workload map."""

from __future__ import annotations

from costctl.documents.workload_map import SCHEMA_VERSION, WorkloadMap
from costctl.observation import Question, observed
from costctl.progress import Progress
from costctl.segment.mix import class_mix


def segment(question: Question, progress: Progress) -> WorkloadMap:
    """The mix of classes, and the rules that took them."""
    with observed(question, progress) as observation:
        progress("Sorting requests into classes", None)
        requests = observation.engine.fetch("requests")
        classes = class_mix(requests, observation.engine.fetch("request_class"))
        return WorkloadMap(
            schema_version=SCHEMA_VERSION,
            provenance=observation.provenance({"classes": "ordered rules, first match"}),
            requests=requests.height,
            classes=classes,
        )
