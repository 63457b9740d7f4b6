"""A class on one pool that another could serve too, studied as a user would: from traces and settings on disk."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from costctl.documents.recommendations import Recommendation
from costctl.documents.settings import Settings
from costctl.frames.cost import Frames
from costctl.observation import Question, observed
from costctl.recommend.evaluator import evaluated
from costctl.recommend.kinds import tier_placement
from costctl.recommend.study import Study, study_of
from costctl.service_model.pool_fit import PoolFits
from costctl.synth.presets import sample_world
from costctl.synth.world import ClassSpec, PoolSpec, Spread, Step, World
from costctl.verbs.analyze import fits_of, frames_of, with_reuse
from tests.conftest import unwatched
from tests.synth.written_worlds import SETTINGS, TRACES, written


def pool(name: str, usd_per_replica_hour: float) -> PoolSpec:
    return PoolSpec(name, f"model-{name}", False, 0.02, 0.0005, 2e-5, 2, 16, 0.0, usd_per_replica_hour, name)


def class_of(name: str, on: str, answer: int, others: tuple[str, ...] = ()) -> ClassSpec:
    call = Step(
        "call",
        pool=on,
        tokens=Spread(300, 0.3, 50, 900),
        answer=Spread(answer, 0.15, answer // 2, 2 * answer),
    )
    models = tuple(f"model-{each}" for each in others)
    return ClassSpec(name, 0.5, (call,), f"/v1/{name}", e2e_p95="60s", failure_ratio=0.0, other_models=models)


CHAT_MAY_MOVE = (class_of("chat", "dear", 100, ("plain",)), class_of("long_generation", "plain", 800))
LONG_MAY_MOVE = (class_of("long_generation", "dear", 800, ("plain",)), class_of("chat", "plain", 100))


def world(plain_usd: float, dear_usd: float, classes: tuple[ClassSpec, ClassSpec] = CHAT_MAY_MOVE) -> World:
    """A class on the pool called dear, which the pool called plain could serve too; another is there already."""
    return replace(
        sample_world(3),
        hours=0.6,
        requests=700,
        pools=(pool("dear", dear_usd), pool("plain", plain_usd)),
        classes=classes,
        day_swing=0.0,
        bursts=0,
    )


def spans_in(line: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """A line of a file of traces, and the spans in it."""
    export = json.loads(line)
    scopes = [scope for each in export["resourceSpans"] for scope in each["scopeSpans"]]
    return export, [span for scope in scopes for span in scope["spans"]]


@dataclass(frozen=True)
class Watched:
    """A world as it was observed, to be studied under any settings of prices and places."""

    frames: Frames
    fits: PoolFits
    settings: Settings

    def studied(self, settings: Settings | None = None) -> Study:
        """The study of it."""
        found = study_of(self.frames, self.fits, self.settings if settings is None else settings, 0)
        assert found is not None
        return found


def as_it_is(span: dict[str, Any]) -> None:
    """Nothing is changed of the span."""
    del span


def asked_about(
    made: World,
    folder: Path,
    *edits: tuple[str, str],
    of_span: Callable[[dict[str, Any]], None] = as_it_is,
) -> Question:
    """A world whose operators write the settings a little otherwise: text there, and in its place; and every span of
    which is changed in place.
    """
    question = written(made, folder)
    exports = [spans_in(line) for line in (folder / TRACES).read_text(encoding="utf-8").splitlines()]
    for _, spans in exports:
        for span in spans:
            of_span(span)
    lines = "".join(json.dumps(export) + "\n" for export, _ in exports)
    (folder / TRACES).write_text(lines, encoding="utf-8")
    text = (folder / SETTINGS).read_text(encoding="utf-8")
    for old, new in edits:
        assert old in text
        text = text.replace(old, new)
    (folder / SETTINGS).write_text(text, encoding="utf-8")
    return question


def watched(question: Question) -> Watched:
    """What is seen of it, to be studied under any settings."""
    with observed(question, unwatched) as observation:
        frames = with_reuse(observation, frames_of(observation, unwatched), unwatched)
        return Watched(frames, fits_of(observation, frames, unwatched), observation.config.settings)


def studied(made: World, folder: Path, *edits: tuple[str, str]) -> Study:
    """The study of such a world under the settings that are written."""
    return watched(asked_about(made, folder, *edits)).studied()


def advice(study: Study) -> list[Recommendation]:
    return [evaluated(study, each) for each in tier_placement.propose(study)]
