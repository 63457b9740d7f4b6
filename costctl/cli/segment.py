"""``costctl segment``: the workload map, classes and the rules that made them; how well a gateway can tell them."""

from __future__ import annotations

from typing import Annotated

import typer

from costctl.cli import options
from costctl.cli.output import write_text
from costctl.cli.progress import progress_on_stderr


def run(
    paths: options.Paths = None,
    store: options.Store = None,
    config: options.Config = None,
    rules: options.Rules = None,
    mapping: options.Mapping = None,
    is_for_admission: Annotated[
        bool,
        typer.Option(
            "--admission",
            help="How well a gateway could tell the classes before anything has run, and by which rules.",
        ),
    ] = False,
    form: options.Format = options.TabularFormat.TABLE,
    out: options.Out = None,
    since: options.Since = None,
    until: options.Until = None,
    quiet: options.Quiet = False,
    debug: options.Debug = False,  # read by cli.app
) -> None:
    """Which shapes of requests there are, how many of each, and which rule took them.

    With PATHs they are ingested first: into --store, or, without one, into a temporary store.
    """
    from costctl import workflow
    from costctl.cli.render import matchability, workload_map
    from costctl.cli.render.document import rendered
    from costctl.observation import Question

    question = Question(
        paths=tuple(paths or ()),
        store=store,
        config=config,
        rules=rules,
        mapping=mapping,
        since=since,
        until=until,
    )
    with progress_on_stderr(is_quiet=quiet) as progress:
        if is_for_admission:
            found = workflow.segment_admission(question, progress)
            text = rendered(found, form, matchability.sections, matchability.csv_text)
        else:
            document = workflow.segment(question, progress)
            text = rendered(document, form, workload_map.sections, workload_map.csv_text)
    write_text(text, out)
