"""``costctl ingest``: loads traces and logs into the store."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from costctl.cli import options, recording
from costctl.cli.groups import grouped
from costctl.cli.options import Feedback, Screened
from costctl.cli.output import write_text
from costctl.config import DEFAULT_STORE


@grouped
def run(
    *,
    paths: options.Paths = None,
    store: options.Store = None,
    config: options.Config = None,
    mapping: options.Mapping = None,
    dialect: Annotated[
        list[Path] | None,
        typer.Option(
            "--dialect", metavar="FILE", help="TOML file that maps custom span attributes; repeatable."
        ),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(
            "--since",
            metavar="TIME",
            help="Only spans that start at or after this time: RFC 3339 (UTC if no zone), or an age such as 7d.",
        ),
    ] = None,
    until: Annotated[
        str | None,
        typer.Option("--until", metavar="TIME", help="Only spans that start before this time."),
    ] = None,
    last: Annotated[
        str | None,
        typer.Option(
            "--last", metavar="DURATION", help="Only spans of the last 7d, 12h, …, counted back from now."
        ),
    ] = None,
    follow: Annotated[
        bool, typer.Option("--follow", help="Follow files as they grow, until Ctrl-C.")
    ] = False,
    propose_mapping: Annotated[
        Path | None,
        typer.Option(
            "--propose-mapping", metavar="FILE", help="Print a draft mapping for this log; ingest nothing."
        ),
    ] = None,
    wait: options.Wait = None,
    keep_content: Annotated[
        bool, typer.Option("--keep-content", help="Store message content.  [default: only its hash]")
    ] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit with 3 if a record was rejected or a file skipped.")
    ] = False,
    screened: Screened,
    feedback: Feedback,
) -> None:
    """Load traces and logs into the store.

    Data that is already in the store is not loaded again.
    """
    from costctl import verbs
    from costctl.cli.until_interrupted import interrupted
    from costctl.render import ingestion, ingestion_screen

    if propose_mapping is not None:
        write_text(verbs.propose_mapping(str(propose_mapping)), screened.out)
        return
    request = verbs.IngestRequest(
        paths=tuple(paths or ()),
        store=store or DEFAULT_STORE,
        mapping=mapping,
        dialects=tuple(str(path) for path in dialect or ()),
        keep_content=keep_content,
        since=since,
        until=until,
        last=last,
        wait_s=options.seconds(wait, "--wait"),
        config=config,
    )
    recording.begin("ingest", request.store, config)
    with feedback.progress() as progress:
        if follow:
            with interrupted() as is_stopped:
                report = verbs.follow(request, progress, is_stopped=is_stopped)
        else:
            report = verbs.ingest(request, progress)
    recording.loaded(report.totals.spans)
    if report.totals.refused_sources + report.totals.skipped_sources < len(report.sources):
        screened.show(report, ingestion_screen.screen, ingestion.sections, ingestion.csv_text)
    verbs.refuse_unusable(report, is_strict=strict)
    if strict:
        verbs.refuse_rejected(report)
