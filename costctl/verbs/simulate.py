"""What today's requests would have met under a scenario: frames fetched, service models fitted, and both replayed.

Replay and statistics are imported where they are needed: compiled code takes a second to load.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from costctl.documents.simulation import Simulation
from costctl.observation import Question, observed
from costctl.progress import Progress
from costctl.verbs.analyze import fits_of, frames_of, with_reuse
from costctl.verbs.policy import policy_at


@dataclass(frozen=True, slots=True)
class ScenarioRequest:
    """A scenario as it was asked for. assignments: KEY=VALUE.  settings: key → value in the lever's unit, or text.
    load: a number, or text such as 1.5x.  failures: such as gpu:1@14:00.
    """

    policy: Path | None = None
    assignments: tuple[str, ...] = ()
    settings: Mapping[str, object] = field(default_factory=dict)
    load: str | float | None = None
    failures: tuple[str, ...] = ()


def simulate(question: Question, request: ScenarioRequest, progress: Progress) -> Simulation:
    """The scenario beside today, and how far its replay can be trusted. A policy must pass its checks, as for emit."""
    from costctl.policy.soundness import require_sound
    from costctl.scenario.document import METHODS, Asked, build_simulation

    policy = None if request.policy is None else policy_at(request.policy)
    if policy is not None:
        require_sound(policy)
    with observed(question, progress) as observation:
        frames = with_reuse(observation, frames_of(observation, progress), progress)
        return build_simulation(
            frames,
            observation.config.settings,
            fits_of(observation, frames, progress, with_untimed=True),
            Asked(policy, request.assignments, request.settings, request.load, request.failures),
            observation.provenance(METHODS),
            observation.seed,
            progress,
        )
