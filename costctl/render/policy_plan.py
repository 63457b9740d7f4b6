"""In which steps a policy is rolled out, for the person who does it.

In: the document. Out: sections: what to do first, how long it takes, when one may go on; then each step.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from typing import Final

from costctl.documents.policy_plan import PlanStage, PlanStep, PolicyPlan, Watch
from costctl.render.cells import NOT_OBSERVED, Cell, Quantity, Row
from costctl.render.numbers import plural, ratio
from costctl.render.sections import Facts, Notes, Section, Table, first
from costctl.render.spreadsheet import as_csv
from costctl.render.view import View

_COLUMNS: Final = ("step", "phase", "what", "exposed", "requests", "days")
_LEFT: Final = frozenset({"phase", "what", "exposed"})
_WATCH_COLUMNS: Final = ("class", "metric", "must hold", "sees a change of", "samples", "requests", "days")
_WATCH_LEFT: Final = frozenset({"class", "metric", "must hold"})
_CHANGE_COLUMNS: Final = ("of", "setting", "before", "after")
_CSV_COLUMNS: Final = (
    "step",
    "phase",
    "folder",
    "title",
    "of",
    "setting",
    "before",
    "after",
    "asks",
    "requests",
    "days",
)
_MOST_STEPS: Final = 9
FOLDER: Final = "rollout"  # where nobody named one
_NOTHING: Final = "nothing"
_LIMITS: Final = {"max_increase": "may not rise", "max_decrease": "may not fall"}


def screen(document: PolicyPlan, view: View, folder: str = FOLDER) -> list[Section]:
    """What to do first, how long it takes, when one may go on. folder: that the plan is written to."""
    head = Facts((("", _headline(document)),))
    if not document.steps:
        return [head]
    shown, hidden = first(document.steps, view.top or _MOST_STEPS)
    table = _table("", shown, is_compact=True)
    more = [Facts((("", f"{plural(hidden, 'more step')}: --detail"),))] if hidden else []
    return [
        head,
        *_warned(document),
        Facts(tuple(_first_step(document, folder))),
        table,
        *more,
        Facts((("Next", _next(document)),)),
    ]


def sections(document: PolicyPlan, folder: str = FOLDER) -> list[Section]:
    """Every step with what changes, how it is exposed, and what must hold before the next. folder: that the plan is
    written to.
    """
    head: list[Section] = [Facts((("", _headline(document)),)), *_warned(document)]
    if not document.steps:
        return head
    steps = [section for step in document.steps for section in step_sections(step)]
    return [
        *head,
        Facts(tuple(_first_step(document, folder))),
        _table("Steps", document.steps, is_compact=False),
        *steps,
    ]


def step_sections(step: PlanStep) -> list[Section]:
    """One step."""
    facts = Facts(tuple(_step_facts(step)))
    found: list[Section] = [Notes(f"Step {step.number}: {step.title}", ()), facts]
    if step.changes:
        rows = tuple(
            (each.of, each.setting, each.before or _NOTHING, each.after or _NOTHING) for each in step.changes
        )
        found.append(
            Table(f"What changes in step {step.number}", _CHANGE_COLUMNS, rows, frozenset(_CHANGE_COLUMNS))
        )
    if step.watches:
        rows_of_watches = tuple(_watch_row(step, each) for each in step.watches)
        found.append(
            Table(f"What must hold in step {step.number}", _WATCH_COLUMNS, rows_of_watches, _WATCH_LEFT)
        )
    return found


def readme(document: PolicyPlan, step: PlanStep, undo: str, folder: str) -> list[Section]:
    """The text beside the files of a step. undo: the folder of the step before.  folder: that of the plan."""
    commands = "\n".join(_commands(document, step, undo, folder))
    return [
        *step_sections(step),
        Notes("Commands, from where the plan was written", (), commands),
        *_warned(document),
    ]


def _commands(document: PolicyPlan, step: PlanStep, undo: str, folder: str) -> Iterator[str]:
    if step.phase == "measure" and not step.changes:
        last_policy = shlex.quote(f"{folder}/{document.steps[-1].folder}/policy.json")
        yield "# label classes where gateways cannot tell them"
        yield f"costctl emit --target otel-collector --policy {last_policy} -o otelcol.yaml"
    for stage in step.stages:
        policy = shlex.quote(f"{folder}/{step.folder}/{stage.policy}")
        if stage.name == "shadow":
            yield f"# {stage.name}"
            yield f"costctl policy verify --policy {policy}"
            continue
        last = f"{stage.days}d" if stage.days else "1d"
        if step.changes:
            yield f"# {stage.name}"
            yield f"costctl emit --target all --policy {policy} --out deployed"
        days = NOT_OBSERVED if stage.days is None else plural(stage.days, "day")
        yield f"# after {days}: go on when this exits with 0"
        yield f"costctl check --gates {shlex.quote(f'{folder}/{step.folder}/gates.toml')} --last {last}"
        yield "# which calls broke the policy: those outside of a data boundary are a reason to undo"
        yield f"costctl policy verify --policy {policy} --last {last}"
    yield "# what the next step is compared with"
    yield f"costctl baseline save --last {_last(step)}"
    if step.changes:
        yield "# undo"
        before = shlex.quote(f"{folder}/{undo}/policy.json")
        yield f"costctl emit --target all --policy {before} --out deployed"


def csv_text(document: PolicyPlan) -> str:
    """A row for each change of each step; a step that changes nothing has one row."""
    return as_csv(_CSV_COLUMNS, [row for step in document.steps for row in _csv_rows(step)])


def _csv_rows(step: PlanStep) -> Iterator[list[str | int | None]]:
    head: list[str | int | None] = [step.number, step.phase, step.folder, step.title]
    tail: list[str | int | None] = [" ".join(step.asks), step.requests, step.days]
    for each in step.changes:
        yield [*head, each.of, each.setting, each.before, each.after, *tail]
    if not step.changes:
        yield [*head, None, None, None, None, *tail]


def _headline(document: PolicyPlan) -> str:
    base, new = document.base.name, document.new.name
    if not document.steps:
        return f"{new} says what {base} says: there is nothing to roll out"
    steps = f"{base} → {new}: {plural(document.settings, 'setting')} in {plural(len(document.steps), 'step')}"
    return f"{steps}; {_length(document)}"


def _length(document: PolicyPlan) -> str:
    if not document.unknown:
        return plural(document.days, "day")
    unknown = f"of {plural(document.unknown, 'step')} the days are not observed"
    return f"at least {plural(document.days, 'day')}, {unknown}" if document.days else f"days {NOT_OBSERVED}"


def _warned(document: PolicyPlan) -> list[Section]:
    return [Facts(tuple(("WARNING", each) for each in document.warnings))] if document.warnings else []


def _first_step(document: PolicyPlan, folder: str) -> Iterator[tuple[str, str]]:
    step = document.steps[0]
    yield "First", f"{step.title} ({step.phase})"
    if step.asks:
        yield "Ask", " ".join(step.asks)
    if step.phase == "measure" and step.watches:
        new = shlex.quote(document.new.name)
        yield (
            "Do",
            f"costctl emit --target otel-collector --policy {new} -o otelcol.yaml · costctl baseline save",
        )
    yield "Go on", _go_on(step, folder)


def _go_on(step: PlanStep, folder: str) -> str:
    days = f"after {plural(step.days, 'day')}, " if step.days else ""
    return (
        f"{days}when costctl check --gates {shlex.quote(f'{folder}/{step.folder}/gates.toml')} exits with 0"
    )


def _next(document: PolicyPlan) -> str:
    base, new = shlex.quote(document.base.name), shlex.quote(document.new.name)
    return f"costctl policy plan {new} --from {base} -o {FOLDER} · --detail"


def _table(title: str, steps: Sequence[PlanStep], *, is_compact: bool) -> Table:
    return Table(
        title,
        _COLUMNS,
        tuple(map(_row, steps)),
        _LEFT,
        is_compact=is_compact,
        least=("requests",),
        warnings=frozenset(place for place, each in enumerate(steps) if each.asks),
    )


def _row(step: PlanStep) -> Row:
    title = f"{step.title} (ask)" if step.asks else step.title
    exposed = ", ".join(each.name for each in step.stages)
    return (
        Quantity(step.number, "count", NOT_OBSERVED),
        step.phase,
        title,
        exposed,
        _requests(step),
        _days(step.days),
    )


def _requests(step: PlanStep) -> Cell:
    if not step.watches:
        return "none"
    return Quantity(step.requests, "count", NOT_OBSERVED)


def _days(days: int | None) -> Cell:
    return Quantity(days, "count", NOT_OBSERVED)


def _step_facts(step: PlanStep) -> Iterator[tuple[str, str]]:
    yield "Phase", step.phase
    for each in step.asks:
        yield "Ask a person", each
    yield "Exposure", step.exposure
    for stage in step.stages:
        yield stage.name, _stage(stage)
    if step.false_alarms_at_most:
        yield (
            "False alarms",
            f"in at most {ratio(step.false_alarms_at_most)} of cases a gate is breached by chance alone",
        )
    if step.too_few:
        yield (
            "Too few",
            (f"{', '.join(step.too_few)}: too few requests within four weeks; no gate waits for them"),
        )


def _stage(stage: PlanStage) -> str:
    if stage.name == "shadow":
        return (
            "nothing is served by it; `costctl policy verify` says which recorded calls would break its rules"
        )
    days = NOT_OBSERVED if stage.days is None else plural(stage.days, "day")
    seen = ", ".join(f"{metric} {ratio(size)}" for metric, size in stage.least_change)
    sees = f"; sees changes of exposed requests from: {seen}" if seen else ""
    return f"{stage.policy}; {days}{sees}"


def _watch_row(step: PlanStep, watch: Watch) -> Row:
    reason = NOT_OBSERVED if watch.reason is None else f"{NOT_OBSERVED}: {watch.reason}"
    return (
        watch.request_class,
        watch.metric,
        _must_hold(step, watch),
        Quantity(watch.change, "ratio", NOT_OBSERVED),
        Quantity(watch.samples, "count", reason, note="" if watch.samples is None else watch.samples_of),
        Quantity(watch.requests, "count", NOT_OBSERVED),
        _days(watch.days),
    )


def _must_hold(step: PlanStep, watch: Watch) -> str:
    if step.phase == "measure":
        return "enough to compare with"
    return _LIMITS.get(watch.limit) or f"at most {Quantity(watch.limit_value, 'set_s', NOT_OBSERVED)}"


def _last(step: PlanStep) -> str:
    return f"{step.stages[-1].days}d" if step.stages[-1].days else "7d"
