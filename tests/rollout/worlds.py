"""Pairs of policies, and what is planned from one to the other."""

from __future__ import annotations

from typing import Any

from msgspec import json, structs

from costctl.documents.analysis import Analysis
from costctl.documents.policy import Policy
from costctl.documents.policy_plan import PlanStep
from costctl.rollout.plan import Baseline, Planned, plan
from costctl.rollout.watch import Sizes

NAMES = ("base.json", "new.json")
SIZES = Sizes(change=0.1, drop=0.02)


def planned(base: Policy, new: Policy, analysis: Analysis | None = None) -> Planned:
    """The plan of a pair."""
    baseline = None if analysis is None else Baseline("baseline.json", analysis)
    return plan(base, new, NAMES, baseline, SIZES)


def policy_in(found: Planned, path: str) -> Policy:
    """A policy of the folder."""
    return json.decode(found.files[path], type=Policy)


def policies_in(found: Planned) -> list[Policy]:
    """The policy before the first step, and after each."""
    folders = ["step-00-base", *(each.folder for each in found.document.steps)]
    return [policy_in(found, f"{folder}/policy.json") for folder in folders]


def with_class(policy: Policy, number: int, **settings: Any) -> Policy:
    """The policy with settings of one class changed."""
    changed = structs.replace(policy.classes[number], **settings)
    classes = (*policy.classes[:number], changed, *policy.classes[number + 1 :])
    return structs.replace(policy, classes=classes)


def kinds_of(steps: tuple[PlanStep, ...]) -> list[str]:
    """What each step is about, as its folder says it."""
    return [each.folder.split("-", 2)[2] for each in steps]
