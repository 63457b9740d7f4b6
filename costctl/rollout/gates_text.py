"""The gates of one step as a file that ``costctl check --gates`` reads.

In: what is watched. Out: TOML. A gate waits for its samples: with fewer it cannot say, and exits with 4.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from costctl.documents.policy_plan import PlanStep, Watch
from costctl.documents.setting_names import toml_text
from costctl.rollout.watch import COST, LATENCY, SUCCESS

FILE_NAME: Final = "gates.toml"
_NAMES: Final = {SUCCESS: "success rate", COST: "cost per success", LATENCY: "p95 latency"}


def gates_text(step: PlanStep, judged: Sequence[Watch], *, is_baseline: bool) -> str:
    """The file of a step. judged: what is watched and can be told.  is_baseline: nothing has changed yet, and the gates
    only wait until there is enough to compare with.
    """
    head = [
        f"# Gates of step {step.number}: {step.title}.",
        f"# costctl check --gates {step.folder}/{FILE_NAME}",
        "",
    ]
    gates = [line for each in judged for line in _gate(step, each, is_baseline=is_baseline)]
    if not gates:
        gates = list(_whole(step, is_baseline=is_baseline))
    return "\n".join((*head, *gates)).rstrip("\n") + "\n"


def _gate(step: PlanStep, each: Watch, *, is_baseline: bool) -> Iterable[str]:
    yield "[[gates]]"
    yield f"name = {toml_text(f'step {step.number}: {_NAMES[each.metric]}')}"
    yield f"metric = {toml_text(each.metric)}"
    yield f"class = {toml_text(each.request_class)}"
    if is_baseline:
        yield f"min = {_at_least(each.metric)}"
    elif each.limit == "max":
        yield f"max = {toml_text(f'{each.limit_value:.9g}s')}"
    else:
        yield f"{each.limit} = {each.limit_value!r}"
    if each.samples is not None:
        yield f"min_samples = {each.samples}"
    yield ""


def _whole(step: PlanStep, *, is_baseline: bool) -> Iterable[str]:
    """Of a step that changes nothing for callers: the success rate of all requests together."""
    yield "[[gates]]"
    yield f"name = {toml_text(f'step {step.number}: success rate of all requests')}"
    yield f"metric = {toml_text(SUCCESS)}"
    yield "min = 0.0" if is_baseline else "max_decrease = 0.0"


def _at_least(metric: str) -> str:
    """What every value of the metric is."""
    return '"0s"' if metric == LATENCY else "0.0"
