"""``costctl segment``: the workload map, classes and the rules that made them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from costctl.cli import options
from costctl.cli.output import write_text
from costctl.cli.progress import progress_on_stderr
from costctl.errors import UsageError

if TYPE_CHECKING:
    from costctl.observation import Question

Learn = Annotated[bool, typer.Option("--learn", help="Propose classes, and rules for them, from the traces.")]
RulesOut = Annotated[
    Path | None, typer.Option("--rules-out", help="With --learn: write the rules to this file, for --rules.")
]


def run(
    paths: options.Paths = None,
    store: options.Store = None,
    config: options.Config = None,
    rules: options.Rules = None,
    mapping: options.Mapping = None,
    learn: Learn = False,
    rules_out: RulesOut = None,
    form: options.Format = options.TabularFormat.TABLE,
    out: options.Out = None,
    since: options.Since = None,
    until: options.Until = None,
    seed: options.Seed = 0,
    quiet: options.Quiet = False,
    debug: options.Debug = False,  # read by cli.app
) -> None:
    """Which shapes of requests there are, how many of each, and which rule took them.

    With PATHs they are ingested first: into --store, or, without one, into a temporary store.
    """
    from costctl import workflow
    from costctl.cli.render import workload_map
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
        seed=seed,
    )
    if rules_out is not None and not learn:
        raise UsageError(
            "--rules-out has no rules to write.",
            why="Only --learn makes rules.",
            next_step="Add --learn, or leave --rules-out out.",
        )
    if learn:
        _learn(question, form, out, rules_out, quiet)
        return
    with progress_on_stderr(is_quiet=quiet) as progress:
        document = workflow.segment(question, progress)
    write_text(rendered(document, form, workload_map.sections, workload_map.csv_text), out)


def _learn(
    question: Question, form: options.TabularFormat, out: Path | None, rules_out: Path | None, quiet: bool
) -> None:
    from costctl import workflow
    from costctl.cli.render import taxonomy
    from costctl.cli.render.document import rendered

    with progress_on_stderr(is_quiet=quiet) as progress:
        document = workflow.learn(question, progress)
    if rules_out is not None:
        write_text(document.rules_toml, rules_out)
    write_text(rendered(document, form, taxonomy.sections, taxonomy.csv_text), out)
