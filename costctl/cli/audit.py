"""``costctl audit``: what was done with a store, by whom and with what, and whether that record is whole."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from costctl.cli import options
from costctl.cli.groups import grouped
from costctl.cli.options import Feedback, Screened
from costctl.cli.output import write_text
from costctl.config import DEFAULT_STORE
from costctl.documents.audit import Act
from costctl.errors import ExitCode, UsageError


class AskedAct(StrEnum):
    """What was done."""

    INGEST = "ingest"
    ANALYSIS = "analysis"
    RECOMMENDATION = "recommendation"
    REVIEW = "review"
    CHECK = "check"
    EMIT = "emit"
    EXPORT = "export"
    DELETION = "deletion"


app = typer.Typer(
    help="Show and verify the record of what was done with a store.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.callback()
def root() -> None:
    """Show and verify the record of what was done with a store."""


@app.command("show")
@grouped
def show(
    *,
    act: Annotated[
        AskedAct | None,
        typer.Option("--act", help="Only what was done of this kind.", show_default=False),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(
            "--since",
            metavar="TIME",
            help="Only what was done at or after this time: RFC 3339 (UTC if no zone), or an age such as 7d.",
        ),
    ] = None,
    until: Annotated[
        str | None, typer.Option("--until", metavar="TIME", help="Only what was done before this time.")
    ] = None,
    head: Annotated[
        bool,
        typer.Option("--head", help="Print the digest of the last entry alone, to note it elsewhere."),
    ] = False,
    store: options.Store = None,
    wait: options.Wait = None,
    screened: Screened,
    debug: options.Debug = False,  # read by cli/app.py
) -> None:
    """Show what was done with a store: who, when, with what, and what came of it.

    Loading, analyses, recommendations, reviews, checks, emitted policies, exports and deletions are recorded beside the
    store, the newest first here. [audit] in costctl.toml says what is kept.
    """
    from costctl import verbs
    from costctl.render import audit, audit_screen

    path, wait_s = store or DEFAULT_STORE, options.seconds(wait, "--wait")
    if head:
        _refuse_filters(act, since, until)
        write_text(verbs.audit_head(path, wait_s), screened.out)
        return
    kind: Act | None = None if act is None else act.value
    document = verbs.audit_show(path, since=since, until=until, act=kind, wait_s=wait_s)
    screened.show(document, audit_screen.screen, audit.sections, audit.csv_text)


@app.command("verify")
@grouped
def verify(
    *,
    head: Annotated[
        str | None,
        typer.Option(
            "--head",
            metavar="DIGEST",
            help="A digest that `costctl audit show --head` printed before: its entry must still be there.",
            show_default=False,
        ),
    ] = None,
    files: Annotated[
        bool,
        typer.Option("--files", help="Also read the files that it names, and say which were changed since."),
    ] = False,
    store: options.Store = None,
    wait: options.Wait = None,
    screened: Screened,
    feedback: Feedback,
) -> None:
    """Verify the record of a store; exit with 1 if an entry was changed, removed, inserted or moved.

    Every entry holds the digest of the one before it, and the last one is kept beside them. Only a digest that was
    noted elsewhere tells a record that was written anew: give it to --head. Files that were changed since are said, and
    are no fault of the record.
    """
    from costctl import verbs
    from costctl.render import audit, audit_screen

    wait_s = options.seconds(wait, "--wait")
    with feedback.progress() as progress:
        document = verbs.audit_verify(
            store or DEFAULT_STORE, progress, head=head, with_files=files, wait_s=wait_s
        )
    screened.show(
        document, audit_screen.verification_screen, audit.verification_sections, audit.verification_csv
    )
    if not document.is_whole:
        raise typer.Exit(int(ExitCode.GATE_BREACHED))


def _refuse_filters(*asked: object) -> None:
    if any(each is not None for each in asked):
        raise UsageError(
            "--head cannot be combined with --act, --since or --until.",
            why="It is the digest of the last entry of all.",
            next_step="Omit the others.",
        )
