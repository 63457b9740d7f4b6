"""``costctl export``: the window's charges as a FOCUS file for finance, or the classes as a plain table."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from costctl.cli import options
from costctl.cli.output import say_warnings, write_bytes, write_text
from costctl.cli.progress import progress_on_stderr


class ExportFormat(StrEnum):
    """What is exported."""

    FOCUS = "focus"
    CSV = "csv"
    PARQUET = "parquet"


class FocusVersion(StrEnum):
    """Of which FOCUS a FOCUS file is."""

    V1_2 = "1.2"
    V1_4 = "1.4"


class Tenants(StrEnum):
    """How tenants are written."""

    HASHED = "hashed"
    PLAIN = "plain"


class IdleLines(StrEnum):
    """Whose the idle time of a pool is."""

    SEPARATE = "separate"
    WEIGHTED = "weighted"


def run(
    form: Annotated[
        ExportFormat,
        typer.Option(
            "--format",
            help="focus: a FOCUS file, a line a day, resource, class and tenant.  csv, parquet: a row a class.",
        ),
    ] = ExportFormat.FOCUS,
    focus_version: Annotated[
        FocusVersion,
        typer.Option(
            "--focus-version",
            help="The version of FOCUS; 1.2 for what does not read 1.4 yet. The amounts are the same.",
        ),
    ] = FocusVersion.V1_4,
    paths: options.Paths = None,
    idle: Annotated[
        IdleLines,
        typer.Option("--idle", help="Idle time as lines of its own, or loaded on the classes by their use."),
    ] = IdleLines.SEPARATE,
    tenants: Annotated[
        Tenants, typer.Option("--tenants", help="Tenants hashed, or as they are.")
    ] = Tenants.HASHED,
    store: options.Store = None,
    config: options.Config = None,
    rules: options.Rules = None,
    out: options.Out = None,
    since: options.Since = None,
    until: options.Until = None,
    last: options.Last = None,
    seed: options.Seed = 0,
    quiet: options.Quiet = False,
    debug: options.Debug = False,  # read by cli.app
) -> None:
    """Write a FOCUS file for finance, or the classes as CSV or Parquet.

    A name that ends in .parquet makes Parquet of a FOCUS file too. What has no price is not in the file; how much that
    is, is said on stderr.
    """
    from costctl import verbs
    from costctl.observation import Question
    from costctl.render import class_rows, exported

    question = Question(
        paths=tuple(paths or ()),
        store=store,
        config=config,
        rules=rules,
        since=since,
        until=until,
        last=last,
        seed=seed,
    )
    is_parquet = form is ExportFormat.PARQUET or (out is not None and out.suffix == ".parquet")
    with progress_on_stderr(is_quiet=quiet) as progress:
        found = verbs.export(
            question, progress, tenants=tenants.value, is_idle_spread=idle is IdleLines.WEIGHTED
        )
    say_warnings(found.analysis.provenance.warnings)
    if form is ExportFormat.FOCUS:
        for note in found.focus.notes:
            typer.echo(f"Note: {note}", err=True)
        columns = exported.focus_columns(found.focus, focus_version.value)
    else:
        columns = exported.class_columns(found.analysis)
    if is_parquet:
        write_bytes(exported.parquet(columns), out)
    elif form is ExportFormat.FOCUS:
        write_text(exported.focus_csv(found.focus, focus_version.value), out)
    else:
        write_text(class_rows.csv_text(found.analysis), out)
