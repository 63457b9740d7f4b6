"""A world as a log of calls is read by costctl, and holds the calls that its spans hold."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from costctl import verbs
from costctl.observation import Question
from costctl.progress import silent
from costctl.synth import write
from costctl.synth.presets import sample_world
from costctl.synth.world import World


def a_few_minutes(_name: str, seed: int) -> World:
    classes = tuple(each for each in sample_world(seed).classes if each.name == "classification")
    return replace(sample_world(seed), hours=0.02, requests=1500.0, bursts=0, classes=classes)


def test_both_forms_hold_the_same_calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(write, "_named", a_few_minutes)
    counts = []
    for form in ("otlp", "log"):
        traces, settings, truth = write.synthesize("sample", 3, tmp_path / form, form, silent)
        assert truth.stat().st_size > 100
        document = verbs.analyze(Question(paths=(str(traces),), config=settings), silent)
        counts.append(sum(each.attempts for each in document.classes))
    assert counts[0] == counts[1] > 10
