"""``costctl ingest``: loads traces and logs into the store."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from costctl.cli import options
from costctl.cli.output import write_document, write_text
from costctl.cli.progress import progress_on_stderr


def run(
    paths: options.Paths = None,
    store: options.Store = None,
    mapping: options.Mapping = None,
    dialect: Annotated[
        list[Path] | None,
        typer.Option("--dialect", help="A TOML file that says what attributes mean; repeatable."),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(
            help="Only spans that start at or after this instant (RFC 3339, UTC), or so long before now, as 7d."
        ),
    ] = None,
    until: Annotated[
        str | None, typer.Option(help="Only spans that start before this instant, or so long before now.")
    ] = None,
    last: Annotated[
        str | None, typer.Option(help="Only spans of the last 7d, 12h, …, counted back from now.")
    ] = None,
    follow: Annotated[
        bool, typer.Option("--follow", help="Go on with what is written to the files, until Ctrl-C.")
    ] = False,
    propose_mapping: Annotated[
        Path | None,
        typer.Option("--propose-mapping", help="Draft a mapping for this log on stdout, and load nothing."),
    ] = None,
    wait: options.Wait = None,
    keep_content: options.KeepContent = False,
    strict: options.Strict = False,
    form: options.Format = options.TabularFormat.TABLE,
    out: options.Out = None,
    quiet: options.Quiet = False,
    debug: options.Debug = False,  # read by cli.app
) -> None:
    """Load traces and logs into the store. Loading the same data twice adds nothing."""
    from costctl import verbs
    from costctl.cli.until_interrupted import interrupted
    from costctl.render import ingestion

    if propose_mapping is not None:
        write_text(verbs.propose_mapping(str(propose_mapping)), out)
        return
    request = verbs.IngestRequest(
        paths=tuple(paths or ()),
        store=store or options.DEFAULT_STORE,
        mapping=mapping,
        dialects=tuple(str(path) for path in dialect or ()),
        keep_content=keep_content,
        since=since,
        until=until,
        last=last,
        wait_s=options.seconds(wait, "--wait"),
    )
    with progress_on_stderr(is_quiet=quiet) as progress:
        if follow:
            with interrupted() as is_stopped:
                report = verbs.follow(request, progress, is_stopped=is_stopped)
        else:
            report = verbs.ingest(request, progress)
    if report.totals.refused_sources < len(report.sources):
        write_document(report, form, ingestion.sections, ingestion.csv_text, out)
    verbs.refuse_unusable(report)
    if strict:
        verbs.refuse_rejected(report)
