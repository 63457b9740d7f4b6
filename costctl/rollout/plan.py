"""The plan: which step comes first, what tells that the next may begin, and how long that takes.

In: two sound policies, what they are called, the baseline. Out: ``Planned``: the document, and the files of each step.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from costctl.documents.analysis import Analysis
from costctl.documents.policy import Policy
from costctl.documents.policy_difference import PolicySide
from costctl.documents.policy_plan import (
    SCHEMA_VERSION,
    PlanBaseline,
    PlanStage,
    PlanStep,
    PolicyPlan,
    Watch,
)
from costctl.policy.bundle import as_text
from costctl.policy.difference import policy_difference
from costctl.policy.mislabelled import reached_by
from costctl.policy.pointers import policy_digest
from costctl.rollout import kinds
from costctl.rollout.exposure import POLICY, Exposure, Part, exposure
from costctl.rollout.gates_text import FILE_NAME, gates_text
from costctl.rollout.order import Kept, Move, moves
from costctl.rollout.partway import named_step
from costctl.rollout.units import Unit
from costctl.rollout.watch import LATENCY, SUCCESS, Sizes, missing_days, watches
from costctl.stats.noninferiority import LEVEL
from costctl.units import S_PER_DAY

MOST_DAYS: Final = 28  # that a stage may take: policies are reviewed after four weeks
BASE: Final = "step-00-base"
_WORSE: Final = (1.0 - LEVEL) / 2.0  # chance that an unchanged metric is named as worse
_FULL_DAY_S: Final = S_PER_DAY
_WITHOUT_WATCH: Final = frozenset(
    {kinds.MEASURE, kinds.BACKEND_ADDED, kinds.BACKEND_GONE, kinds.WIDER, kinds.MOVED, kinds.EXPIRY}
)
_MOST_OWNERS: Final = 2  # named in a title
_LONGEST_NAME: Final = 40  # of a folder, behind its number


@dataclass(frozen=True, slots=True)
class Planned:
    """files: by path within the folder of the plan, all but the texts for people."""

    document: PolicyPlan
    files: dict[str, str]


@dataclass(frozen=True, slots=True)
class Baseline:
    """What is compared with. path: as it was named."""

    path: str
    analysis: Analysis


def plan(
    base: Policy, new: Policy, names: tuple[str, str], baseline: Baseline | None, sizes: Sizes
) -> Planned:
    """The plan. Both policies must be sound."""
    kept = Kept(base, new)
    done = _with_measuring(moves(base, new, kept))
    analysis = None if baseline is None else baseline.analysis
    steps: list[PlanStep] = []
    files = {f"{BASE}/{POLICY}": as_text(base)} if done else {}
    for number, move in enumerate(done, start=1):
        named = _named(move, new, number, is_last=number == len(done))
        shown = exposure(named, lambda policy: kept.holds(policy) and kept.emits(policy))
        step = _step(number, named, shown, _watched(done, named, analysis, sizes))
        steps.append(step)
        files |= {
            f"{step.folder}/{part.file}": as_text(part.policy)
            for part in shown.parts
            if part.name != "shadow"
        }
        files[f"{step.folder}/{FILE_NAME}"] = gates_text(step, _judged(step), is_baseline=_is_measuring(move))
    document = PolicyPlan(
        schema_version=SCHEMA_VERSION,
        base=PolicySide(names[0], base.policy_id, policy_digest(base)),
        new=PolicySide(names[1], new.policy_id, policy_digest(new)),
        baseline=None
        if baseline is None
        else PlanBaseline(baseline.path, baseline.analysis.window, baseline.analysis.totals.requests),
        calls_a_day=_calls_a_day(new),
        steps=tuple(steps),
        settings=len(policy_difference(base, new, names).changes),
        days=sum(each.days or 0 for each in steps),
        unknown=sum(each.days is None for each in steps),
        warnings=tuple(_warnings(steps, baseline)),
    )
    return Planned(document, files)


def _with_measuring(found: Sequence[Move]) -> list[Move]:
    """The steps with measuring before whatever can wait: behind boundaries that narrow, and what these need."""
    narrowed = max((at for at, each in enumerate(found, start=1) if _is_narrowing(each)), default=0)
    if narrowed == len(found):
        return list(found)
    now = found[narrowed].before
    measuring = Move((Unit(kinds.MEASURE, "policy", frozenset()),), now, now, ())
    return [*found[:narrowed], measuring, *found[narrowed:]]


def _named(move: Move, new: Policy, number: int, *, is_last: bool) -> Move:
    """The step with its number in the name of its policy; the last is the newer policy itself."""
    if is_last or move.after is move.before:
        return move
    return Move(move.units, move.before, named_step(move.after, new, number), move.asks)


def _watched(done: Sequence[Move], move: Move, baseline: Analysis | None, sizes: Sizes) -> tuple[Watch, ...]:
    changing = done if _is_measuring(move) else (move,)
    classes = dict.fromkeys(name for each in changing if _is_watched(each) for name in _classes(each))
    found = watches(classes, baseline, sizes, is_slower=any(each.kind.is_slower for each in move.units))
    # What is held to a limit of its own needs nothing to compare with.
    return tuple(each for each in found if each.limit != "max") if _is_measuring(move) else found


def _classes(move: Move) -> Iterator[str]:
    """Names in the analysis of the classes that a step changes, in the order of the newer policy."""
    names = {each.of for each in move.units}
    for kind in (*move.after.classes, *move.before.classes):
        reached = {f"backend {name}" for name in reached_by(kind)}
        if "policy" in names or f"class {kind.id}" in names or names & reached:
            yield kind.request_class


def _step(number: int, move: Move, shown: Exposure, found: tuple[Watch, ...]) -> PlanStep:
    changes = policy_difference(move.before, move.after, ("before", "after")).changes
    told = [each for each in found if each.days is not None and each.days <= MOST_DAYS]
    too_few = tuple(
        dict.fromkeys(each.request_class for each in found if each.days is not None and each.days > MOST_DAYS)
    )
    days = _days(move, found, told)
    compared = () if _is_measuring(move) else found
    stages = tuple(_stage(each, days, compared) for each in shown.parts)
    looks = sum(each.name != "shadow" for each in shown.parts) * len([each for each in found if each in told])
    known = [each.days for each in stages]
    return PlanStep(
        number=number,
        folder=_folder(number, move),
        phase=move.units[0].kind.phase,
        title=_title(move),
        digest=policy_digest(move.after),
        changes=changes,
        asks=move.asks,
        divided_by=shown.divided_by,
        exposure=shown.words,
        stages=stages,
        watches=found,
        too_few=too_few,
        requests=max((each.requests for each in told if each.requests is not None), default=None),
        days=None if None in known else sum(each or 0 for each in known),
        false_alarms_at_most=0.0 if _is_measuring(move) else min(1.0, looks * _WORSE),
    )


def _days(move: Move, found: Sequence[Watch], told: Sequence[Watch]) -> int | None:
    """Of each stage that is waited for; None where it is not known of any class that is watched."""
    if not found:
        return 0
    if _is_measuring(move):
        missing = [missing_days(each) for each in told]
        return max(1, *(each for each in missing if each is not None)) if missing else None
    return max((each.days for each in told if each.days is not None), default=None)


def _stage(part: Part, days: int | None, found: Sequence[Watch]) -> PlanStage:
    least: dict[str, float] = {}
    for each in found:
        # A mean moves by the share of the requests that do; a percentile does not.
        if part.share == 1.0 or (part.share and each.metric != LATENCY):
            size = each.change / part.share
            least[each.metric] = min(1.0, size) if each.metric == SUCCESS else size
    return PlanStage(
        name=part.name,
        share=part.share,
        policy=part.file,
        days=0 if part.name == "shadow" else days,
        least_change=tuple(least.items()),
    )


def _judged(step: PlanStep) -> list[Watch]:
    """What the gates of a step are about: all but what would take too long."""
    return [each for each in step.watches if each.days is None or each.days <= MOST_DAYS]


def _title(move: Move) -> str:
    first, *others = dict.fromkeys(each.kind.title for each in move.units)
    titles = " and ".join((first, *(f"{each[0].lower()}{each[1:]}" for each in others)))
    owners = _owners(move)
    more = len(owners) - _MOST_OWNERS
    named = ", ".join(owners[:_MOST_OWNERS]) + (f" and {more} more" if more > 0 else "")
    return f"{titles}: {named}" if owners else titles


def _folder(number: int, move: Move) -> str:
    """The number, what the step is about and, if it is one, whose."""
    owners = _owners(move)
    words = " ".join((move.units[0].kind.name, *(owners if len(owners) == 1 else ())))
    return f"step-{number:02d}-{re.sub(r'[^A-Za-z0-9]+', '-', words)[:_LONGEST_NAME].strip('-')}"


def _owners(move: Move) -> list[str]:
    """Ids of the classes and backends that change."""
    return list(dict.fromkeys(each.of.partition(" ")[2] for each in move.units if each.of != "policy"))


def _is_measuring(move: Move) -> bool:
    return move.units[0].kind is kinds.MEASURE


def _is_watched(move: Move) -> bool:
    """Whether anything changes for callers."""
    return any(each.kind not in _WITHOUT_WATCH for each in move.units)


def _is_narrowing(move: Move) -> bool:
    return any(each.kind is kinds.NARROWER for each in move.units)


def _calls_a_day(policy: Policy) -> tuple[tuple[str, float], ...]:
    """By class, from the period that the policy rests on."""
    info = policy.generated
    if info.observed_from is None or info.observed_to is None:
        return ()
    length = datetime.fromisoformat(info.observed_to) - datetime.fromisoformat(info.observed_from)
    days = length.total_seconds() / S_PER_DAY
    if days <= 0.0:
        return ()
    return tuple((each.id, each.calls / days) for each in policy.classes if each.calls is not None)


def _warnings(steps: Sequence[PlanStep], baseline: Baseline | None) -> Iterator[str]:
    if baseline is None:
        if steps:
            yield (
                "No baseline was given: how many requests each gate needs, and how long that takes, is not observed. "
                "Save one with `costctl baseline save`, and pass it with --baseline."
            )
        return
    if baseline.analysis.window.seconds < _FULL_DAY_S:
        yield (
            "The baseline is shorter than a day: requests a day are told at its rate, which leaves out the rhythm of a "
            "day. Save one over at least a week."
        )
    watched = [each for step in steps for each in step.watches]
    alike = max((each.design_effect or 1.0 for each in watched), default=1.0)
    if alike > 1.0:
        yield (
            "Cost per success is counted by session. How alike the success and the latency of requests of one session "
            f"are is not observed: if wholly, up to {alike:.1f} times as many requests are needed."
        )
