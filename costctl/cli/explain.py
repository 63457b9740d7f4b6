"""``costctl explain``: one request, or one class, through every relation."""

from __future__ import annotations

from typing import Annotated

import typer

from costctl.cli import options
from costctl.cli.output import write_document
from costctl.cli.progress import progress_on_stderr


def run(
    asked: Annotated[
        str,
        typer.Argument(
            metavar="ID",
            help="A trace id or its first digits (6 or more), TRACE_ID:SPAN_ID, or the name of a class.",
            show_default=False,
        ),
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
    """One request from its spans to its charges, or one class: its rules, and requests that stand for it.

    Every rule is tried in order, and where it does not hold, the bound and the value that was found are named.
    """
    from costctl import verbs
    from costctl.observation import Question
    from costctl.render import explanation

    with progress_on_stderr(is_quiet=quiet) as progress:
        question = Question(store=store, config=config, rules=rules, since=since, until=until, last=last)
        document = verbs.explain(asked, question, progress)
    write_document(document, form, explanation.sections, explanation.csv_text, out)
