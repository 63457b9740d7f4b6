"""``costctl segment``: the workload by class, or one view of it: learned classes, admission accuracy, sessions."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from costctl.cli.groups import grouped
from costctl.cli.options import Asked, Feedback, Screened
from costctl.cli.output import write_text
from costctl.errors import UsageError

if TYPE_CHECKING:
    from types import ModuleType

Learn = Annotated[bool, typer.Option("--learn", help="Propose classes and rules from the traces.")]
RulesOut = Annotated[
    Path | None,
    typer.Option(
        "--rules-out", metavar="FILE", help="With --learn: write the rules to this file, for --rules."
    ),
]
Admission = Annotated[
    bool,
    typer.Option("--admission", help="Evaluate how accurately a gateway can classify requests on arrival."),
]
Sessions = Annotated[
    bool,
    typer.Option("--sessions", help="Show steps per task, loops, and cost per completed task and session."),
]


@grouped
def run(
    *,
    learn: Learn = False,
    rules_out: RulesOut = None,
    admission: Admission = False,
    sessions: Sessions = False,
    asked: Asked,
    screened: Screened,
    feedback: Feedback,
) -> None:
    """Show the workload by class: traffic, time, bottlenecks.

    PATHs are loaded into the store first; the answer is then about them alone.
    """
    views = [name for name, is_asked in _flags(learn, admission, sessions).items() if is_asked]
    _refuse_contradictions(views, rules_out)
    made, screen, renderer = _view(views[0] if views else None)
    with feedback.progress() as progress:
        document = made(asked.question(), progress)
    if rules_out is not None:
        write_text(document.rules_toml, rules_out)
    screened.show(document, screen, renderer.sections, renderer.csv_text)


def _flags(learn: bool, admission: bool, sessions: bool) -> dict[str, bool]:
    return {"--learn": learn, "--admission": admission, "--sessions": sessions}


def _view(flag: str | None) -> tuple[Callable[..., Any], Callable[..., Any], ModuleType]:
    """What makes the document, its first screen, and what renders the rest."""
    from costctl import verbs
    from costctl.render import admission_accuracy, sessions, taxonomy, workload_map
    from costctl.render.admission_screen import screen as admission_screen
    from costctl.render.sessions_screen import screen as sessions_screen
    from costctl.render.taxonomy_screen import screen as taxonomy_screen
    from costctl.render.workload_screen import screen as workload_screen

    views: dict[str | None, tuple[Callable[..., Any], Callable[..., Any], ModuleType]] = {
        None: (verbs.segment, workload_screen, workload_map),
        "--learn": (verbs.segment_learn, taxonomy_screen, taxonomy),
        "--admission": (verbs.segment_admission, admission_screen, admission_accuracy),
        "--sessions": (verbs.segment_sessions, sessions_screen, sessions),
    }
    return views[flag]


def _refuse_contradictions(views: list[str], rules_out: Path | None) -> None:
    if len(views) > 1:
        raise UsageError(
            f"{' and '.join(views)} cannot be combined.",
            why="Each of them prints a different document.",
            next_step="Run segment once for each, on the same --store.",
        )
    if rules_out is not None and views != ["--learn"]:
        raise UsageError(
            "--rules-out needs --learn.",
            why="Only --learn produces rules.",
            next_step="Add --learn, or remove --rules-out.",
        )
