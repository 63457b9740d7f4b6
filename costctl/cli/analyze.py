"""``costctl analyze``: cost and behaviour per class."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from costctl.cli import options
from costctl.cli.output import write_document
from costctl.cli.progress import progress_on_stderr


class IdleRow(StrEnum):
    """Where idle time is in the bill."""

    SEPARATE = "separate"
    WEIGHTED = "weighted"
    NONE = "none"


def run(
    paths: options.Paths = None,
    store: options.Store = None,
    config: options.Config = None,
    rules: options.Rules = None,
    mapping: options.Mapping = None,
    idle: Annotated[
        IdleRow,
        typer.Option(
            "--idle",
            help="Idle time in the bill: a row of its own, loaded on the classes by their use, or left out.",
        ),
    ] = IdleRow.SEPARATE,
    form: options.Format = options.TabularFormat.TABLE,
    out: options.Out = None,
    since: options.Since = None,
    until: options.Until = None,
    last: options.Last = None,
    prices_as_of: Annotated[
        str | None,
        typer.Option(
            "--prices-as-of", help="Price every call by the prices of this day, such as 2026-11-24."
        ),
    ] = None,
    seed: options.Seed = 0,
    quiet: options.Quiet = False,
    debug: options.Debug = False,  # read by cli.app
) -> None:
    """What each class of request costs and where its time goes.

    With PATHs they are ingested first: into --store, or, without one, into a temporary store.
    """
    from costctl import verbs
    from costctl.observation import Question
    from costctl.render import analysis, class_rows

    with progress_on_stderr(is_quiet=quiet) as progress:
        document = verbs.analyze(
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
                prices_as_of=prices_as_of,
            ),
            progress,
            idle.value,
        )
    write_document(document, form, analysis.sections, class_rows.csv_text, out)
