"""``costctl store``: what the store holds, and how it is kept small."""

from __future__ import annotations

from typing import Annotated

import typer

from costctl.cli import options, recording
from costctl.cli.groups import grouped
from costctl.cli.options import Feedback, Screened
from costctl.cli.output import write_text
from costctl.config import DEFAULT_STORE

app = typer.Typer(help="Inspect and clean up the store.", no_args_is_help=True, rich_markup_mode=None)


@app.callback()
def root() -> None:
    """Inspect and clean up the store."""


@app.command("info")
@grouped
def info(
    *,
    store: options.Store = None,
    wait: options.Wait = None,
    screened: Screened,
    feedback: Feedback,
) -> None:
    """Show what the store contains, by source."""
    from costctl import verbs
    from costctl.render import store_info, store_screen

    with feedback.progress() as progress:
        found = verbs.store_info(store or DEFAULT_STORE, options.seconds(wait, "--wait"), progress)
    screened.show(found, store_screen.screen, store_info.sections, store_info.csv_text)


@app.command("prune")
@grouped
def prune(
    *,
    before: Annotated[
        str,
        typer.Option(
            "--before",
            metavar="TIME",
            help="Delete traces that ended before this time: RFC 3339 (UTC if no zone), or an age such as 90d.",
        ),
    ],
    store: options.Store = None,
    wait: options.Wait = None,
    feedback: Feedback,
) -> None:
    """Delete old traces.

    Traces are deleted as a whole. Their sources stay registered, so that they are not loaded again.
    """
    from costctl import verbs

    recording.begin("deletion", store or DEFAULT_STORE, None)
    with feedback.progress() as progress:
        pruned = verbs.prune_store(store or DEFAULT_STORE, before, options.seconds(wait, "--wait"), progress)
    write_text(
        f"Deleted {pruned.traces:,} traces with {pruned.spans:,} spans; {pruned.spans_left:,} spans left. "
        "Run `costctl store compact` to reclaim the space.",
        None,
    )


@app.command("compact")
@grouped
def compact(
    *,
    store: options.Store = None,
    wait: options.Wait = None,
    feedback: Feedback,
) -> None:
    """Reclaim free space."""
    from costctl import verbs

    with feedback.progress() as progress:
        saved = verbs.compact_store(store or DEFAULT_STORE, options.seconds(wait, "--wait"), progress)
    write_text(f"The store is {abs(saved):,} bytes {'smaller' if saved >= 0 else 'larger'}.", None)
