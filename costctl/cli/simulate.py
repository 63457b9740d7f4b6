"""``costctl simulate``: the same requests under other settings, at another load, beside today."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from costctl.cli import options
from costctl.cli.output import write_document
from costctl.cli.progress import progress_on_stderr


def run(
    paths: options.Paths = None,
    policy: Annotated[
        Path | None, typer.Option("--policy", help="A policy document, JSON or YAML, as `emit` writes it.")
    ] = None,
    assignments: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            help="A setting, over the policy's: pool.gpu.replicas=3, class.chat.queue.limit=20, "
            "class.chat.queue.max_wait=2s, class.chat.lane=1. May be given again.",
        ),
    ] = None,
    load: Annotated[
        str | None, typer.Option("--load", help="Requests over those of today, such as 1.5x.")
    ] = None,
    failures: Annotated[
        list[str] | None,
        typer.Option(
            "--fail",
            metavar="POOL:REPLICAS@TIME",
            help="Replicas that fail, such as gpu:2@14:00 or gpu:2@14:00-14:30 (UTC). May be given again.",
        ),
    ] = None,
    store: options.Store = None,
    config: options.Config = None,
    rules: options.Rules = None,
    mapping: options.Mapping = None,
    form: options.Format = options.TabularFormat.TABLE,
    out: options.Out = None,
    since: options.Since = None,
    until: options.Until = None,
    last: options.Last = None,
    seed: options.Seed = 0,
    quiet: options.Quiet = False,
    debug: options.Debug = False,  # read by cli.app
) -> None:
    """What the same requests would have met under other settings or another load, beside today.

    Without --policy, --set, --load and --fail it shows how well a replay of today reproduces what was observed. With
    PATHs they are ingested first: into --store, or, without one, into a temporary store.
    """
    from costctl import verbs
    from costctl.observation import Question
    from costctl.render import simulation

    with progress_on_stderr(is_quiet=quiet) as progress:
        document = verbs.simulate(
            Question(
                paths=tuple(paths or ()),
                store=store,
                config=config,
                rules=rules,
                mapping=mapping,
                since=since,
                until=until,
                last=last,
                seed=seed,
            ),
            verbs.ScenarioRequest(
                policy=policy,
                assignments=tuple(assignments or ()),
                load=load,
                failures=tuple(failures or ()),
            ),
            progress,
        )
    write_document(document, form, simulation.sections, simulation.csv_text, out)
