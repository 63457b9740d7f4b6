"""The typer application, and the one place that catches errors and turns them into messages and exit codes."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from costctl import __version__
from costctl.cli import (
    analyze,
    audit,
    baseline,
    check,
    contract,
    diff,
    doctor,
    emit,
    explain,
    export,
    forecast,
    ingest,
    init,
    overview,
    policy,
    prices,
    recommend,
    reconcile,
    report,
    schema,
    segment,
    serve,
    simulate,
    sql,
    store,
    synth,
    warmup,
)
from costctl.cli import help as help_
from costctl.cli.again import again_of, hint
from costctl.cli.commands import options_of, verb_of
from costctl.cli.examples import add_examples
from costctl.cli.output import NO_ROOM, say_warnings
from costctl.cli.recording import record_run
from costctl.cli.running import Running, begun
from costctl.errors import CostctlError, ExitCode, OutputError
from costctl.legible import legible
from costctl.no_pandas import without_pandas

app = typer.Typer(
    name="costctl",
    help="Cost, savings and gateway config from AI traces.",
    invoke_without_command=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # plain help starts twice as fast
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)

app.command("init")(init.run)
app.command("ingest")(ingest.run)
app.command("doctor")(doctor.run)
app.command("segment")(segment.run)
app.command("analyze")(analyze.run)
app.command("diff")(diff.run)
app.command("simulate")(simulate.run)
app.command("recommend")(recommend.run)
app.command("emit")(emit.run)
app.command("report")(report.run)
app.command("serve")(serve.run)
app.command("reconcile")(reconcile.run)
app.command("check")(check.run)
app.command("forecast")(forecast.run)
app.command("explain")(explain.run)
app.command("export")(export.run)
app.command("sql")(sql.run)
app.command("synth")(synth.run)
app.command("schema")(schema.run)
app.command("help")(help_.run)
app.command("warmup")(warmup.run)
app.add_typer(audit.app, name="audit")
app.add_typer(baseline.app, name="baseline")
app.add_typer(contract.app, name="contract")
app.add_typer(policy.app, name="policy")
app.add_typer(prices.app, name="prices")
app.add_typer(store.app, name="store")
add_examples(app)


def _print_version(is_asked: bool) -> None:
    if is_asked:
        typer.echo(f"costctl {__version__}")
        raise typer.Exit


@app.callback()
def root(
    context: typer.Context,
    version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version and exit."),
    ] = False,
) -> None:
    """Cost, savings and gateway config from AI traces."""
    if context.invoked_subcommand is None:
        overview.run()


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code. argv: the arguments; those of the process if None."""
    arguments = sys.argv[1:] if argv is None else argv
    is_debugging = "--debug" in arguments or bool(os.environ.get("COSTCTL_DEBUG"))
    run = Running(arguments, again_of(arguments), partial(options_of, app), verb=verb_of(app, arguments))
    with without_pandas(), begun(run):
        code = _safely(partial(_run, run), is_debugging)
        return _safely(partial(_recorded, run, code), is_debugging)


def _safely(act: Callable[[], int], is_debugging: bool) -> int:
    """The exit code that something gives, or of the error that it ends with."""
    try:
        return act()
    except CostctlError as error:
        return _failed(error, is_debugging)
    except BrokenPipeError:
        # the reader (head, less) has seen enough; nothing is wrong
        _forget_stdout()
        return int(ExitCode.OK)
    except Exception as error:
        if isinstance(error, OSError) and error.errno in NO_ROOM:
            return _failed(OutputError.of(error), is_debugging)
        if is_debugging:
            _trace(error)
        typer.echo(
            f"Error: costctl has a bug: {type(error).__name__} at {_place(error)}\n"
            "  Why:  this case is not handled. The store is intact: every write is one transaction.\n"
            "  Next: run the same command with --debug and report the output.",
            err=True,
        )
        return int(ExitCode.BUG)


def _run(run: Running) -> int:
    """The exit code of the verb. typer prints help and wrong usage itself, and ends each run with SystemExit."""
    code = _code_of(run.arguments)
    if code == ExitCode.OK and run.at_end is not None:
        run.at_end()
    return code


def _recorded(run: Running, code: int) -> int:
    """The same exit code, when the run stands in the audit trail."""
    warning = record_run(run, code)
    if warning is not None:
        say_warnings((warning,))
    return code


def _code_of(arguments: Sequence[str]) -> int:
    try:
        app(args=list(arguments), prog_name="costctl")
    except SystemExit as end:
        if isinstance(end.__context__, BrokenPipeError):  # typer ends with 1 then
            raise end.__context__ from None
        return end.code if isinstance(end.code, int) else int(ExitCode.OK)
    return int(ExitCode.OK)


def _failed(error: CostctlError, is_debugging: bool) -> int:
    """The exit code of an error, which is explained on stderr."""
    if isinstance(error, OutputError):
        _forget_stdout()
    if is_debugging:
        _trace(error)
    _explain(error)
    return int(error.exit_code)


def _forget_stdout() -> None:
    """What is left in stdout's buffer cannot be written, and is not tried again at the end of the process."""
    if sys.stdout is None:
        return
    try:
        number = sys.stdout.fileno()
    except (OSError, ValueError):  # no stream of the system's, or closed
        return
    os.dup2(os.open(os.devnull, os.O_WRONLY), number)


def _trace(error: BaseException) -> None:
    """Print where an error arose, after the errors that caused it. Messages are shown of our own errors only: a
    library's may quote what the traces contain.
    """
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if cause is not None:
        _trace(cause)
        typer.echo("\nwhich caused:\n", err=True)
    lines = traceback.format_list(traceback.extract_tb(error.__traceback__))
    said = f": {error}" if isinstance(error, CostctlError) else " (message omitted: it may quote the input)"
    typer.echo(f"Traceback (most recent call last):\n{''.join(lines)}{type(error).__name__}{said}", err=True)


def _place(error: BaseException) -> str:
    """File and line at which an error arose."""
    frames = traceback.extract_tb(error.__traceback__)
    return f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "an unknown location"


def _explain(error: CostctlError) -> None:
    said = f"Error: {error.what}\n  Why:  {error.why}\n  Next: {hint(error.next_step)}"
    typer.echo(legible(said), err=True)
