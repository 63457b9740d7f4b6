"""Classes learned from the traces: frames are fetched and handed to the inner ring."""

from __future__ import annotations

from costctl.documents.taxonomy import Taxonomy
from costctl.observation import Question, observed
from costctl.progress import Progress


def segment_learn(question: Question, progress: Progress) -> Taxonomy:
    """The classes that the traces fall into, rules for them, and how good they are."""
    from costctl.segment.learn.quality import measured
    from costctl.segment.learn.taxonomy import METHODS, learn_taxonomy

    with observed(question, progress) as observation:
        progress("Loading request features", None)
        fetch = observation.engine.fetch
        request_shape = fetch("request_shape")
        cost = measured(request_shape, fetch("charge"), fetch("calls"), fetch("call_share"))
        return learn_taxonomy(
            request_shape, cost, observation.provenance(METHODS), observation.seed, progress
        )
