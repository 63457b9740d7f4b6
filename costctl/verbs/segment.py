"""What the demand is made of: the workload map."""

from __future__ import annotations

from costctl.behaviour.workload_map import METHODS, Charges, Ruled, build_workload_map
from costctl.documents.workload_map import WorkloadMap
from costctl.frames.traffic import Traffic
from costctl.observation import Observation, Question, observed
from costctl.progress import Progress


def segment(question: Question, progress: Progress) -> WorkloadMap:
    """The classes and the rules that took them, where their time goes, and what holds them up."""
    with observed(question, progress) as observation:
        return workload_map_of(observation, progress)


def workload_map_of(observation: Observation, progress: Progress) -> WorkloadMap:
    """The map of what is observed."""
    fetched = {}
    for name in (*Traffic.RELATIONS, "class_cost", "class_charge", "observed_totals", "request_shape"):
        progress(f"Building {name}", None)
        fetched[name] = observation.engine.fetch(name)
    progress("Building the workload map", None)
    rules = observation.engine.query("SELECT * FROM class_rules ORDER BY rule_order")
    return build_workload_map(
        Traffic.of(fetched),
        Charges(
            fetched["class_cost"],
            fetched["class_charge"],
            int(fetched["observed_totals"]["unpriced_requests"][0]),
        ),
        Ruled(fetched["request_shape"], rules),
        observation.config.settings.classes,
        observation.provenance(METHODS),
    )
