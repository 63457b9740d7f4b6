"""Tasks and sessions: steps, loops, and the cost of completed work."""

from __future__ import annotations

from costctl.behaviour.sessions import sessions_of
from costctl.documents.sessions import SCHEMA_VERSION, Sessions
from costctl.observation import Question, observed
from costctl.progress import Progress

METHODS = {
    "loops": "the same step in three rounds in a row, or the same question in three rounds",
    "cost": "charges of all attempts / completed tasks",
}


def segment_sessions(question: Question, progress: Progress) -> Sessions:
    """Steps per task, loops, and what a completed task and a completed session cost."""
    with observed(question, progress) as observation:
        progress("Analyzing tasks and sessions", None)
        fetch = observation.engine.fetch
        report = sessions_of(
            fetch("requests"),
            fetch("request_class"),
            fetch("request_steps"),
            fetch("request_usd"),
            fetch("sessions"),
        )
        return Sessions(
            schema_version=SCHEMA_VERSION, provenance=observation.provenance(METHODS), report=report
        )
