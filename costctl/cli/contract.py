"""``costctl contract``: what interfaces keep to, drafted from traces and held against the next ones."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

from costctl.cli.file_format import meant_by, require_written
from costctl.cli.groups import grouped
from costctl.cli.options import Asked, Feedback, Screened
from costctl.cli.output import say, write_text
from costctl.errors import ExitCode

app = typer.Typer(
    help="Draft what interfaces keep to, and check it.", no_args_is_help=True, rich_markup_mode=None
)
_EXIT_CODES = {
    "breached": ExitCode.GATE_BREACHED,
    "cannot_say": ExitCode.NOT_ENOUGH_DATA,
    "passed": ExitCode.OK,
}


@app.callback()
def root() -> None:
    """Draft what interfaces keep to, and check it."""


@app.command("draft")
@grouped
def draft(
    *,
    out: Annotated[
        Path,
        typer.Option(
            "--out",
            "-o",
            metavar="FILE",
            help="Write to this file, TOML or JSON. What is declared in it already is kept.",
        ),
    ] = Path("contracts.toml"),
    asked: Asked,
    feedback: Feedback,
) -> None:
    """Draft a contract of each model, tool, cache, vector store and retrieval that traces show.

    What its records carry, how often it fails, its time-out, retries and what becomes of a request when it fails: each
    measured, with its samples. Review the file; what a person declares in it stays when it is drafted again. It holds
    names, types and counts, and nothing of what was asked or answered.
    """
    from costctl import verbs
    from costctl.render import contract_draft
    from costctl.render.contract_file import as_json, as_toml
    from costctl.render.written import Written, written_facts

    require_written(out, ["toml", "json"])
    before = verbs.contract_at(out) if out.exists() else None
    with feedback.progress() as progress:
        contract = verbs.contract_draft(asked.question(), progress, before)
    text = as_json(contract) if meant_by(out) == "json" else as_toml(contract)
    write_text(text, out)
    attributes = sum(len(each.attributes) for each in contract.interfaces)
    contents = ((len(contract.interfaces), "interface"), (attributes, "attribute"))
    following = f"costctl contract check PATH --contract {shlex.quote(str(out))}"
    written = Written(str(out), len(text.encode()), contents)
    say([*contract_draft.screen(contract), written_facts(written, (), following)])


@app.command("check")
@grouped
def check(
    *,
    contract: Annotated[
        Path,
        typer.Option("--contract", metavar="FILE", help="The contract, TOML or JSON.", show_default=False),
    ],
    asked: Asked,
    screened: Screened,
    feedback: Feedback,
) -> None:
    """Hold traces to a contract; exit with 1 if a clause is broken, with 4 if it cannot be said.

    A measured clause is broken only where more requests break it than chance allows; a declared one by the first that
    does. PATHs are loaded into the store first; the answer is then about them alone.
    """
    from costctl import verbs
    from costctl.render import contract_check

    with feedback.progress() as progress:
        document = verbs.contract_check(contract, asked.question(), progress)
    screened.show(document, contract_check.screen, contract_check.sections, contract_check.csv_text)
    raise typer.Exit(int(_EXIT_CODES[document.outcome]))
