"""``costctl segment``: the map of the workload, or one question about it: which classes are there to be learned, how
well could a gateway tell them, what do tasks and sessions take.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from costctl.cli import options
from costctl.cli.output import write_document, write_text
from costctl.cli.progress import progress_on_stderr
from costctl.errors import UsageError

if TYPE_CHECKING:
    from types import ModuleType

Learn = Annotated[bool, typer.Option("--learn", help="Propose classes, and rules for them, from the traces.")]
RulesOut = Annotated[
    Path | None, typer.Option("--rules-out", help="With --learn: write the rules to this file, for --rules.")
]
Admission = Annotated[
    bool,
    typer.Option(
        "--admission",
        help="How well a gateway could tell the classes before anything has run, and by which rules.",
    ),
]
Sessions = Annotated[
    bool, typer.Option("--sessions", help="Steps per task, loops, and cost per completed task and session.")
]


def run(
    paths: options.Paths = None,
    store: options.Store = None,
    config: options.Config = None,
    rules: options.Rules = None,
    mapping: options.Mapping = None,
    learn: Learn = False,
    rules_out: RulesOut = None,
    admission: Admission = False,
    sessions: Sessions = False,
    form: options.Format = options.TabularFormat.TABLE,
    out: options.Out = None,
    since: options.Since = None,
    until: options.Until = None,
    last: options.Last = None,
    seed: options.Seed = 0,
    quiet: options.Quiet = False,
    debug: options.Debug = False,  # read by cli.app
) -> None:
    """Which shapes of requests there are, how many of each, where their time goes, and which rule took them.

    With PATHs they are ingested first: into --store, or, without one, into a temporary store.
    """
    from costctl.observation import Question

    asked = [name for name, is_asked in _flags(learn, admission, sessions).items() if is_asked]
    _refuse_contradictions(asked, rules_out)
    made, renderer = _view(asked[0] if asked else None)
    question = Question(
        paths=tuple(paths or ()),
        store=store,
        config=config,
        rules=rules,
        mapping=mapping,
        since=since,
        until=until,
        last=last,
        seed=seed,
    )
    with progress_on_stderr(is_quiet=quiet) as progress:
        document = made(question, progress)
    if rules_out is not None:
        write_text(document.rules_toml, rules_out)
    write_document(document, form, renderer.sections, renderer.csv_text, out)


def _flags(learn: bool, admission: bool, sessions: bool) -> dict[str, bool]:
    return {"--learn": learn, "--admission": admission, "--sessions": sessions}


def _view(flag: str | None) -> tuple[Callable[..., Any], ModuleType]:
    """What makes the document, and what renders it."""
    from costctl import verbs
    from costctl.render import admission_accuracy, sessions, taxonomy, workload_map

    views: dict[str | None, tuple[Callable[..., Any], ModuleType]] = {
        None: (verbs.segment, workload_map),
        "--learn": (verbs.learn, taxonomy),
        "--admission": (verbs.segment_admission, admission_accuracy),
        "--sessions": (verbs.sessions, sessions),
    }
    return views[flag]


def _refuse_contradictions(asked: list[str], rules_out: Path | None) -> None:
    if len(asked) > 1:
        raise UsageError(
            f"{' and '.join(asked)} ask for different documents.",
            why="A run of segment prints one.",
            next_step="Give one of them, and run the other on the same --store.",
        )
    if rules_out is not None and asked != ["--learn"]:
        raise UsageError(
            "--rules-out has no rules to write.",
            why="Only --learn makes rules.",
            next_step="Add --learn, or leave --rules-out out.",
        )
