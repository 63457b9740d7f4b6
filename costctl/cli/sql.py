"""``costctl sql``: read-only SQL on the store, with every relation by its name."""

from __future__ import annotations

from typing import Annotated

import typer

from costctl.cli import options
from costctl.cli.output import write_text
from costctl.cli.progress import progress_on_stderr


def run(
    query: Annotated[
        str, typer.Argument(help="A SELECT over spans, requests, calls, charge, …", show_default=False)
    ],
    store: options.Store = None,
    config: options.Config = None,
    rules: options.Rules = None,
    form: options.Format = options.TabularFormat.TABLE,
    out: options.Out = None,
    since: options.Since = None,
    until: options.Until = None,
    last: options.Last = None,
    quiet: options.Quiet = False,
    debug: options.Debug = False,  # read by cli.app
) -> None:
    """Select from the store and from any relation that the figures are made of; nothing is changed."""
    from costctl import verbs
    from costctl.observation import Question
    from costctl.render import rows

    with progress_on_stderr(is_quiet=quiet) as progress:
        question = Question(store=store, config=config, rules=rules, since=since, until=until, last=last)
        answer = verbs.select(query, question, progress)
    write_text(rows.rendered(answer, form), out)
