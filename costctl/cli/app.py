"""The typer application, and the one place that catches errors and turns them into messages and exit codes."""

from __future__ import annotations

import os
import sys
import traceback
from pathlib import Path
from typing import Annotated

import typer

from costctl import __version__
from costctl.cli import (
    analyze,
    doctor,
    emit,
    explain,
    export,
    ingest,
    policy,
    prices,
    recommend,
    schema,
    segment,
    simulate,
    sql,
    store,
    synth,
)
from costctl.errors import CostctlError, ExitCode

app = typer.Typer(
    name="costctl",
    help="From traces of AI inference traffic to what each class costs, and to the routing policy that costs less.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # plain help starts twice as fast
    context_settings={"help_option_names": ["-h", "--help"]},
)

app.command("ingest")(ingest.run)
app.command("doctor")(doctor.run)
app.command("segment")(segment.run)
app.command("analyze")(analyze.run)
app.command("simulate")(simulate.run)
app.command("recommend")(recommend.run)
app.command("emit")(emit.run)
app.command("explain")(explain.run)
app.command("export")(export.run)
app.command("sql")(sql.run)
app.command("synth")(synth.run)
app.command("schema")(schema.run)
app.add_typer(policy.app, name="policy")
app.add_typer(prices.app, name="prices")
app.add_typer(store.app, name="store")


def _print_version(is_asked: bool) -> None:
    if is_asked:
        typer.echo(f"costctl {__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """From traces of AI inference traffic to what each class costs, and to the routing policy that costs
    less.
    """


def main() -> None:
    """Run the command line and exit with its code."""
    try:
        app()
    except CostctlError as error:
        if _is_debugging():
            _trace(error)
        _explain(error)
        raise SystemExit(int(error.exit_code)) from None
    except BrokenPipeError:
        # the reader (head, less) has seen enough; nothing is wrong
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(int(ExitCode.OK)) from None
    except Exception as error:
        if _is_debugging():
            _trace(error)
        typer.echo(
            f"Error: costctl has a bug: {type(error).__name__} at {_place(error)}\n"
            "  Why:  this was not foreseen; your store is unharmed, since every write is one transaction.\n"
            "  Next: run the same command with --debug and report what it prints.",
            err=True,
        )
        raise SystemExit(int(ExitCode.BUG)) from None


def _is_debugging() -> bool:
    return "--debug" in sys.argv or bool(os.environ.get("COSTCTL_DEBUG"))


def _trace(error: BaseException) -> None:
    """Print where an error arose, and where those that it came of did. Words are shown of our own errors only: a
    library's may quote what the traces hold.
    """
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if cause is not None:
        _trace(cause)
        typer.echo("\nand so:\n", err=True)
    lines = traceback.format_list(traceback.extract_tb(error.__traceback__))
    said = (
        f": {error}"
        if isinstance(error, CostctlError)
        else " (its words are left out: they may quote the input)"
    )
    typer.echo(f"Traceback, the latest call last:\n{''.join(lines)}{type(error).__name__}{said}", err=True)


def _place(error: BaseException) -> str:
    """File and line at which an error arose."""
    frames = traceback.extract_tb(error.__traceback__)
    return f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "an unknown place"


def _explain(error: CostctlError) -> None:
    typer.echo(f"Error: {error.what}\n  Why:  {error.why}\n  Next: {error.next_step}", err=True)
