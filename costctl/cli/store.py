"""``costctl store``: what the store holds, and how it is kept small."""

from __future__ import annotations

from typing import Annotated

import typer

from costctl.cli import options
from costctl.cli.output import write_document, write_text
from costctl.cli.progress import progress_on_stderr

app = typer.Typer(help="Look into the store, and keep it small.", no_args_is_help=True, rich_markup_mode=None)


@app.callback()
def root() -> None:
    """Look into the store, and keep it small."""


@app.command("info")
def info(
    store: options.Store = None,
    wait: options.Wait = None,
    form: options.Format = options.TabularFormat.TABLE,
    out: options.Out = None,
    quiet: options.Quiet = False,
    debug: options.Debug = False,  # read by cli.app
) -> None:
    """Say what the store holds, source by source."""
    from costctl import verbs
    from costctl.render import store_info

    with progress_on_stderr(is_quiet=quiet) as progress:
        found = verbs.store_info(store or options.DEFAULT_STORE, options.seconds(wait, "--wait"), progress)
    write_document(found, form, store_info.sections, store_info.csv_text, out)


@app.command("prune")
def prune(
    before: Annotated[
        str, typer.Option("--before", help="Drop traces that ended before this instant (RFC 3339, UTC).")
    ],
    store: options.Store = None,
    wait: options.Wait = None,
    quiet: options.Quiet = False,
    debug: options.Debug = False,  # read by cli.app
) -> None:
    """Drop old traces, each as a whole. Their sources stay in the ledger and are not loaded again."""
    from costctl import verbs

    with progress_on_stderr(is_quiet=quiet) as progress:
        pruned = verbs.prune_store(
            store or options.DEFAULT_STORE, before, options.seconds(wait, "--wait"), progress
        )
    write_text(
        f"{pruned.traces:,} traces with {pruned.spans:,} spans dropped, {pruned.spans_left:,} spans left. "
        "`costctl store compact` gives the space back.",
        None,
    )


@app.command("compact")
def compact(
    store: options.Store = None,
    wait: options.Wait = None,
    quiet: options.Quiet = False,
    debug: options.Debug = False,  # read by cli.app
) -> None:
    """Write the store anew, so that its file is no larger than what it holds."""
    from costctl import verbs

    with progress_on_stderr(is_quiet=quiet) as progress:
        saved = verbs.compact_store(store or options.DEFAULT_STORE, options.seconds(wait, "--wait"), progress)
    write_text(f"The store is {abs(saved):,} bytes {'smaller' if saved >= 0 else 'larger'}.", None)
