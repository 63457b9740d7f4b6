"""``costctl simulate``: the same requests under other settings, at another load, beside today."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from costctl.cli import completion
from costctl.cli.groups import grouped
from costctl.cli.options import Asked, Feedback, Screened


@grouped
def run(
    *,
    policy: Annotated[
        Path | None,
        typer.Option(
            "--policy", metavar="FILE", help="A policy document, JSON or YAML, as written by `emit`."
        ),
    ] = None,
    assignments: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            autocompletion=completion.changes,
            help="A setting, which overrides the policy: pool.gpu.replicas=3, class.chat.queue.limit=20, "
            "class.chat.queue.max_wait=2s, class.chat.lane=1; repeatable.",
        ),
    ] = None,
    load: Annotated[
        str | None,
        typer.Option("--load", metavar="FACTOR", help="Load relative to the recorded load, such as 1.5x."),
    ] = None,
    failures: Annotated[
        list[str] | None,
        typer.Option(
            "--fail",
            metavar="POOL:REPLICAS@TIME",
            autocompletion=completion.failing,
            help="Replicas that fail, such as gpu:2@14:00 or gpu:2@14:00-14:30 (UTC); repeatable.",
        ),
    ] = None,
    asked: Asked,
    screened: Screened,
    feedback: Feedback,
) -> None:
    """Replay recorded requests under different settings.

    Without --policy, --set, --load and --fail it shows how accurately the replay reproduces what was recorded.
    PATHs are loaded into the store first; the answer is then about them alone.
    """
    from costctl import verbs
    from costctl.render import simulation, simulation_screen

    request = verbs.ScenarioRequest(
        policy=policy,
        assignments=tuple(assignments or ()),
        load=load,
        failures=tuple(failures or ()),
    )
    with feedback.progress() as progress:
        document = verbs.simulate(asked.question(), request, progress)
    screened.show(document, simulation_screen.screen, simulation.sections, simulation.csv_text)
